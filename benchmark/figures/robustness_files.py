"""Writes robustness as CSV and Markdown, and draws it as a picture: a panel a kind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.figures.looks import style_of
from benchmark.figures.plotting import draw_legend, shorten
from benchmark.figures.robustness import MEAN
from benchmark.leaderboards.rendering.files import write_texts
from benchmark.leaderboards.rendering.markdown import align, escape
from benchmark.metrics.catalogue import METRICS

TABLE, PAGE = "robustness.csv", "robustness.md"
SHOWN = ("auc", "accuracy_val")
"""Metrics of the Markdown tables; the picture shows the first."""
_COLUMNS = 3
"""The most panels in a row: eight kinds and their mean fill three rows."""
_PANEL_INCHES = (3.4, 2.6)


def write_robustness(table: pd.DataFrame, out: Path) -> list[Path]:
    """Writes ``robustness.csv`` and ``robustness.md``, and returns them; nothing of an empty table.

    Raises:
        StorageError: the folder cannot be written to.
    """
    if table.empty:
        return []
    texts = {
        TABLE: table.to_csv(index=False, lineterminator="\n", float_format="%.6f"),
        PAGE: render_robustness(table),
    }
    return write_texts(texts, out)


def render_robustness(table: pd.DataFrame) -> str:
    """Renders the mean over kinds by level as Markdown tables; a single kind stands for itself."""
    parts = [part for _, own in table.groupby("table", sort=False) for part in _render_table(own)]
    return "\n\n".join(parts) + "\n" if parts else ""


def _render_table(table: pd.DataFrame) -> Iterator[str]:
    name, (table, shared) = table["table"].iloc[0], shorten(table)
    means = table[table["kind"] == MEAN]
    for metric in SHOWN:
        for kind, own in (table if means.empty else means).groupby("kind", sort=False):
            rows = own[own["metric"] == metric]
            if len(rows):
                title = f"### {METRICS[metric].title} (%) on perturbed faces, {escape(name)}"
                over = f"mean over {means['kinds'].iloc[0].replace(';', ', ')}" if kind == MEAN else str(kind)
                about = f"By level, {over}." + (f" All rows: {escape(shared)}." if shared else "")
                yield f"{title}\n\n{about}\n\n{_render_rows(rows)}"
    if lacking := list(_describe_missing(table)):
        asked = ",".join(kind for kind, _ in lacking)
        said = ", ".join(f"{kind} ({escape('; '.join(reasons))})" for kind, reasons in lacking)
        todo = f"the same `ffpms bench` with `--perturb {asked}` scores what is missing"
        yield f"Incomplete on {escape(name)}, and part of no mean: {said}. To complete them, {todo}."


def _describe_missing(table: pd.DataFrame) -> Iterator[tuple[str, list[str]]]:
    """Yields each kind of which a method lacks levels, with what each method lacks."""
    methods = list(dict.fromkeys(table["method"]))
    for kind, own in table[table["kind"] != MEAN].groupby("kind", sort=False):
        rows = own.drop_duplicates("method").set_index("method")
        reasons = [f"{method} has none" for method in methods if method not in rows.index]
        for method, row in rows[rows["missing"] != ""].iterrows():
            of_seeds = " in a seed" if ";" in row["seeds"] else ""
            reasons.append(f"{method} lacks level {row['missing'].replace(';', ', ')}{of_seeds}")
        if reasons:
            yield str(kind), reasons


def _render_rows(points: pd.DataFrame) -> str:
    levels = sorted(set(points["level"]))
    body = list[list[str]]()
    for method, own in points.groupby("method", sort=False):
        by_level = {row["level"]: _render_cell(row) for row in own.to_dict("records")}
        body.append([escape(str(method)), *(by_level.get(level, "") for level in levels)])
    return align(["method", *(f"level {level}" if level else "clean" for level in levels)], body)


def _render_cell(row: dict[Any, Any]) -> str:
    value, low, high = (100 * row[name] for name in ("value", "ci_low", "ci_high"))
    return f"{value:.1f}" + (f" [{low:.1f}, {high:.1f}]" if np.isfinite(low) else "")


def draw_robustness(table: pd.DataFrame, title: str, *paths: Path) -> None:
    """Draws the AUC against the level, a panel a kind, a line with its band a method."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    table, shared = shorten(table[table["metric"] == SHOWN[0]])
    kinds, methods = list(dict.fromkeys(table["kind"])), list(dict.fromkeys(table["method"]))
    columns = min(_COLUMNS, len(kinds))
    rows = -(-len(kinds) // columns)
    size = (max(6, _PANEL_INCHES[0] * columns), _PANEL_INCHES[1] * rows + 0.8)
    figure, panels = plt.subplots(
        rows, columns, figsize=size, dpi=110, layout="constrained", sharex=True, sharey=True, squeeze=False
    )
    for axes, kind in zip(panels.flat, kinds, strict=False):
        own = table[table["kind"] == kind]
        _draw_panel(axes, own, methods)
        whole = "" if (own["missing"] == "").all() else " (incomplete)"
        axes.set(title=f"mean of {len(own['kinds'].iloc[0].split(';'))} kinds" if kind == MEAN else f"{kind}{whole}")
    for axes in panels.flat[len(kinds) :]:
        axes.set_axis_off()
    for axes in panels[:, 0]:
        axes.set(ylabel="%")
    draw_legend(
        figure,
        panels.flat[0],
        f"{title}: {METRICS[SHOWN[0]].title[0].lower()}{METRICS[SHOWN[0]].title[1:]} by level",
        shared,
        int(size[0]),
    )
    for path in paths:
        figure.savefig(path)
    plt.close(figure)


def _draw_panel(axes: Any, table: pd.DataFrame, methods: list[str]) -> None:
    for number, method in enumerate(methods):
        own = table[table["method"] == method]
        value, low, high = (100 * own[name] for name in ("value", "ci_low", "ci_high"))
        style = style_of(number)
        axes.plot(own["level"], value, markersize=4, linewidth=1.6, label=method, **style)
        axes.fill_between(own["level"], low, high, color=style["color"], alpha=0.15, linewidth=0)
    axes.axhline(50, color="grey", linewidth=0.8, linestyle=":")
    axes.set(xticks=range(6))
    axes.set_xticklabels(["clean", *range(1, 6)])
    axes.tick_params(labelbottom=True)
    axes.grid(alpha=0.25)
