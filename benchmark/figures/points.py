"""Computes a point of a curve: a metric over all pairs and seeds, with its interval."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from benchmark.leaderboards.groups import group_runs
from benchmark.metrics.accuracy import THRESHOLD
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.resampling import roc
from benchmark.metrics.resampling.pair_tables import resample_accuracy
from benchmark.metrics.score_arrays import Rows
from benchmark.runs.folder import Run
from benchmark.stats.bootstrap import N_RESAMPLES, interval, resample

TITLES = {
    **{name: METRICS[name].title[0].lower() + METRICS[name].title[1:] for name in ("accuracy", "auc")},
    "tpr": "fake videos found at 0.5; at rate 0: false alarms",
}
"""Title of each metric that has a curve, in the order of the panels."""


def lines_of(runs: list[Run]) -> Iterator[tuple[str, list[Run]]]:
    """Yields a line's name and its runs, which differ in their seeds alone.

    A line is a method, or where each manipulation has detectors of its own, ``xn-avg [DF]``.
    """
    for group in group_runs(runs):
        trained: dict[tuple[str, ...], list[Run]] = {}
        for run in group.runs:
            trained.setdefault(run.manipulations, []).append(run)
        for manipulations, own in trained.items():
            yield group.method + (f" [{'+'.join(manipulations)}]" if len(trained) > 1 else ""), own


def sample(metric: str, videos: Rows, n_resamples: int = N_RESAMPLES) -> np.ndarray:
    """Returns accuracy or AUC of the videos in each of the first resamples."""
    counts = draw_first(videos.n_pairs, n_resamples)
    if metric == "accuracy":
        return resample_accuracy(videos, counts, THRESHOLD)
    return roc.resample_steps(videos.label, videos.score, videos.pair, counts, {"auc": roc.auc})["auc"]


def draw_first(n_pairs: int, n_resamples: int) -> np.ndarray:
    """Returns the first of all resamples of test pairs, below the test set as it is."""
    return resample(n_pairs)[: 1 + n_resamples]


def make_curve(rows: Iterable[tuple[object, ...]], columns: list[str]) -> pd.DataFrame:
    """Makes the table of a curve; a point without a value is none, as an AUC of one class."""
    curve = pd.DataFrame(rows, columns=columns)
    return curve[curve["value"].notna()].reset_index(drop=True)


def summarise(samples: np.ndarray, rows: Rows) -> tuple[float, float, float]:
    """Returns value and interval of a point of these rows; no interval from a single pair."""
    return float(samples[0]), *interval(samples, rows.n_bearing_pairs)
