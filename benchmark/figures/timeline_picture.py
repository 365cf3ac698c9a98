"""Picture of timelines: a panel a video, in it a row for the truth and one for each method."""

from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd

from benchmark.figures.timelines import PROPOSAL, SCORE, TRUTH, Timelines

_COLUMNS = 2
_LABEL_WIDTH, _LINE_INCHES = 33, 0.16
"""Characters of a line of a method's label, and how high a line is."""
_ROW_INCHES, _PANEL_INCHES, _HEAD_INCHES, _WIDTH_INCHES = 0.42, 0.75, 1.1, 15
"""Least height of a row, heights of what else a panel has and of the head; width of the figure."""
_REAL, _FAKE, _LINE = "#e9edf2", "#c62828", "#1a73d9"
_TALL, _BAR = 0.62, 0.16
"""Heights of a row's scores and of the bars of proposals below them, in rows."""


def write_timelines(lines: Timelines, picture: Path, title: str) -> list[Path]:
    """Draws timelines into a picture and writes their rows as CSV beside it; returns both files."""
    draw_timelines(lines, title, picture)
    table = picture.with_suffix(".csv")
    lines.rows.to_csv(table, index=False, lineterminator="\n", float_format="%.6f")
    return [picture, table]


def draw_timelines(lines: Timelines, title: str, path: Path) -> None:
    """Draws the panels into a file.

    Frame scores are steps from 0 to 1, with a gap where a slot has no face. Below them are bars of
    proposals, the darker the more confident.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    labels = {str(name): _wrap_label(name) for name in dict.fromkeys(lines.rows["method"]) if name}
    n_rows = -(-len(lines.videos) // _COLUMNS)
    row = max([_ROW_INCHES, *(_LINE_INCHES * (1 + label.count("\n")) for label in labels.values())])
    height = _HEAD_INCHES + n_rows * (_PANEL_INCHES + row * (1 + len(labels)))
    size = (_WIDTH_INCHES, height)
    figure, panels = plt.subplots(n_rows, _COLUMNS, figsize=size, dpi=110, layout="constrained", squeeze=False)
    for axes in panels.flat[len(lines.videos) :]:
        axes.set_axis_off()
    for axes, video in zip(panels.flat, lines.videos.to_dict("records"), strict=False):
        own = lines.rows[lines.rows["bag_id"] == video["bag_id"]]
        _draw_panel(axes, own, labels, video["duration_s"])
        axes.set_title(_describe(video), loc="left", fontsize=11)
        axes.set_xlabel("seconds" if lines.unit == "s" else "slots", loc="right", fontsize=9)
    _draw_legend(figure)
    figure.suptitle("\n".join([title, *wrap(lines.shared, width=140)]))
    figure.savefig(path)
    plt.close(figure)


def _describe(video: dict[Any, Any]) -> str:
    if not video["n_segments"]:
        return f"{video['bag_id']}: real"
    number = int(video["n_segments"])
    return f"{video['bag_id']}: {number} segment{'s' * (number > 1)}, {video['n_fake']} of {video['n_slots']} fake"


def _wrap_label(label: str) -> str:
    """Wraps a method's label, its settings from a line of their own."""
    parts = label.replace(" [", "\n[").split("\n")
    return "\n".join(line for part in parts for line in wrap(part, _LABEL_WIDTH, break_on_hyphens=False))


def _draw_panel(axes: Any, rows: pd.DataFrame, labels: dict[str, str], duration: float) -> None:
    """Draws the rows of a video from the top: the truth, then each method by its label."""
    names = ["truth", *labels.values()]
    axes.set(xlim=(0, duration), ylim=(len(names), -0.1), yticks=np.arange(len(names)) + _TALL / 2)
    axes.set_yticklabels(names, fontsize=9)
    axes.tick_params(left=False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    truth = rows[rows["what"] == TRUTH]
    axes.barh(_TALL / 2, duration, _TALL, color=_REAL)
    _draw_bars(axes, truth, _TALL / 2, _TALL, _FAKE)
    for place, method in enumerate(labels, start=1):
        own = rows[rows["method"] == method]
        for edge in (truth["start_s"], truth["end_s"]):
            axes.vlines(edge, place, place + _TALL, color=_FAKE, linewidth=0.7, linestyle=":", alpha=0.8)
        _draw_scores(axes, own[own["what"] == SCORE], place, duration)
        proposed = own[own["what"] == PROPOSAL]
        for one in proposed.to_dict("records"):
            alpha = float(np.clip(one["value"], 0.12, 1))
            middle = place + _TALL + _BAR / 2 + 0.05
            axes.barh(middle, one["end_s"] - one["start_s"], _BAR, left=one["start_s"], color=_FAKE, alpha=alpha)


def _draw_bars(axes: Any, rows: pd.DataFrame, middle: float, height: float, colour: str) -> None:
    axes.barh(middle, rows["end_s"] - rows["start_s"], height, left=rows["start_s"], color=colour)


def _draw_scores(axes: Any, rows: pd.DataFrame, place: int, duration: float) -> None:
    """Draws each slot's score as a column that stands on the row's floor."""
    axes.barh(place + _TALL / 2, duration, _TALL, color=_REAL, alpha=0.5)
    width = rows["end_s"] - rows["start_s"]
    axes.bar(rows["start_s"], -_TALL * rows["value"], width, place + _TALL, align="edge", color=_LINE, alpha=0.75)


def _draw_legend(figure: Any) -> None:
    from matplotlib.patches import Patch

    parts = [
        Patch(color=_FAKE, label="truth: fake segments (dotted: their ends)"),
        Patch(color=_LINE, alpha=0.75, label="frame score, 0 to 1"),
        Patch(color=_FAKE, alpha=0.5, label="proposals that lie apart: the darker, the surer"),
    ]
    figure.legend(handles=parts, loc="outside lower center", ncols=len(parts), frameon=False)
