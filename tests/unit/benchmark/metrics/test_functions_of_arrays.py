"""``benchmark.metrics`` in Python: functions check their arrays, take lists and columns, and agree with the board."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark import metrics
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.metric import Estimate
from benchmark.metrics.protocols import PROTOCOLS
from benchmark.stats.run_metrics import estimate, read_run_scores
from ffpms.errors import ConfigError
from tests.helpers.scores import run, scores, segments_of

Function = Callable[..., float]
OF_VIDEOS: dict[str, Function] = {
    name: getattr(metrics, name) for name in ("accuracy", "accuracy_plain", "ap", "auc", "brier", "ece", "eer")
} | {"tpr_at_fpr": partial(metrics.tpr_at_fpr, highest=0.05)}
OF_FRAMES: dict[str, Function] = {
    name: getattr(metrics, name)
    for name in ("ap_within", "auc_within", "av_deepfake1m_ap", "av_deepfake1m_ar", "segment_ap", "segment_ar")
}
LABEL = [0, 0, 1, 1, 0, 0]
VIDEO = ["a", "a", "a", "b", "b", "b"]


def call(name: str, label: Any, score: Any) -> float:
    if name in OF_VIDEOS:
        return OF_VIDEOS[name](label, score)
    return OF_FRAMES[name](label, score, VIDEO[: len(label)])


def test_all_public_functions_are_here() -> None:
    assert {*OF_VIDEOS, *OF_FRAMES, "validate"} == set(metrics.__all__)


@pytest.mark.parametrize("name", [*OF_VIDEOS, *OF_FRAMES])
@pytest.mark.parametrize(
    ("label", "score"),
    [
        ([0, 1], [0.1]),
        ([0, 2], [0.1, 0.2]),
        ([0, 0.5], [0.1, 0.2]),
        ([0, np.nan], [0.1, 0.2]),
        (["real", "fake"], [0.1, 0.2]),
        ([0, 1], [0.1, np.nan]),
        ([0, 1], [0.1, 1.2]),
        ([0, 1], [-0.1, 1.0]),
        ([0, 1], [0.1, "high"]),
        ([[0, 1]], [[0.1, 0.2]]),
    ],
)
def test_wrong_arrays_are_refused(name: str, label: Any, score: Any) -> None:
    with pytest.raises(ConfigError, match=r"^(labels|scores) "):
        call(name, label, score)


@pytest.mark.parametrize("name", [*OF_VIDEOS, *OF_FRAMES])
def test_lists_arrays_and_columns_are_taken_alike(name: str) -> None:
    score = [0.1, 0.4, 0.35, 0.8, 0.2, 0.9]
    table = pd.DataFrame({"label": LABEL, "score": score}, index=range(6, 0, -1))
    found = call(name, LABEL, score)
    assert isinstance(found, float)
    assert found == call(name, np.array(LABEL), np.array(score)) == call(name, table["label"], table["score"])
    assert found == call(name, np.array(LABEL, dtype=bool), np.array(score)), "true is fake"


@pytest.mark.parametrize("name", [*OF_VIDEOS, *OF_FRAMES])
def test_perfect_is_best_and_one_class_or_nothing_is_nan(name: str) -> None:
    best = {"brier": 0.0, "ece": 0.0, "eer": 0.0, "av_deepfake1m_ap": 1 - 1 / 2}.get(name, 1.0)
    assert call(name, LABEL, np.array(LABEL, dtype=float)) == best
    assert np.isnan(call(name, [], []))
    if name not in ("accuracy_plain", "brier", "ece"):
        assert np.isnan(call(name, [0, 0, 0], [0.1, 0.2, 0.3]))


@pytest.mark.parametrize(
    ("name", "constant", "value"),
    [
        *[(name, 0.7, 0.5) for name in ("accuracy", "auc", "eer", "auc_within")],
        *[(name, 0.7, 2 / 6) for name in ("accuracy_plain", "ap", "ap_within")],
        *[("tpr_at_fpr", 0.7, 0.0), ("brier", 0.5, 0.25), ("ece", 0.7, abs(2 / 6 - 0.7))],
    ],
)
def test_a_constant_gives_what_the_docstring_says(name: str, constant: float, value: float) -> None:
    assert call(name, LABEL, [constant] * 6) == pytest.approx(value)


def test_segments_lie_between_neighbouring_slots() -> None:
    """Slots 0 and 2 are two segments, unless slot 1 is not there or is itself fake and shows no face."""
    assert metrics.segment_ap([1, 0, 1], [0.8, 0.1, 0.9], ["a"] * 3, slot=[1, 0, 2]) == 1.0
    assert metrics.segment_ap([1, 0, 1], [0.9, 0.1, 0.8], ["a"] * 3) == 1.0
    assert metrics.segment_ap([1, 1], [0.9, 0.8], ["a"] * 2, 0.95, slot=[0, 2]) == 1.0
    assert metrics.segment_ap([1, 1, 1], [0.9, 0.1, 0.8], ["a"] * 3, 0.95, has_face=[True, False, True]) == 1.0


def test_a_segment_includes_its_faceless_ends() -> None:
    label, score, face = [0, 1, 1, 1, 1, 0], [0.1, 0.9, 0.9, 0.1, 0.1, 0.1], [True] * 3 + [False] * 2 + [True]
    found = [metrics.segment_ap(label, score, ["a"] * 6, iou, has_face=face) for iou in (0.5, 0.75)]
    assert found == [1.0, 0.0]


def test_rows_of_several_videos_may_be_mixed() -> None:
    label, score, video = np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.7, 0.2]), np.array([1, 1, 1, 1])
    both = [np.stack([one, one]).T.ravel() for one in (label, score)]
    mixed = np.stack([video, 2 * video]).T.ravel()
    assert metrics.segment_ap(*both, mixed) == metrics.segment_ap(label, score, video) == 1.0


@pytest.mark.parametrize(
    ("function", "wrong", "said"),
    [
        (metrics.tpr_at_fpr, {"highest": 1.5}, "highest: 1.5"),
        (metrics.segment_ap, {"video": VIDEO, "least_iou": 0}, "least_iou: 0"),
        (metrics.segment_ar, {"video": VIDEO, "n_proposals": 0}, "n_proposals: 0"),
        (metrics.av_deepfake1m_ap, {"video": VIDEO, "least_iou": 2}, "least_iou: 2"),
        (metrics.av_deepfake1m_ar, {"video": VIDEO, "n_proposals": 0}, "n_proposals: 0"),
        (metrics.segment_ap, {"video": VIDEO, "slot": [0.5] * 6}, "slots are not all whole"),
        (metrics.auc_within, {"video": VIDEO[:5]}, r"video \(5,\) is not a column of the 6 rows"),
    ],
)
def test_a_wrong_argument_is_named(function: Function, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        function(LABEL, [0.5] * 6, **wrong)


def test_every_function_of_the_catalogue_gives_the_boards_number() -> None:
    """But for those that need val: their threshold and temperature are chosen."""
    table = scores(0, contiguous=True)
    one = replace(run(), scores=table, segments=segments_of(table))
    found: dict[str, Estimate] = {}
    for protocol in PROTOCOLS:
        found |= estimate(read_run_scores(one, protocol), "all", "all", np.ones((1, 8)))
    for name, metric in METRICS.items():
        if not metric.needs_val:
            rows = table[table["level"] == ("video" if metric.level == "video" else "frame")]
            columns = [rows["y_true"], rows["score"]]
            of_frames = metric.level == "segment" or name.endswith("_within")
            value = metric.function(*columns, rows["bag_id"]) if of_frames else metric.function(*columns)
            assert found[name].value == pytest.approx(value, abs=1e-12), name
