"""Draws ROC curves and reliability diagrams as pictures, the axes being shares of 0 to 100 %."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.figures.looks import style_of
from benchmark.figures.plotting import draw_legend, shorten


def draw_roc(curve: pd.DataFrame, title: str, *paths: Path) -> None:
    """Draws the curves of :func:`~benchmark.figures.roc.roc_curve`, with their bands."""
    labels = {"xlabel": "real videos called fake (%)", "ylabel": "fake videos found (%)"}
    _draw_square(curve, ("fpr", "tpr"), paths, title, labels, with_points=False)


def draw_reliability(table: pd.DataFrame, title: str, *paths: Path) -> None:
    """Draws the points of :func:`~benchmark.figures.reliability.reliability`."""
    labels = {"xlabel": "score (%)", "ylabel": "share of fakes (%)"}
    _draw_square(table, ("score", "share_fake"), paths, title, labels)


def _draw_square(
    table: pd.DataFrame,
    axes_of: tuple[str, str],
    paths: Sequence[Path],
    title: str,
    labels: Mapping[str, Any],
    with_points: bool = True,
) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    table, shared = shorten(table)
    figure, axes = plt.subplots(figsize=(6, 6.4), dpi=110, layout="constrained")
    axes.plot([0, 100], [0, 100], color="grey", linewidth=0.8, linestyle=":")
    for number, (method, points) in enumerate(table.groupby("method", sort=False)):
        x, y = (100 * points[name] for name in axes_of)
        style = style_of(number) | ({} if with_points else {"marker": ""})
        axes.plot(x, y, markersize=4, linewidth=1.6, label=method, **style)
        if "ci_low" in points:
            low, high = (100 * points[name] for name in ("ci_low", "ci_high"))
            axes.fill_between(x, low, high, color=style["color"], alpha=0.15, linewidth=0)
    axes.set(xlim=(-1, 101), ylim=(-1, 101), aspect="equal", **labels)
    axes.grid(alpha=0.25)
    draw_legend(figure, axes, title, shared, width=6)
    for path in paths:
        figure.savefig(path)
    plt.close(figure)
