"""Law 6 of docs/design.md, over all metrics: perfect is best, constant is chance, order changes nothing."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    roc_auc_score,
    roc_curve,
)

from benchmark.metrics.accuracy import accuracy
from benchmark.metrics.accuracy_metrics import accuracy_plain
from benchmark.metrics.calibration import brier, ece, fit_temperature, scale
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.metric import Estimate
from benchmark.metrics.protocols import PROTOCOLS
from benchmark.metrics.ranking import ap, auc, eer, tpr_at_fpr
from benchmark.metrics.resampling import roc
from benchmark.metrics.val_scores import ValScores, choose_threshold
from benchmark.metrics.within_video import ap_within, auc_within
from benchmark.stats.run_metrics import estimate, read_run_scores
from ffpms.errors import ConfigError
from tests.helpers.scores import run, scores, segments_of

Metric = Callable[[np.ndarray, np.ndarray], float]
tpr_1, tpr_5 = partial(tpr_at_fpr, highest=0.01), partial(tpr_at_fpr, highest=0.05)
PLAIN: dict[str, Metric] = {
    "accuracy": accuracy,
    "auc": auc,
    "ap": ap,
    "eer": eer,
    "tpr_at_fpr_1": tpr_1,
    "tpr_at_fpr_5": tpr_5,
    "brier": brier,
    "ece": ece,
}
OF_BOTH_CLASSES = sorted(PLAIN.keys() - {"brier", "ece"})
OF_VIDEOS = {"frame_auc_within": (auc_within, roc_auc_score), "frame_ap_within": (ap_within, average_precision_score)}
ONCE = np.ones((1, 8))

tables = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20).map(lambda k: k / 20)), min_size=2, max_size=60)


def columns(rows: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    label, score = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    assume(0 < label.sum() < len(label))
    return label, score


def estimates(test: pd.DataFrame, val: pd.DataFrame) -> dict[str, Estimate]:
    """Every metric of a run with these scores, those of segments by every protocol."""
    one, found = replace(run(), scores=test, val=val, segments=segments_of(test)), {}
    for protocol in PROTOCOLS:
        found |= estimate(read_run_scores(one, protocol), "all", "all", ONCE)
    return {name: found[name] for name in METRICS if name in found}


def with_score(table: pd.DataFrame, score: object) -> pd.DataFrame:
    return table.assign(score=score)


TEST, VAL = scores(0, contiguous=True), scores(1, split="val", contiguous=True)
N_FAKES = 32


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_metric_of_the_catalogue_is_estimated_in_its_order(protocol: str) -> None:
    one = replace(run(), scores=TEST, val=VAL, segments=segments_of(TEST))
    expected = [name for name, metric in METRICS.items() if metric.protocol in ("", protocol)]
    assert list(estimate(read_run_scores(one, protocol), "all", "all", ONCE)) == expected


def test_no_two_metrics_of_videos_are_one_number() -> None:
    test, val = scores(0, n_pairs=60), scores(1, n_pairs=60, split="val")
    found = estimate(read_run_scores(replace(run(), scores=test, val=val)), "all", "all", np.ones((1, 60)))
    videos = [name for name, metric in METRICS.items() if metric.level == "video"]
    assert len({round(found[name].value, 9) for name in videos}) == len(videos)


@pytest.mark.parametrize("name", METRICS)
def test_perfect_gives_the_best_value(name: str) -> None:
    perfect = estimates(with_score(TEST, TEST["y_true"].astype(float)), with_score(VAL, VAL["y_true"].astype(float)))
    lost = 1 / N_FAKES if name.startswith("av_deepfake1m_ap") else 0  # its first step is dropped
    assert perfect[name].value == pytest.approx(METRICS[name].best - lost, abs=1e-9)
    worst = estimates(with_score(TEST, 1.0 - TEST["y_true"]), with_score(VAL, VAL["y_true"].astype(float)))
    assert worst[name].value != pytest.approx(METRICS[name].best, abs=0.2)


@pytest.mark.parametrize("constant", [0.0, 0.3, 0.7, 1.0])
def test_a_constant_is_chance(constant: float) -> None:
    found = estimates(with_score(TEST, constant), with_score(VAL, constant))
    for name in ("accuracy", "accuracy_val", "auc", "eer", "frame_auc", "frame_auc_within"):
        assert found[name].value == 0.5, name
    videos, frames = (TEST[TEST["level"] == level]["y_true"] for level in ("video", "frame"))
    assert found["ap"].value == videos.mean()
    assert found["frame_ap"].value == frames.mean()
    assert found["tpr_at_fpr_1"].value == found["tpr_at_fpr_5"].value == 0
    assert found["accuracy_plain"].value == (videos == (constant >= 0.5)).mean()
    assert found["brier"].value == pytest.approx(((videos - constant) ** 2).mean())
    assert found["ece"].value == pytest.approx(abs(videos.mean() - constant))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_row_order_changes_nothing(seed: int) -> None:
    plain = estimates(TEST, VAL)
    shuffled = estimates(TEST.sample(frac=1, random_state=seed), VAL.sample(frac=1, random_state=seed))
    assert {name: e.value for name, e in shuffled.items()} == pytest.approx({n: e.value for n, e in plain.items()})


def test_a_metric_that_needs_val_is_missing_without_and_no_other_changes() -> None:
    alone = estimates(TEST, VAL[:0])
    assert METRICS.keys() - alone.keys() == {name for name, metric in METRICS.items() if metric.needs_val}
    both = estimates(TEST, VAL)
    assert all(alone[name].value == both[name].value for name in alone)


def test_the_table_has_what_the_functions_say() -> None:
    found = estimates(TEST, VAL)
    by_level = {level: TEST[TEST["level"] == level] for level in ("video", "frame")}
    label, score = (by_level["video"][c].to_numpy() for c in ("y_true", "score"))
    for name, metric in PLAIN.items():
        assert found[name].value == pytest.approx(metric(label, score), abs=1e-12), name
    val = ValScores(VAL[VAL["level"] == "video"], frozenset(TEST["pair_id"]))
    threshold, temperature = choose_threshold(val), fit_temperature(val)
    assert found["accuracy_val"].value == accuracy(label, score, threshold) != accuracy(label, score)
    assert found["accuracy_val"].threshold == threshold
    for name in ("brier", "ece"):
        scaled = PLAIN[name](label, scale(score, temperature))
        assert found[f"{name}_scaled"].value == pytest.approx(scaled, abs=1e-12)
        assert found[f"{name}_scaled"].temperature == temperature
        assert scaled != pytest.approx(found[name].value, abs=1e-4)
    label, score, bag = (by_level["frame"][c].to_numpy() for c in ("y_true", "score", "bag_id"))
    video = np.unique(bag, return_inverse=True)[1]
    assert found["frame_auc"].value == pytest.approx(auc(label, score), abs=1e-12)
    assert found["frame_ap"].value == pytest.approx(ap(label, score), abs=1e-12)
    for name, (metric_of_videos, _) in OF_VIDEOS.items():
        assert found[name].value == pytest.approx(metric_of_videos(label, score, video), abs=1e-12), name


def sklearn_eer(label: np.ndarray, score: np.ndarray) -> float:
    """The ROC curve's crossing with FPR = 1 - TPR, found by stepping finely along it."""
    fpr, tpr, _ = roc_curve(label, score, drop_intermediate=False)
    steps = np.linspace(0, len(fpr) - 1, 20_000 * (len(fpr) - 1) + 1)
    x, y = (np.interp(steps, np.arange(len(fpr)), values) for values in (fpr, tpr))
    return float(x[np.argmin(np.abs(x + y - 1))])


