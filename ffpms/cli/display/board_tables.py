"""Draws the leaderboard as tables for a terminal, with whole numbers at any width."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from benchmark.leaderboards.board import Board
from benchmark.leaderboards.rendering.tables import (
    FAILED_COLUMNS,
    Number,
    Table,
    explain,
    failed_rows,
)
from benchmark.stats.comparison import BEST, BEST_TESTED, LIKE_BEST
from ffpms.cli.display.terminal import Drawing

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table as Drawn

_MARKS = {BEST: "*", LIKE_BEST: "†", BEST_TESTED: "‡"}
_MARGIN = 20
"""Columns of the terminal that a method's name may take before it is folded."""


def draw_board(drawing: Drawing, board: Board) -> "Iterator[RenderableType]":
    """Draws the tables, what their marks mean, the foot of the tables, and failures."""
    tables = [*board.leading, *board.tables]
    for table in tables:
        yield from _draw_table(drawing, table)
        yield ""
    yield drawing.lines(*explain(tables, "Low-high", "*"), *board.foot.values())
    if rows := failed_rows(board.failures):
        drawn = drawing.table()
        for name in FAILED_COLUMNS:
            drawn.add_column(name, overflow="fold")
        for row in rows:
            drawn.add_row(*map(drawing.text, row))
        yield from ("", drawing.text("Failed", "bold"), drawn)


def _draw_table(drawing: Drawing, table: Table) -> "Iterator[RenderableType]":
    """Draws a table in the first of its forms that fits; the last one is taken as it is.

    Spreads stand beside the numbers, else below them, else nowhere. Then columns go, but for the
    last, which is of all manipulations.
    """
    forms = [(_draw(drawing, form, spread), left_out) for form, spread, left_out in _forms(table)]
    fits = (form for form in forms if drawing.measure(form[0]).minimum <= drawing.width)
    drawn, left_out = next(fits, forms[-1])
    yield drawing.lines(drawing.text(table.title, "bold"), table.shared)
    yield drawn
    if left_out:
        yield drawing.text(f"Left out for width: {', '.join(left_out)}. --plain prints all.")


def _forms(table: Table) -> Iterator[tuple[Table, str, list[str]]]:
    """Yields the forms of a table, the widest first, where spreads stand, and what is left out."""
    spreads = ["intervals"] if any(number.spread for number in table.numbers) else []
    yield table, "beside", []
    yield table, "below", []
    for first in range(len(table.columns)):
        rows = [(name, numbers[first:]) for name, numbers in table.rows]
        narrow = replace(table, columns=table.columns[first:], rows=rows)
        yield narrow, "", [*spreads, *table.columns[:first]]


def _draw(drawing: Drawing, table: Table, spread: str) -> "Drawn":
    drawn = drawing.table(spaced=spread == "below")
    drawn.add_column("method", overflow="fold", min_width=_name_width(table, spread))
    marked = any(number.standing in _MARKS for number in table.numbers)
    columns = [
        [_cell(drawing, number, spreads, spread, marked) for number, spreads in zip(own, _spreads(own), strict=True)]
        for own in zip(*(numbers for _, numbers in table.rows), strict=True)
    ]
    for name, cells in zip(table.columns, columns, strict=True):
        whole = max(drawing.measure(cell).maximum for cell in cells)
        drawn.add_column(name, justify="right", no_wrap=True, min_width=whole)
    for (name, _), row in zip(table.rows, zip(*columns, strict=True), strict=True):
        drawn.add_row(drawing.text(name), *row)
    return drawn


def _name_width(table: Table, spread: str) -> int:
    """Returns how wide the names of methods are at least: whole beside spreads, else folded."""
    widest = max(len(name) for name, _ in table.rows)
    return widest if spread == "beside" else min(widest, _MARGIN)


def _cell(
    drawing: Drawing, number: Number | None, spreads: Sequence[str], spread: str, marked: bool
) -> "RenderableType":
    """Draws a number, its mark and its spreads.

    A space in place of a mark keeps the points in line.
    """
    if number is None:
        return ""
    pad = " " * marked
    figure = drawing.text(number.figure + _MARKS.get(number.standing, pad), "bold" if number.standing == BEST else "")
    if spread == "below":
        return drawing.lines(figure, *(text.strip() + pad for text in spreads if text.strip()))
    return drawing.words(figure, *(drawing.text(text) for text in spreads if spread and text))


def _spreads(numbers: Sequence[Number | None]) -> list[tuple[str, str]]:
    """Formats the spreads of a column of numbers; each is as wide as the widest of its kind."""
    over_seeds = [f"±{n.std:.2f}" if n and np.isfinite(n.std) else "" for n in numbers]
    intervals = [f"{n.low:.1f}-{n.high:.1f}" if n and np.isfinite(n.low) else "" for n in numbers]
    return list(zip(_right(over_seeds), _right(intervals), strict=True))


def _right(texts: Sequence[str]) -> list[str]:
    widest = max(map(len, texts))
    return [text.rjust(widest) for text in texts]
