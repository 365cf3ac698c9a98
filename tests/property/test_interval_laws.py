"""Intervals: the closed forms against the plain bootstrap, which draws pairs of videos and calls the metric again."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from benchmark.leaderboards.board import tabulate
from benchmark.leaderboards.groups import group_runs
from benchmark.metrics.accuracy import accuracy
from benchmark.metrics.calibration import brier
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.ranking import ap, auc, eer, tpr_at_fpr
from benchmark.metrics.resampling import roc
from benchmark.metrics.resampling.pair_tables import resample_accuracy, resample_auc, resample_mean
from benchmark.metrics.score_arrays import Rows
from benchmark.stats.bootstrap import interval, resample
from tests.helpers.scores import run

N_PAIRS = 4
MANY = 1_000_000
tables = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 20).map(lambda k: k / 20), st.integers(0, N_PAIRS - 1)),
    min_size=2,
    max_size=60,
)
Resampled = Callable[[Rows, np.ndarray], np.ndarray]


def from_steps(statistic: roc.Statistic) -> Resampled:
    return lambda rows, counts: roc.resample_steps(rows.label, rows.score, rows.pair, counts, {"value": statistic})[
        "value"
    ]


CLOSED: dict[str, tuple[Callable[[np.ndarray, np.ndarray], float], Resampled]] = {
    "accuracy": (accuracy, resample_accuracy),
    "auc of frames": (auc, resample_auc),
    "auc": (auc, from_steps(roc.auc)),
    "ap": (ap, from_steps(roc.ap)),
    "eer": (eer, from_steps(roc.eer)),
    "tpr": (partial(tpr_at_fpr, highest=0.3), from_steps(partial(roc.tpr_at_fpr, highest=0.3))),
    "brier": (brier, lambda rows, counts: resample_mean((rows.score - rows.label) ** 2, rows.pair, counts)),
}


def as_rows(table: list[tuple[int, float, int]]) -> Rows:
    label, score, pair = (np.array(column) for column in zip(*table, strict=True))
    place, names = np.arange(len(label)), tuple("abcd")
    return Rows(label, score.astype(float), place, place, pair, place, place, tuple(map(str, place)), names)


@pytest.mark.parametrize("name", CLOSED)
@settings(max_examples=25, deadline=None)
@given(table=tables)
def test_each_resample_equals_the_metric_on_the_rows_drawn(name: str, table: list[tuple[int, float, int]]) -> None:
    rows, (metric, resampled) = as_rows(table), CLOSED[name]
    assume(0 < rows.label.sum() < len(table))
    counts = resample(N_PAIRS, n_resamples=40, seed=1)
    samples = resampled(rows, counts)
    for drawn, sample in zip(counts.astype(int), samples, strict=True):
        again = np.repeat(np.arange(len(table)), drawn[rows.pair])
        label, score = rows.label[again], rows.score[again]
        defined = len(set(label)) == 2 or (name == "brier" and len(label))
        assert sample == pytest.approx(metric(label, score) if defined else np.nan, abs=1e-6, nan_ok=True)


def test_the_first_resample_is_the_set_itself_and_each_draws_as_many_pairs() -> None:
    counts = resample(70)
    assert counts.shape == (10_001, 70)
    assert (counts[0] == 1).all()
    assert (counts.sum(axis=1) == 70).all()
    assert counts[1:].mean() == pytest.approx(1)
    assert np.array_equal(counts, resample.__wrapped__(70))


def test_an_interval_leaves_out_the_first_and_the_undefined() -> None:
    samples = np.r_[1000.0, np.arange(101), np.nan]
    assert interval(samples, MANY) == pytest.approx((2.5, 97.5), abs=1e-3)
    assert np.isnan(interval(np.array([0.5, np.nan]), MANY)).all()
    assert np.isnan(interval(samples, 1)).all()
    drawn = np.random.default_rng(0).random(1000)
    assert interval(np.r_[0, drawn], MANY) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=1e-5)


def test_the_interval_of_few_pairs_reaches_further() -> None:
    """Hesterberg 2015: of 10 clusters the percentiles 0.86 and 99.14, worked out with scipy.stats."""
    tail = norm.cdf(-math.sqrt(10 / 9) * t.ppf(0.975, 9))
    assert tail == pytest.approx(0.00856, abs=1e-4)
    drawn = np.random.default_rng(0).random(1000)
    assert interval(np.r_[0, drawn], 10) == pytest.approx(np.quantile(drawn, [tail, 1 - tail]), abs=1e-9)


@pytest.mark.parametrize("n_pairs", [6, 20])
def test_intervals_hold_the_truth_as_often_as_they_say(n_pairs: int) -> None:
    """Of 500 means some 25 may lie outside theirs; plain percentiles of 6 pairs leave out some 65."""
    draw = np.random.default_rng(1)
    counts = resample(n_pairs, n_resamples=1000) / n_pairs
    bounds = np.array([interval(counts @ draw.normal(size=n_pairs), n_pairs) for _ in range(500)])
    missed = ((bounds[:, 0] > 0) | (bounds[:, 1] < 0)).sum()
    assert 8 < missed < 48


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = as_rows([(i % 2, (7 * i % 20) / 20, i % N_PAIRS) for i in range(50)])
    counts = resample(N_PAIRS, n_resamples=500)
    whole = CLOSED["ap"][1](rows, counts)
    monkeypatch.setattr(roc, "_CHUNK", 30)
    assert np.array_equal(whole, CLOSED["ap"][1](rows, counts), equal_nan=True)


@pytest.fixture(scope="module")
def cells():  # type: ignore[no-untyped-def]
    return tabulate([run(0, n_pairs=30), run(1, n_pairs=30), run(0, "xn-avg", n_pairs=30)])


def test_intervals_hold_the_value(cells) -> None:  # type: ignore[no-untyped-def]
    whole = cells[cells["fake_rate_bucket"] == "all"]
    with_interval = whole[~whole["metric"].isin(["ece", "ece_scaled"])]
    assert (with_interval["ci_low"] < with_interval["value"]).all()
    assert (with_interval["value"] < with_interval["ci_high"]).all()
    assert whole[whole["metric"].isin(["ece", "ece_scaled"])]["ci_low"].isna().all()
    assert set(whole["metric"]) == {name for name, metric in METRICS.items() if metric.protocol in ("", "activitynet")}


def test_more_pairs_narrow_the_interval() -> None:
    width = {}
    for n_pairs in (10, 90):
        cell = tabulate([run(n_pairs=n_pairs)]).query("metric == 'auc' and fake_rate_bucket == 'all'").iloc[0]
        width[n_pairs] = cell["ci_high"] - cell["ci_low"]
    assert 2 < width[10] / width[90] < 4.5, "a ninth of the pairs, about three times the width"


def test_all_methods_and_metrics_are_judged_on_the_same_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark.leaderboards import cells as module

    seen = []

    def watch(run_scores, manipulation, bucket, counts, wanted):  # type: ignore[no-untyped-def]
        seen.append((bucket, counts))
        return original(run_scores, manipulation, bucket, counts, wanted)

    original = module.estimate
    monkeypatch.setattr(module, "estimate", watch)
    runs = [run(), run(method="xn-avg")]
    for group in group_runs(runs):
        list(module.fill(group))
    assert len(seen) > 10
    assert {(bucket == "all", len(counts)) for bucket, counts in seen} == {(True, 10_001), (False, 2_001)}
    assert all(np.array_equal(counts, resample(8)[: len(counts)]) for _, counts in seen)