def sklearn_tpr(label: np.ndarray, score: np.ndarray, highest: float) -> float:
    fpr, tpr, _ = roc_curve(label, score, drop_intermediate=False)
    return float(max(t for f, t in zip(fpr, tpr, strict=True) if f <= highest))


@settings(deadline=None)
@given(tables)
def test_equal_to_scikit_learn(rows: list[tuple[int, float]]) -> None:
    label, score = columns(rows)
    assert accuracy(label, score) == pytest.approx(balanced_accuracy_score(label, score >= 0.5), abs=1e-12)
    assert accuracy_plain(label, score) == pytest.approx(accuracy_score(label, score >= 0.5), abs=1e-12)
    assert auc(label, score) == pytest.approx(roc_auc_score(label, score), abs=1e-12)
    assert ap(label, score) == pytest.approx(average_precision_score(label, score), abs=1e-12)
    assert brier(label, score) == pytest.approx(brier_score_loss(label, score), abs=1e-12)
    assert eer(label, score) == pytest.approx(sklearn_eer(label, score), abs=1e-4)
    for highest in (0.01, 0.05, 0.3):
        assert tpr_at_fpr(label, score, highest) == pytest.approx(sklearn_tpr(label, score, highest), abs=1e-12)


@pytest.mark.parametrize(("n_alarms", "found"), [(0, 0.25), (1, 0.5), (5, 0.75), (6, 1.0)])
def test_exactly_the_allowed_share_of_false_alarms_is_allowed(n_alarms: int, found: float) -> None:
    """100 real ones, of which n score higher than the next fake: 1 % is one of them, 5 % are five."""
    reals = [0.85] + [0.75] * 4 + [0.65] + [0.1] * 94
    label, score = np.r_[np.ones(4, int), np.zeros(100, int)], np.r_[0.9, 0.8, 0.7, 0.6, reals]
    assert tpr_at_fpr(label, score, n_alarms / 100) == found
    samples = roc.resample_steps(
        label, score, label * 0, np.ones((3, 1)), {"t": partial(roc.tpr_at_fpr, highest=n_alarms / 100)}
    )
    assert samples["t"].tolist() == [found] * 3


