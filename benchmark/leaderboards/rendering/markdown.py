"""Renders tables as Markdown, for the terminal and for ``leaderboard.md``."""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from benchmark.leaderboards.rendering.tables import (
    FAILED_COLUMNS,
    Table,
    explain,
    failed_rows,
    format_number,
)
from benchmark.stats.comparison import BEST, BEST_TESTED, LIKE_BEST

_MARKS = {BEST: "**{}**", LIKE_BEST: "{}†", BEST_TESTED: "{}‡"}
_SIGN = re.compile(
    r"[\\`*~$]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # within a word an underscore is one
    r"|\](?=[(\[])"  # the end of a link's text
    r"|^[#>=+-]"
)
_ENTITY = re.compile(r"&(?=#?\w+;)")
_TAG = re.compile(r"<(?=\S)")


def render_markdown(tables: Sequence[Table], failures: pd.DataFrame, notes: Mapping[str, str] | None = None) -> str:
    """Renders the short tables, in percent, with the 95 % interval in brackets.

    Below them stands what their marks mean, why sets have not the official name (``notes``), and
    which trials failed. All text is escaped.
    """
    parts = ["\n\n".join(filter(None, (f"### {escape(t.title)}", escape(t.shared), _lines(t)))) + "\n" for t in tables]
    marks = explain(tables)
    parts += [escape(" ".join(marks)) + "\n"] if marks else []
    parts += [f"{escape(note)}\n" for note in (notes or {}).values()]
    rows = [[*map(escape, row)] for row in failed_rows(failures)]
    parts += [f"### Failed\n\n{align(FAILED_COLUMNS, rows)}\n"] if rows else []
    return "\n".join(parts)


def escape(text: str) -> str:
    r"""Text that Markdown shows as it is: no HTML, no link, no emphasis, no formula.

    Signs that mean nothing where they stand stay, such as the brackets of a label.

    Example:
        >>> print(escape("[a](b) <img> *c* d_e | s-mil [lr=0.1]"))
        [a\](b) &lt;img> \*c\* d_e | s-mil [lr=0.1]
    """
    return _TAG.sub("&lt;", _SIGN.sub(r"\\\g<0>", _ENTITY.sub("&amp;", text)))


def _lines(table: Table) -> str:
    rows = [[escape(name), *(format_number(number, _MARKS) for number in numbers)] for name, numbers in table.rows]
    return align(["method", *map(escape, table.columns)], rows)


def align(head: list[str], body: list[list[str]]) -> str:
    """Aligns a table of escaped texts: columns are as wide as their widest cell."""
    rows = [[cell.replace("|", "\\|") for cell in row] for row in (head, ["---"] * len(head), *body)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("| " + " | ".join(v.ljust(w) for v, w in zip(row, widths, strict=True)) + " |" for row in rows)
