"""Tables as Markdown: what the terminal shows and ``leaderboard.md`` holds."""

import numpy as np
import pandas as pd

from benchmark.comparison import BEST, LIKE_BEST
from benchmark.rendering.tables import Number, Table, explain, make_tables

_MARKS = {BEST: "**{}**", LIKE_BEST: "{}†"}


def render_markdown(cells: pd.DataFrame, failures: pd.DataFrame) -> str:
    """The short tables, in percent, with the 95 % interval in brackets; below them what their marks mean, and which
    trials failed."""
    tables = list(make_tables(cells))
    parts = [f"### {table.title}\n\n{_lines(table)}\n" for table in tables]
    marks = explain(tables)
    parts += [" ".join(marks) + "\n"] if marks else []
    rows = failures[["run_id", "dataset", "reason"]].to_numpy().tolist()
    parts += [f"### Failed\n\n{_align(['run', 'dataset', 'why'], rows)}\n"] if rows else []
    return "\n".join(parts)


def _lines(table: Table) -> str:
    return _align(["method", *table.columns], [[name, *map(format_number, numbers)] for name, numbers in table.rows])


def _align(head: list[str], body: list[list[str]]) -> str:
    """A table whose columns are as wide as their widest cell."""
    rows = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in body)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("| " + " | ".join(v.ljust(w) for v, w in zip(row, widths, strict=True)) + " |" for row in rows)


def format_number(number: Number | None) -> str:
    """``67.50† ± 1.20 [60.1, 74.2]``, the best as ``**67.50**``; a difference has its sign."""
    if number is None:
        return ""
    if number.difference:
        return f"{number.value:+.2f}"
    text = _MARKS.get(number.standing, "{}").format(f"{number.value:.2f}")
    text += f" ± {number.std:.2f}" if np.isfinite(number.std) else ""
    return text + (f" [{number.low:.1f}, {number.high:.1f}]" if np.isfinite(number.low) else "")
