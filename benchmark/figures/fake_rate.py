"""Accuracy against fake rate (Li 2020, Fig. 6)."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmark.figures.points import lines_of, sample, summarise
from benchmark.metrics.accuracy import THRESHOLD
from benchmark.metrics.resampled_metrics import resample_accuracy, resample_auc, resample_mean
from benchmark.metrics.score_arrays import Rows, read_rows
from benchmark.runs.folder import Run
from benchmark.stats.bootstrap import resample

COLUMNS = ["method", "low", "high", "metric", "value", "ci_low", "ci_high", "n_fakes"]
"""``low`` and ``high``: the fake rates that a point stands for, both included."""

_OF_A_VIDEO = ["bag_id", "pair_id", "manipulation", "fake_rate", "y_true", "score"]

QUARTERS = ((0.05, 0.25), (0.3, 0.5), (0.55, 0.75), (0.8, 0.95))
"""Ranges of fake rate that share the 19 levels of a 20-frame bag about evenly."""


def rate_curve(runs: list[Run], ranges: tuple[tuple[float, float], ...] = QUARTERS) -> pd.DataFrame:
    """Computes accuracy at 0.5 and AUC for ranges of fake rate, from the test set as it is.

    There each fake has one rate. A point takes all real videos and the fakes of its range. It is
    the mean over seeds, with its cluster bootstrap interval.
    """
    rows: list[tuple[object, ...]] = []
    for name, own in lines_of(runs):
        for low, high in ranges:
            near = [_read_within(run, low, high) for run in own]
            n_fakes = int(near[0].label.sum())
            for metric in ("accuracy", "auc") if n_fakes else ():
                samples = np.mean([sample(metric, videos) for videos in near], axis=0)
                rows.append((name, low, high, metric, *summarise(samples, near[0].n_pairs), n_fakes))
    return pd.DataFrame(rows, columns=COLUMNS)


def _read_within(run: Run, low: float, high: float) -> Rows:
    """Reads all real videos, and the fakes whose rate lies in the range."""
    rate = run.scores["fake_rate"]
    return read_rows(run.scores[(rate == 0) | rate.between(low - 1e-9, high + 1e-9)], "video")


def grid_curve(runs: list[Run]) -> pd.DataFrame:
    """Computes the share of fake videos found at each fake rate, from the rate grid.

    There each fake has every rate in several draws; the share is over draws. From one fake frame on
    there are also accuracy and AUC, on them and all real videos. Runs without grid scores are left
    out.

    Example:
        >>> curve = benchmark.grid_curve(benchmark.read_runs("runs"))
        >>> sorted(set(curve["metric"]))
        ['accuracy', 'auc', 'tpr']
    """
    rows: list[tuple[object, ...]] = []
    for name, own in lines_of(runs):
        scored = [run for run in own if not run.grid.empty]
        for rate in sorted(set(scored[0].grid["fake_rate"])) if scored else ():
            mixed = [_read_rate(run, rate) for run in scored]
            n_fakes = len(set(mixed[0].bag[mixed[0].label == 1]))
            for metric, samples in _sample_rate(mixed, rate):
                rows.append((name, rate, rate, metric, *summarise(samples, mixed[0].n_pairs), n_fakes))
    return pd.DataFrame(rows, columns=COLUMNS)


def _read_rate(run: Run, rate: float) -> Rows:
    """Reads all real videos, and every draw of every fake at a rate.

    They are labelled 1 at rate 0 too, where nothing is fake.
    """
    reals = run.scores[(run.scores["level"] == "video") & (run.scores["y_true"] == 0)]
    fakes = run.grid[run.grid["fake_rate"] == rate].assign(y_true=1)
    both = pd.concat([table[_OF_A_VIDEO] for table in (reals, fakes)])
    return read_rows(both.assign(level="video", slot=0), "video")


def _sample_rate(mixed: list[Rows], rate: float) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the metrics at a rate in each resample: the mean over seeds.

    At rate 0 what is found is a false alarm.
    """
    counts = resample(mixed[0].n_pairs)
    if rate > 0:
        yield "accuracy", np.mean([resample_accuracy(rows, counts, THRESHOLD) for rows in mixed], axis=0)
        yield "auc", np.mean([resample_auc(rows, counts) for rows in mixed], axis=0)
    fakes = [rows.where(rows.label == 1) for rows in mixed]
    yield "tpr", np.mean([resample_mean(f.score >= THRESHOLD, f.pair, counts) for f in fakes], axis=0)
