"""Renders tables as one HTML page that needs no other file."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import pandas as pd

from benchmark.leaderboards.rendering.tables import (
    FAILED_COLUMNS,
    Table,
    explain,
    failed_rows,
    format_number,
)
from benchmark.stats.comparison import BEST, BEST_TESTED, LIKE_BEST

_START = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Leaderboard</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.4 system-ui, sans-serif; }
body { max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; margin: 2rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { padding-bottom: .5rem; text-align: left; white-space: nowrap; font-weight: 600; }
caption small { white-space: normal; }
th, td { padding: .3rem .75rem; border-bottom: 1px solid #8884; text-align: right; vertical-align: baseline; }
td { white-space: nowrap; }
thead th { border-bottom: 2px solid #888; }
tr > :first-child, .words > * > tr > * { text-align: left; white-space: normal; }
th { font-weight: 500; }
tr > :first-child { position: sticky; left: 0; max-width: min(24rem, 35vw); padding-left: 0; background: Canvas; }
tr > :first-child { overflow-wrap: break-word; }
small { display: block; font-size: .8em; opacity: .7; }
sup { display: inline-block; width: 0; line-height: 0; }
ul { padding: 0; list-style: none; font-size: .9em; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>Leaderboard</h1>
"""
_END = "</body>\n</html>\n"
_MARKS = {BEST: "<strong>{}</strong>", LIKE_BEST: "{}<sup>†</sup>", BEST_TESTED: "{}<sup>‡</sup>"}


def render_html(tables: Sequence[Table], failures: pd.DataFrame, notes: Mapping[str, str] | None = None) -> str:
    """Renders the tables of ``leaderboard.md``, what their marks mean, and the failed trials.

    The ``notes`` say why sets have not the official name.
    """
    parts = [render_tables(tables)]
    marks = [f"<li>{escape(mark)}</li>\n" for mark in [*explain(tables), *(notes or {}).values()]]
    parts += ["<ul>\n", *marks, "</ul>\n"] if marks else []
    rows = [map(escape, row) for row in failed_rows(failures)]
    parts += [_table("Failed", FAILED_COLUMNS, rows, "words")] if rows else []
    return "".join([_START, *parts, _END])


def render_tables(tables: Iterable[Table]) -> str:
    """Renders the tables alone, for a page around them; all text in them is escaped."""
    return "".join(map(_numbers, tables))


def _numbers(table: Table) -> str:
    rows = [
        [escape(name), *(format_number(number, _MARKS, _small) for number in numbers)] for name, numbers in table.rows
    ]
    return _table(table.title, ["method", *table.columns], rows, "numbers", table.shared)


def _table(caption: str, head: list[str], rows: Iterable[Iterable[str]], kind: str, note: str = "") -> str:
    """Renders a table in a box of its own to scroll; ``rows`` are HTML already."""
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    return "\n".join(
        [
            '<div class="wide" tabindex="0">',
            f'<table class="{kind}">',
            f"<caption>{escape(caption)}{_small(escape(note)) if note else ''}</caption>",
            f"<thead><tr>{columns}</tr></thead>",
            "<tbody>",
            *(_row(*row) for row in rows),
            "</tbody>",
            "</table>",
            "</div>",
            "",
        ]
    )


def _row(name: str, *cells: str) -> str:
    return f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _small(spread: str) -> str:
    return f"<small>{spread}</small>"
