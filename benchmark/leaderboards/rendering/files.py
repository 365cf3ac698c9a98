"""Writes the files of a leaderboard."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from benchmark.leaderboards.rendering.html import render_html
from benchmark.leaderboards.rendering.latex import render_latex
from benchmark.leaderboards.rendering.markdown import render_markdown
from benchmark.leaderboards.rendering.tables import Table
from ffpms.errors import ConfigError, writing
from ffpms.storage import write_whole

FAILURES = "failures.csv"
FORMATS = ("csv", "md", "latex", "json", "html")


def check_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """Returns the formats.

    Raises:
        ConfigError: there is none, or one is unknown.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise ConfigError(f"format: {', '.join(unknown) or 'none'}; choose from {','.join(FORMATS)}")
    return tuple(formats)


def write_leaderboard(
    cells: pd.DataFrame,
    tables: Sequence[Table],
    out: Path,
    formats: tuple[str, ...],
    comparisons: pd.DataFrame,
    failures: pd.DataFrame,
    notes: Mapping[str, str],
) -> list[Path]:
    """Writes a leaderboard in the formats asked for, and returns the files.

    ``leaderboard.csv`` is long and ``.json`` has the same cells. ``.md``, ``.tex`` and ``.html``
    have the ``tables``, with a method a row, a manipulation a column. The comparisons stand beside
    the CSV and within the JSON. What failed stands beside the CSV, and within the Markdown and the
    HTML. The ``notes`` on the sets' names stand at the foot of the latter two, and in the captions
    of LaTeX.
    """
    texts: dict[str, str] = {}
    if "csv" in formats:
        texts |= {"leaderboard.csv": _csv(cells), "comparisons.csv": _csv(comparisons)}
        texts |= {} if failures.empty else {FAILURES: _csv(failures)}
    if "md" in formats:
        texts["leaderboard.md"] = render_markdown(tables, failures, notes)
    if "latex" in formats:
        texts["leaderboard.tex"] = render_latex(tables, notes)
    if "json" in formats:
        texts["leaderboard.json"] = render_json(cells, comparisons)
    if "html" in formats:
        texts["leaderboard.html"] = render_html(tables, failures, notes)
    files = write_texts(texts, out)
    if "csv" in formats and failures.empty:
        (out / FAILURES).unlink(missing_ok=True)
    return files


def write_texts(texts: Mapping[str, str], folder: Path) -> list[Path]:
    """Writes texts by the names of their files into a folder, and returns the files.

    Raises:
        StorageError: the folder cannot be written to.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_whole(folder / name, text)
    return [folder / name for name in texts]


def render_json(cells: pd.DataFrame, comparisons: pd.DataFrame | None = None) -> str:
    """Renders ``{"cells": [...], "comparisons": [...]}``, with one object a row and line.

    A number that is not there is null.
    """
    tables = {"cells": cells} | ({} if comparisons is None else {"comparisons": comparisons})
    return "{\n" + ",\n".join(f'"{name}": [\n{_json_rows(table)}\n]' for name, table in tables.items()) + "\n}\n"


def _json_rows(table: pd.DataFrame) -> str:
    return table.to_json(orient="records", lines=True, double_precision=10).rstrip().replace("\n", ",\n")


def _csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, lineterminator="\n", float_format="%.6f")
