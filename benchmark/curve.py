"""Accuracy against fake rate (Li 2020, Fig. 6): as a table, as bars in a terminal, as a picture."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.leaderboard import group_runs, mean_interval, metric_value
from benchmark.runs import Run

METRICS = {"accuracy": "video accuracy at 0.5", "auc": "video AUC"}

QUARTERS = ((0.05, 0.25), (0.3, 0.5), (0.55, 0.75), (0.8, 0.95))
"""Ranges of fake rate, both ends included, that share the 19 levels of a 20-frame bag about evenly."""


def rate_curve(runs: list[Run], ranges: tuple[tuple[float, float], ...] = QUARTERS) -> pd.DataFrame:
    """Accuracy at 0.5 and AUC on all real videos and on the fakes of each range of rates, the mean over seeds, with its
    cluster bootstrap interval.

    Columns: method, low, high, metric, value, ci_low, ci_high, n_fakes.
    """
    rows = []
    for group in group_runs(runs):
        for low, high in ranges:
            near = [_within(run.scores, low, high) for run in group.runs]
            n_fakes = int((near[0]["y_true"] == 1).sum())
            for metric in METRICS if n_fakes else ():
                value = float(np.mean([metric_value(metric, table) for table in near]))
                rows.append((group.method, low, high, metric, value, *mean_interval(metric, near), n_fakes))
    return pd.DataFrame(rows, columns=["method", "low", "high", "metric", "value", "ci_low", "ci_high", "n_fakes"])


def _within(scores: pd.DataFrame, low: float, high: float) -> pd.DataFrame:
    """The video rows of all real videos and of the fakes whose rate lies in the range."""
    rate = scores["fake_rate"]
    return scores[(scores["level"] == "video") & ((rate == 0) | rate.between(low - 1e-9, high + 1e-9))]


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
    """The curve as PNG, a panel a metric, with intervals."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, len(METRICS), figsize=(6 * len(METRICS), 4.2), dpi=110, sharey=True)
    for axes, (metric, name) in zip(panels, METRICS.items(), strict=True):
        _draw_panel(axes, curve[curve["metric"] == metric])
        axes.set(xlabel="fake frames (%)", ylabel=f"{name} (%)", xlim=(0, 100), ylim=(25, 103))
    panels[-1].legend(loc="lower right")
    figure.suptitle(title)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def _draw_panel(axes: Any, curve: pd.DataFrame) -> None:
    methods = list(curve.groupby("method", sort=False))
    for number, (method, points) in enumerate(methods):
        x = 50 * (points["low"] + points["high"]) + 0.8 * (number - (len(methods) - 1) / 2)
        spread = 100 * np.abs(points[["ci_low", "ci_high"]].to_numpy().T - points["value"].to_numpy())
        axes.errorbar(x, 100 * points["value"], yerr=spread, marker="o", capsize=3, linewidth=1.6, label=method)
    axes.axhline(50, color="grey", linewidth=0.8, linestyle=":")
    axes.grid(alpha=0.25)