@given(tables)
def test_ece_is_the_plain_sum_over_bins(rows: list[tuple[int, float]]) -> None:
    label, score = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    total = 0.0
    for k in range(15):
        inside = (score * 15 >= k - 1e-9) & ((score * 15 < k + 1 - 1e-9) | (k == 14))
        if inside.any():
            total += inside.sum() * abs(label[inside].mean() - score[inside].mean())
    assert ece(label, score) == pytest.approx(total / len(label), abs=1e-12)


@pytest.mark.parametrize("name", OF_VIDEOS)
@given(rows=tables, data=st.data())
def test_within_videos_is_the_mean_of_scikit_learn_in_each(
    name: str, rows: list[tuple[int, float]], data: st.DataObject
) -> None:
    label, score = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    video = np.array(data.draw(st.lists(st.integers(0, 4), min_size=len(rows), max_size=len(rows))))
    metric, reference = OF_VIDEOS[name]
    of_both = [v for v in range(5) if len(set(label[video == v])) == 2]
    expected = np.mean([reference(label[video == v], score[video == v]) for v in of_both]) if of_both else np.nan
    assert metric(label, score, video) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", ["accuracy", "auc", "eer", "brier"])
@given(rows=tables)
def test_real_and_fake_are_symmetric(name: str, rows: list[tuple[int, float]]) -> None:
    """But at the threshold itself, which counts as fake."""
    label, score = columns([(y, s) for y, s in rows if s != 0.5] or [(0, 0.0)])
    assert PLAIN[name](1 - label, 1 - score) == pytest.approx(PLAIN[name](label, score), abs=1e-12)


@pytest.mark.parametrize("name", PLAIN)
def test_nonsense_is_refused(name: str) -> None:
    for label, score in (([0, 1], [0.1]), ([0, 2], [0.1, 0.2]), ([0, 1], [0.1, np.nan]), ([0, 1], [0.1, 1.2])):
        with pytest.raises(ConfigError):
            PLAIN[name](np.array(label), np.array(score))


@pytest.mark.parametrize("name", OF_BOTH_CLASSES)
def test_one_class_is_not_defined(name: str) -> None:
    assert np.isnan(PLAIN[name](np.ones(3, int), np.ones(3)))
    assert np.isnan(PLAIN[name](np.zeros(3, int), np.ones(3)))
