"""Accuracy against fake rate (Li 2020, Fig. 6)."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from benchmark.figures.points import draw_first, lines_of, make_curve, sample, summarise
from benchmark.metrics.accuracy import THRESHOLD
from benchmark.metrics.resampling.pair_tables import resample_accuracy, resample_auc, resample_mean
from benchmark.metrics.score_arrays import Rows, read_rows, read_videos
from benchmark.runs.folder import Run
from benchmark.stats.bootstrap import N_RESAMPLES

COLUMNS = ["method", "low", "high", "metric", "value", "ci_low", "ci_high", "n_fakes"]
"""``low`` and ``high``: the lowest and the highest fake rate of a point's fakes."""

QUARTERS = (0.25, 0.5, 0.75, 1.0)
"""Upper ends of the ranges of fake rate; each belongs to its range, so every rate is in one."""


def rate_curve(runs: list[Run], n_resamples: int = N_RESAMPLES) -> pd.DataFrame:
    """Computes accuracy at 0.5 and AUC for each quarter of fake rates, from the test set as it is.

    There each fake has one rate. A point takes all real videos and the fakes of its quarter. It is
    the mean over seeds, with its cluster bootstrap interval of ``n_resamples``.
    """
    rows: list[tuple[object, ...]] = []
    for name, own in lines_of(runs):
        places = range_of(own[0].scores["fake_rate"])
        for place in sorted(set(places) - {-1}):
            rates = own[0].scores.loc[places == place, "fake_rate"]
            near = [_read_range(run, place) for run in own]
            for metric in ("accuracy", "auc"):
                samples = np.mean([sample(metric, videos, n_resamples) for videos in near], axis=0)
                about = (name, rates.min(), rates.max(), metric)
                rows.append((*about, *summarise(samples, near[0]), int(near[0].label.sum())))
    return make_curve(rows, COLUMNS)


def range_of(fake_rate: ArrayLike) -> np.ndarray:
    """Returns the number of each fake rate's range, from 0; -1 where nothing is fake.

    Example:
        >>> range_of([0.0, 0.05, 0.25, 0.28, 1.0]).tolist()
        [-1, 0, 0, 1, 3]
    """
    rates = np.asarray(fake_rate)
    return np.where(rates > 0, np.searchsorted(QUARTERS, np.round(rates, 9)), -1)


def name_rates(low: float, high: float) -> str:
    """Names the rates of a point by their ends, in percent.

    Example:
        >>> name_rates(0.05, 0.25), name_rates(0.5, 0.5)
        ('5-25 %', '50 %')
    """
    return "-".join(dict.fromkeys((f"{100 * low:.0f}", f"{100 * high:.0f}"))) + " %"


def _read_range(run: Run, place: int) -> Rows:
    """Reads all real videos, and the fakes whose rate is in the range."""
    return read_rows(run.scores[np.isin(range_of(run.scores["fake_rate"]), (-1, place))], "video")


def grid_curve(runs: list[Run], n_resamples: int = N_RESAMPLES) -> pd.DataFrame:
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
        read = [_read_grid(run) for run in scored]
        for rate in sorted(set(scored[0].grid["fake_rate"])) if scored else ():
            mixed = [grid.where((grid.label == 0) | (rates == rate)) for grid, rates in read]
            n_fakes = len(set(mixed[0].bag[mixed[0].label == 1]))
            for metric, samples in _sample_rate(mixed, rate, n_resamples):
                rows.append((name, rate, rate, metric, *summarise(samples, mixed[0]), n_fakes))
    return make_curve(rows, COLUMNS)


def _read_grid(run: Run) -> tuple[Rows, np.ndarray]:
    """Reads all real videos, and every draw of every fake at every rate; also the rate of each row.

    Fakes are labelled 1 at rate 0 too, where nothing is fake.
    """
    reals = run.scores[(run.scores["level"] == "video") & (run.scores["y_true"] == 0)]
    both = pd.concat([reals, run.grid.assign(y_true=1)], join="inner")
    return read_videos(both), both["fake_rate"].to_numpy()


def _sample_rate(mixed: list[Rows], rate: float, n_resamples: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the metrics at a rate in each resample: the mean over seeds.

    At rate 0 what is found is a false alarm.
    """
    counts = draw_first(mixed[0].n_pairs, n_resamples)
    if rate > 0:
        yield "accuracy", np.mean([resample_accuracy(rows, counts, THRESHOLD) for rows in mixed], axis=0)
        yield "auc", np.mean([resample_auc(rows, counts) for rows in mixed], axis=0)
    fakes = [rows.where(rows.label == 1) for rows in mixed]
    yield "tpr", np.mean([resample_mean(f.score >= THRESHOLD, f.pair, counts) for f in fakes], axis=0)
