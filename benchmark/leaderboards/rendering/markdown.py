"""Renders tables as Markdown, for the terminal and for ``leaderboard.md``."""

from collections.abc import Mapping, Sequence

import pandas as pd

from benchmark.leaderboards.rendering.tables import (
    FAILED_COLUMNS,
    Table,
    explain,
    failed_rows,
    format_number,
)
from benchmark.stats.comparison import BEST, LIKE_BEST

_MARKS = {BEST: "**{}**", LIKE_BEST: "{}†"}


def render_markdown(tables: Sequence[Table], failures: pd.DataFrame, notes: Mapping[str, str] | None = None) -> str:
    """Renders the short tables, in percent, with the 95 % interval in brackets.

    Below them stands what their marks mean, why sets have not the official name (``notes``), and
    which trials failed.
    """
    parts = ["\n\n".join(filter(None, (f"### {t.title}", t.shared, _lines(t)))) + "\n" for t in tables]
    marks = explain(tables)
    parts += [" ".join(marks) + "\n"] if marks else []
    parts += [f"{note}\n" for note in (notes or {}).values()]
    rows = failed_rows(failures)
    parts += [f"### Failed\n\n{align(FAILED_COLUMNS, rows)}\n"] if rows else []
    return "\n".join(parts)


def _lines(table: Table) -> str:
    rows = [[name, *(format_number(number, _MARKS) for number in numbers)] for name, numbers in table.rows]
    return align(["method", *table.columns], rows)


def align(head: list[str], body: list[list[str]]) -> str:
    """Aligns a table: columns are as wide as their widest cell."""
    rows = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in body)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("| " + " | ".join(v.ljust(w) for v, w in zip(row, widths, strict=True)) + " |" for row in rows)
