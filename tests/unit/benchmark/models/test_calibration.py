"""The calibration of a model is the leaderboard's, of val scores only."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import benchmark
from benchmark.models.calibration import FIXED, VAL, Calibration, calibrate
from ffpms.errors import ConfigError, ManifestError
from tests.helpers.trained_runs import find_run


@pytest.fixture(scope="module")
def run(runs: Path) -> benchmark.TrainedRun:
    return benchmark.open_run(find_run(runs, "s-mil"))


def test_temperature_and_threshold_are_those_of_the_leaderboard(run: benchmark.TrainedRun) -> None:
    own = calibrate(run)
    cells = benchmark.make_board(run).cells
    whole = cells[(cells["manipulation"] == "all") & (cells["fake_rate_bucket"] == "all")].set_index("metric")
    assert own.temperature == pytest.approx(whole.loc["brier_scaled", "temperature"])
    threshold = whole.loc["accuracy_val", "threshold"]
    assert own.thresholds == {FIXED: 0.5, VAL: pytest.approx(float(own.apply(threshold)))}
    assert (own.n_real, own.n_fake) == (2, 4)


def test_test_scores_have_no_part_in_it(run: benchmark.TrainedRun) -> None:
    assert calibrate(replace(run, scores=run.scores.assign(score=0.5))) == calibrate(run)
    with pytest.raises(ManifestError, match="pairs of the test"):
        calibrate(replace(run, val=run.scores))


def test_without_both_classes_nothing_is_fitted(run: benchmark.TrainedRun) -> None:
    own = calibrate(replace(run, val=run.val[run.val["y_true"] == 0]))
    assert (own.temperature, own.thresholds, own.n_real, own.n_fake) == (1.0, {FIXED: 0.5}, 2, 0)
    none = calibrate(replace(run, val=run.val[:0]))
    assert (none.temperature, none.n_real) == (1.0, 0)
    assert none.share_as_high(0.5) != none.share_as_high(0.5), "NaN"


def test_a_val_video_without_a_face_is_none_to_compare_with(run: benchmark.TrainedRun) -> None:
    faceless = run.val["bag_id"] == next(iter(run.val.loc[run.val["y_true"] == 0, "bag_id"]))
    val = run.val[~faceless | (run.val["level"] == "video")]
    assert calibrate(replace(run, val=val)).n_real == calibrate(run).n_real - 1
    assert calibrate(replace(run, val=val)).temperature == calibrate(run).temperature


def test_the_share_of_real_videos_that_score_as_high() -> None:
    own = Calibration(real_val_prob=(0.7, 0.1, 0.3, 0.2))
    assert own.real_val_prob == (0.1, 0.2, 0.3, 0.7)
    assert [own.share_as_high(prob) for prob in (0.0, 0.2, 0.71)] == [1.0, 0.75, 0.0]


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"temperature": float("nan")}, "temperature: nan is not in"),
        ({"temperature": 0}, r"temperature: 0\.0 is not in"),
        ({"temperature": "1"}, "temperature: '1' is not a number"),
        ({"thresholds": {"best": 0.5}}, "thresholds: 'best' is unknown"),
        ({"thresholds": [0.5]}, "thresholds"),
        ({"thresholds": {}}, "thresholds: fixed is missing"),
        ({"thresholds": {"val": 0.4}}, "thresholds: fixed is missing"),
        ({"thresholds": {"fixed": 0.5, "val": 2}}, r"thresholds\.val: 2 is not in 0\.\.1"),
        ({"real_val_prob": (0.1, float("nan"))}, r"real_val_prob: nan is not in 0\.\.1"),
        ({"real_val_prob": "all"}, "real_val_prob"),
        ({"n_fake": -1}, "n_fake: -1 is not a whole number"),
    ],
)
def test_wrong_values_are_one_line(wrong: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        Calibration(**wrong)
