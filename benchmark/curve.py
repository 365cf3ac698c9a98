"""Accuracy against fake rate (Li 2020, Fig. 6): as a table, as bars in a terminal, as a picture."""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.leaderboard import THRESHOLD, group_runs
from benchmark.metrics import accuracy
from benchmark.runs import Run
from benchmark.stats import accuracy_interval, resample

QUARTERS = ((0.05, 0.25), (0.3, 0.5), (0.55, 0.75), (0.8, 0.95))
"""Ranges of fake rate, both ends included, that share the 19 levels of a 20-frame bag about evenly."""


def rate_curve(runs: list[Run], ranges: tuple[tuple[float, float], ...] = QUARTERS) -> pd.DataFrame:
    """One row a method and range: the mean accuracy on all real videos and on the fakes of that rate, over all seeds,
    with its cluster bootstrap interval.

    Columns: method, low, high, value, ci_low, ci_high, n_fakes.
    """
    rows = []
    for group in group_runs(runs):
        for low, high in ranges:
            points = [point for run in group.runs if (point := _point(run.scores, low, high)) is not None]
            if points:
                value, ci_low, ci_high, n_fakes = np.mean(points, axis=0)
                rows.append((group.method, low, high, value, ci_low, ci_high, int(n_fakes)))
    return pd.DataFrame(rows, columns=["method", "low", "high", "value", "ci_low", "ci_high", "n_fakes"])


def _point(scores: pd.DataFrame, low: float, high: float) -> tuple[float, float, float, int] | None:
    """Accuracy of one run within a range; None if no fake has such a rate."""
    videos = scores[scores["level"] == "video"]
    near = videos["fake_rate"].between(low - 1e-9, high + 1e-9)
    kept = videos[near | (videos["fake_rate"] == 0)]
    if not near.any():
        return None
    label, score = kept["y_true"].to_numpy(), kept["score"].to_numpy()
    cluster, pairs = pd.factorize(kept["pair_id"], sort=True)
    interval = accuracy_interval(label, score, cluster, resample(len(pairs)), THRESHOLD)
    return accuracy(label, score, THRESHOLD), *interval, int(near.sum())


def draw_bars(curve: pd.DataFrame, width: int = 30) -> str:
    """The curve for a terminal: a bar a point; half a bar is chance."""
    lines = []
    for method, points in curve.groupby("method", sort=False):
        lines.append(str(method))
        for p in points.to_dict("records"):
            bar = "█" * round(p["value"] * width)
            name = f"{100 * p['low']:3.0f}-{100 * p['high']:.0f} %"
            lines.append(f"  {name:>9} {bar:<{width}} {100 * p['value']:5.1f}  ({p['n_fakes']} fakes)")
    return "\n".join(lines)


def draw_picture(curve: pd.DataFrame, path: Path, title: str) -> None:
    """The curve as PNG, with intervals."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), dpi=130)
    methods = list(curve.groupby("method", sort=False))
    for number, (method, points) in enumerate(methods):
        x = 50 * (points["low"] + points["high"]) + 0.8 * (number - (len(methods) - 1) / 2)
        spread = 100 * np.abs(points[["ci_low", "ci_high"]].to_numpy().T - points["value"].to_numpy())
        axes.errorbar(x, 100 * points["value"], yerr=spread, marker="o", capsize=3, linewidth=1.6, label=method)
    axes.axhline(50, color="grey", linewidth=0.8, linestyle=":")
    axes.set(xlabel="fake frames (%)", ylabel="video accuracy at 0.5 (%)", xlim=(0, 100), ylim=(30, 103), title=title)
    axes.legend(loc="lower right")
    axes.grid(alpha=0.25)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
