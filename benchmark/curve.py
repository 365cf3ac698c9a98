"""Accuracy against fake rate (Li 2020, Fig. 6): as a table, as bars in a terminal, as a picture."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.folders import Run
from benchmark.groups import group_runs
from benchmark.scoring import steps
from benchmark.scoring.estimates import THRESHOLD
from benchmark.scoring.resamples import interval, resample, resample_accuracy, resample_mean
from benchmark.scoring.rows import Rows, read_rows

METRICS = {
    "accuracy": "video accuracy at 0.5",
    "auc": "video AUC",
    "tpr": "fake videos found at 0.5; at rate 0: false alarms",
}
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
                samples = np.mean([_sample(metric, videos) for videos in near], axis=0)
                rows.append((group.method, low, high, metric, *_summarise(samples, near[0].n_pairs), n_fakes))
    return pd.DataFrame(rows, columns=COLUMNS)


def _read_within(run: Run, low: float, high: float) -> Rows:
    """All real videos and the fakes whose rate lies in the range."""
    rate = run.scores["fake_rate"]
    return read_rows(run.scores[(rate == 0) | rate.between(low - 1e-9, high + 1e-9)], "video")


def _sample(metric: str, videos: Rows) -> np.ndarray:
    counts = resample(videos.n_pairs)
    if metric == "accuracy":
        return resample_accuracy(videos, counts, THRESHOLD)
    return steps.resample_steps(videos.label, videos.score, videos.pair, counts, {"auc": steps.auc})["auc"]


def _summarise(samples: np.ndarray, n_pairs: int) -> tuple[float, float, float]:
    low, high = interval(samples) if n_pairs > 1 else (float("nan"), float("nan"))
    return float(samples[0]), low, high


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
                rows.append((group.method, rate, rate, metric, *_summarise(samples, n_pairs), n_fakes))
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


def draw_bars(curve: pd.DataFrame, width: int = 30) -> str:
    """The curve for a terminal: a bar a point; half a bar is chance."""
    lines = []
    for (metric, method), points in curve.groupby(["metric", "method"], sort=False):
        lines.append(f"{method}: {METRICS[str(metric)]}")
        for p in points.to_dict("records"):
            bar = "█" * round(p["value"] * width)
            name = f"{100 * p['low']:3.0f}-{100 * p['high']:.0f} %"
            lines.append(f"  {name:>9} {bar:<{width}} {100 * p['value']:5.1f}  ({p['n_fakes']} fakes)")
    return "\n".join(lines)


def draw_picture(curve: pd.DataFrame, path: Path, title: str) -> None:
    """The curve as PNG, a panel a metric, with intervals: bars, or bands where there is a point for every rate."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    metrics = [metric for metric in METRICS if metric in set(curve["metric"])]
    bottom = 25 if (curve["value"] > 0.3).all() else -2
    size = (6 * len(metrics), 4.6)
    figure, panels = plt.subplots(1, len(metrics), figsize=size, dpi=110, sharey=True, layout="constrained")
    for axes, metric in zip(np.atleast_1d(panels), metrics, strict=True):
        _draw_panel(axes, curve[curve["metric"] == metric])
        axes.set(xlabel="fake frames (%)", ylabel="%", title=METRICS[metric], xlim=(-1, 101), ylim=(bottom, 102))
        if metric != "tpr":
            axes.axhline(50, color="grey", linewidth=0.8, linestyle=":")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=5)
    figure.suptitle(title)
    figure.savefig(path)
    plt.close(figure)


def _draw_panel(axes: Any, curve: pd.DataFrame) -> None:
    methods = list(curve.groupby("method", sort=False))
    of_ranges = bool((curve["low"] < curve["high"]).any())
    for number, (method, points) in enumerate(methods):
        aside = 0.8 * (number - (len(methods) - 1) / 2) if of_ranges else 0.0
        x, value = 50 * (points["low"] + points["high"]) + aside, 100 * points["value"]
        low, high = 100 * points["ci_low"], 100 * points["ci_high"]
        if of_ranges:
            axes.errorbar(
                x,
                value,
                yerr=[(value - low).clip(lower=0), (high - value).clip(lower=0)],
                marker="o",
                capsize=3,
                linewidth=1.6,
                label=method,
            )
        else:
            (line,) = axes.plot(x, value, marker="o", markersize=3, linewidth=1.6, label=method)
            axes.fill_between(x, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
    axes.grid(alpha=0.25)
