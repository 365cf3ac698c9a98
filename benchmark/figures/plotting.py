"""Draws a curve: as bars in a terminal, as a picture, as a table."""

from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd

from benchmark.figures.fake_rate import name_rates
from benchmark.figures.looks import Style, style_of
from benchmark.figures.points import TITLES
from benchmark.leaderboards.labels import factor_out
from ffpms.errors import ConfigError, writing

PICTURES = (".png", ".pdf", ".svg")
"""Endings of a picture's name."""

_BAR = 30
"""The width of a whole bar in a terminal, in letters."""
_LETTERS_PER_INCH = 10
_LETTERS_OF_A_LINE = 8
"""The width of a line and its margins in the legend, in letters."""


def draw_bars(curve: pd.DataFrame) -> str:
    """Draws the curve for a terminal: a bar a point; half a bar is chance."""
    curve, shared = shorten(curve)
    lines = [f"all lines: {shared}"] if shared else []
    for (metric, method), points in curve.groupby(["metric", "method"], sort=False):
        lines.append(f"{method}: {TITLES[str(metric)]}")
        for p in points.to_dict("records"):
            bar = "█" * round(p["value"] * _BAR)
            name = name_rates(p["low"], p["high"])
            lines.append(f"  {name:>9} {bar:<{_BAR}} {100 * p['value']:5.1f}  ({p['n_fakes']} fakes)")
    return "\n".join(lines)


def write_curve(curve: pd.DataFrame, picture: str | Path, title: str) -> list[Path]:
    """Draws a curve (PNG, PDF or SVG), and writes its numbers as CSV beside it; returns both files.

    Raises:
        ConfigError: the curve is empty, or the file's name does not end like a picture's.
        StorageError: the folder cannot be written to.

    Example:
        >>> curve = benchmark.grid_curve(benchmark.read_runs("runs"))
        >>> files = benchmark.write_curve(curve, "curve.png", "Accuracy against fake rate")
        >>> [path.name for path in files]
        ['curve.png', 'curve.csv']
    """
    picture = check_picture(picture)
    if curve.empty:
        raise ConfigError(f"{picture}: the curve has no point; its runs have no scores at several fake rates")
    table = picture.with_suffix(".csv")
    with writing(picture.parent):
        picture.parent.mkdir(parents=True, exist_ok=True)
        draw_picture(curve, title, picture)
        curve.to_csv(table, index=False, lineterminator="\n", float_format="%.6f")
    return [picture, table]


def check_picture(path: str | Path) -> Path:
    """Returns the path.

    Raises:
        ConfigError: it does not end like a picture.
    """
    if Path(path).suffix.lower() not in PICTURES:
        raise ConfigError(f"curve: {path} is no name of a .png, .pdf or .svg file")
    return Path(path)


def draw_picture(curve: pd.DataFrame, title: str, *paths: Path) -> None:
    """Draws a panel a metric, with intervals, into a file or into several.

    Points that stand for ranges of fake rate have bars. Those that stand for one rate or one number
    of frames have bands.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    curve, shared = shorten(curve)
    metrics = [metric for metric in TITLES if metric in set(curve["metric"])]
    size = (6 * len(metrics), 4.6)
    figure, panels = plt.subplots(1, len(metrics), figsize=size, dpi=110, layout="constrained")
    for axes, metric in zip(np.atleast_1d(panels), metrics, strict=True):
        own = curve[curve["metric"] == metric]
        _draw_panel(axes, own)
        bottom = 25 if np.nanmin(own[["value", "ci_low"]]) > 0.27 else -2
        axes.set(ylabel="%", title=TITLES[metric], ylim=(bottom, 102))
        if metric != "tpr":
            axes.axhline(50, color="grey", linewidth=0.8, linestyle=":")
    draw_legend(figure, axes, title, shared, size[0])
    for path in paths:
        figure.savefig(path)
    plt.close(figure)


def draw_legend(figure: Any, axes: Any, title: str, shared: str, width: int) -> None:
    """Draws a figure's legend below it, and its title with what is shared; ``width`` in inches."""
    handles, labels = axes.get_legend_handles_labels()
    letters = _LETTERS_PER_INCH * width
    columns = max(1, letters // (max(map(len, labels), default=0) + _LETTERS_OF_A_LINE))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)
    figure.suptitle("\n".join([title, *wrap(shared, width=letters)]))


def shorten(curve: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Takes the settings that all lines share out of their names."""
    names, shared = factor_out(dict.fromkeys(curve["method"]))
    return curve.assign(method=curve["method"].map(names)), shared


def _draw_panel(axes: Any, curve: pd.DataFrame) -> None:
    methods = list(curve.groupby("method", sort=False))
    of_frames = "n_frames" in curve
    of_ranges = not of_frames and bool((curve["low"] < curve["high"]).any())
    for number, (method, points) in enumerate(methods):
        x = points["n_frames"] if of_frames else 50 * (points["low"] + points["high"])
        if of_ranges:
            _draw_ranges(axes, x + 0.8 * (number - (len(methods) - 1) / 2), points, method, style_of(number))
        else:
            _draw_band(axes, x, points, method, style_of(number))
    if of_frames:
        axes.set(
            xlabel="frames looked at", xlim=(0, curve["n_frames"].max() + 1), xticks=sorted(set(curve["n_frames"]))
        )
    else:
        axes.set(xlabel="fake frames (%)", xlim=(-1, 101))
    axes.grid(alpha=0.25)


def _draw_ranges(axes: Any, x: pd.Series, points: pd.DataFrame, method: object, style: Style) -> None:
    value, low, high = (100 * points[name] for name in ("value", "ci_low", "ci_high"))
    reach = [(value - low).clip(lower=0), (high - value).clip(lower=0)]
    axes.errorbar(x, value, yerr=reach, capsize=3, linewidth=1.6, label=method, **style)


def _draw_band(axes: Any, x: pd.Series, points: pd.DataFrame, method: object, style: Style) -> None:
    value, low, high = (100 * points[name] for name in ("value", "ci_low", "ci_high"))
    axes.plot(x, value, markersize=4, linewidth=1.6, label=method, **style)
    axes.fill_between(x, low, high, color=style["color"], alpha=0.15, linewidth=0)
