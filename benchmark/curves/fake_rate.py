"""Accuracy against fake rate (Li 2020, Fig. 6)."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmark.curves.points import sample, summarise
from benchmark.folders import Run
from benchmark.groups import group_runs
from benchmark.scoring.estimates import THRESHOLD
from benchmark.scoring.resamples import resample, resample_mean
from benchmark.scoring.rows import Rows, read_rows

COLUMNS = ["method", "low", "high", "metric", "value", "ci_low", "ci_high", "n_fakes"]
"""``low`` and ``high``: the fake rates that a point stands for, both included."""

QUARTERS = ((0.05, 0.25), (0.3, 0.5), (0.55, 0.75), (0.8, 0.95))
"""Ranges of fake rate that share the 19 levels of a 20-frame bag about evenly."""


def rate_curve(runs: list[Run], ranges: tuple[tuple[float, float], ...] = QUARTERS) -> pd.DataFrame:
    """From the test set as it is, in which each fake has one rate: accuracy at 0.5 and AUC on all real videos and on
    the fakes of each range of rates, the mean over seeds, with its cluster bootstrap interval."""
    rows: list[tuple[object, ...]] = []
    for group in group_runs(runs):
        for low, high in ranges:
            near = [_read_within(run, low, high) for run in group.runs]
            n_fakes = int(near[0].label.sum())
            for metric in ("accuracy", "auc") if n_fakes else ():
                samples = np.mean([sample(metric, videos) for videos in near], axis=0)
                rows.append((group.method, low, high, metric, *summarise(samples, near[0].n_pairs), n_fakes))
    return pd.DataFrame(rows, columns=COLUMNS)


def _read_within(run: Run, low: float, high: float) -> Rows:
    """All real videos and the fakes whose rate lies in the range."""
    rate = run.scores["fake_rate"]
    return read_rows(run.scores[(rate == 0) | rate.between(low - 1e-9, high + 1e-9)], "video")


def grid_curve(runs: list[Run]) -> pd.DataFrame:
    """From the rate grid, in which each fake has every rate in several draws: the share of fake videos found at each
    rate, over draws, and from one fake frame on the mean of that share and of the real videos called right. Runs
    without grid scores are left out."""
    rows: list[tuple[object, ...]] = []
    for group in group_runs(runs):
        scored = [run for run in group.runs if not run.grid.empty]
        for rate in sorted(set(scored[0].grid["fake_rate"])) if scored else ():
            for metric, samples, n_fakes in _sample_rate(scored, rate):
                n_pairs = scored[0].scores["pair_id"].nunique()
                rows.append((group.method, rate, rate, metric, *summarise(samples, n_pairs), n_fakes))
    return pd.DataFrame(rows, columns=COLUMNS)


def _sample_rate(runs: list[Run], rate: float) -> Iterator[tuple[str, np.ndarray, int]]:
    """Both metrics at a rate in each resample: the mean over seeds. At rate 0 nothing is fake, and what is found is a
    false alarm."""
    found, kept = [], []
    for run in runs:
        at_rate = run.grid[run.grid["fake_rate"] == rate]
        reals = run.scores[(run.scores["level"] == "video") & (run.scores["y_true"] == 0)]
        pairs = sorted(set(run.scores["pair_id"]))
        found.append(_sample_share(at_rate["score"] >= THRESHOLD, at_rate["pair_id"], pairs))
        kept.append(_sample_share(reals["score"] < THRESHOLD, reals["pair_id"], pairs))
    n_fakes = int(at_rate["bag_id"].nunique())
    if rate > 0:
        yield "accuracy", np.mean([(f + k) / 2 for f, k in zip(found, kept, strict=True)], axis=0), n_fakes
    yield "tpr", np.mean(found, axis=0), n_fakes


def _sample_share(chosen: pd.Series, pair: pd.Series, pairs: list[str]) -> np.ndarray:
    return resample_mean(chosen.to_numpy(), np.searchsorted(pairs, pair.to_numpy(dtype=str)), resample(len(pairs)))
