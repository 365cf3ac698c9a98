"""Bootstrap intervals and paired comparisons of plain arrays, computed as the leaderboard's."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from benchmark.metrics.accuracy import THRESHOLD
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.run_scores import CellScores, RunScores
from benchmark.metrics.score_arrays import Rows, make_rows
from benchmark.stats.bootstrap import N_RESAMPLES, interval, resample
from benchmark.stats.comparison import Entry, compare
from ffpms.errors import ConfigError

MetricFunction = Callable[[np.ndarray, np.ndarray], float]


class Interval(NamedTuple):
    """A metric's value and its 95 % interval."""

    value: float
    low: float
    high: float


class PairedComparison(NamedTuple):
    """The difference of two methods' metrics with its 95 % interval, the test's name and its p.

    Of methods that were not tested the name is empty, and interval and p are NaN.
    """

    difference: float
    low: float
    high: float
    test: str
    p: float


def bootstrap_interval(
    label: ArrayLike,
    score: ArrayLike,
    cluster: ArrayLike,
    metric: str | MetricFunction = "auc",
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Interval:
    """A metric with its cluster bootstrap interval: expanded percentiles at 95 % (Hesterberg 2015).

    A metric given by its name is quick. A function is slow, for each resample is a call.

    Shape: label, score, cluster (N,).

    Raises:
        ConfigError: the metric is unknown, or an array is not what it should be.

    >>> label, score = [0, 1, 0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8, 0.3, 0.7]
    >>> bootstrap_interval(label, score, cluster=[0, 0, 1, 1, 2, 2])
    Interval(value=1.0, low=1.0, high=1.0)
    """
    rows = make_rows(label, score, cluster=cluster)
    samples = _resample_metric(rows, metric, n_resamples, seed)
    return Interval(float(samples[0]), *interval(samples, rows.n_bearing_pairs))


def paired_comparison(
    label: ArrayLike, score: ArrayLike, other: ArrayLike, cluster: ArrayLike, metric: str = "accuracy"
) -> PairedComparison:
    """Compares two methods by their scores of the same videos: first less other.

    A row of ``score`` and of ``other`` is a training. With three or more of both, the difference is
    tested, and pairs and trainings are its noise (docs/scores.md). With fewer there is no test.
    With several comparisons, correct their p with :func:`~benchmark.stats.significance.holm`.

    Shape: label, cluster (N,); score (S, N) or (N,); other (T, N) or (N,).

    Raises:
        ConfigError: the leaderboard does not test this metric, or an array is wrong.

    >>> label, cluster = [0, 1] * 4, [0, 0, 1, 1, 2, 2, 3, 3]
    >>> score = [[0.1, 0.9] * 4, [0.2, 0.8] * 4, [0.1, 0.9] * 3 + [0.1, 0.2]]
    >>> found = paired_comparison(label, score, [[0.1, 0.4] * 4] * 3, cluster)
    >>> found.test, round(found.difference, 3), round(found.p, 3)
    ('welch', 0.458, 0.001)
    """
    tested = [name for name in _of_videos() if METRICS[name].compared]
    if metric not in tested:
        raise ConfigError(f"metric: {metric!r} is not tested; choose from {', '.join(tested)}")
    entries = [
        _enter([make_rows(label, training, cluster=cluster) for training in _split_trainings(own)], metric, name)
        for own, name in ((score, "score"), (other, "other"))
    ]
    (found,) = compare(entries)
    return PairedComparison(found.difference, found.ci_low, found.ci_high, found.test, found.p)


def _split_trainings(score: ArrayLike) -> list[ArrayLike]:
    """Returns the scores of each training; scores without rows are of one."""
    rows = list(score) if isinstance(score, list | tuple) else list(np.asarray(score))
    return rows if rows and np.ndim(rows[0]) else [score]


def _enter(trainings: list[Rows], metric: str, method: str) -> Entry:
    samples = np.array([_resample_metric(rows, metric) for rows in trainings])
    right = np.mean([(rows.score >= THRESHOLD) == (rows.label == 1) for rows in trainings], axis=0)
    first, cell = trainings[0], ("", metric, "all", method)
    rest = (first.n_bearing_pairs, right, first.bag_names, first.pair_names)
    return Entry(cell, samples[:, 0], samples.mean(axis=0), *rest)


def _resample_metric(
    rows: Rows, metric: str | MetricFunction, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> np.ndarray:
    """The metric of the rows, then of each resample."""
    if not rows.n_pairs or n_resamples < 1:
        raise ConfigError(f"{rows.n_pairs} clusters, {n_resamples} resamples: nothing to draw; give at least 1")
    counts = resample(rows.n_pairs, n_resamples, seed)
    if callable(metric):
        return np.array([_call(metric, rows, drawn) for drawn in counts.astype(np.int64)])
    if metric not in (known := _of_videos()):
        raise ConfigError(f"metric: {metric!r} is unknown; choose from {', '.join(known)}, or give a function")
    found = METRICS[metric].estimate(CellScores(RunScores(videos=rows, frames=rows)), counts)
    return found.samples if found else np.full(len(counts), np.nan)


def _of_videos() -> list[str]:
    """The metrics that need no more than label and score of videos."""
    return [name for name, about in METRICS.items() if about.level == "video" and not about.needs_val]


def _call(metric: MetricFunction, rows: Rows, drawn: np.ndarray) -> float:
    again = np.repeat(np.arange(len(rows.label)), drawn[rows.pair])
    return float(metric(rows.label[again], rows.score[again]))
