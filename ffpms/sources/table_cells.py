"""Table cells: reads a table of videos, CSV or Parquet, as text by its columns."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ffpms.errors import ManifestError, first_line, unreadable
from ffpms.regular_files import check_file, read_bytes

NEEDED = ("path", "label")
COLUMNS = (*NEEDED, "original", "person", "split", "manipulation", "segments")
_PARQUET, _ZIP = b"PAR1", b"PK\x03\x04"


def read_cells(table: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yields where each row stands, and its cells as text; empty lines are left out.

    Raises:
        ManifestError: it cannot be read, or has other columns than those of :data:`COLUMNS`.
    """
    try:
        data = read_bytes(table)
        is_parquet = table.suffix.lower() in (".parquet", ".pq") or data.startswith(_PARQUET)
        rows = _of_parquet(table) if is_parquet else _of_csv(table, _as_csv(table, data))
        yield from ((where, cells) for where, cells in rows if any(cells.values()))
    except IsADirectoryError as error:
        raise ManifestError(f"{table}: is {error.strerror}; give the table itself") from None
    except OSError as error:
        raise ManifestError(f"{table}: {unreadable(error)}") from None


def _as_csv(table: Path, data: bytes) -> str:
    """Returns the text of a CSV file.

    Raises:
        ManifestError: it is a spreadsheet, or not in UTF-8.
    """
    if data.startswith(_ZIP):
        raise ManifestError(f"{table}: is a spreadsheet or an archive; save it as CSV")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ManifestError(f"{table}: is not in UTF-8; save it as UTF-8")
    return text


def _of_csv(table: Path, text: str) -> Iterator[tuple[str, dict[str, str]]]:
    names: list[str] = []
    for where, cells in _csv_lines(table, text):
        if not names:
            names = _check_columns(table, [name.lower() for name in cells])
            continue
        if len(cells) > len(names):
            what = f"has {len(cells)} cells, not {len(names)}; put quotes around text"
            raise ManifestError(f"{table}: {where}: {what}")
        filled = [*cells, *[""] * (len(names) - len(cells))]
        yield where, dict(zip(names, filled, strict=True))
    if not names:
        raise ManifestError(f"{table}: is empty; it needs the columns {', '.join(NEEDED)}")


def _csv_lines(table: Path, text: str) -> Iterator[tuple[str, list[str]]]:
    """Yields where each line with text begins, and its cells without the empty last ones.

    Raises:
        ManifestError: quotes are not as CSV has them.
    """
    head = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    line = 1
    try:
        for cells in reader:
            filled = [cell.strip() for cell in cells]
            while filled and not filled[-1]:
                filled.pop()
            if filled:
                yield f"line {line}", filled
            line = reader.line_num + 1
    except csv.Error as error:
        what = "a quote is opened and not closed" if "end of data" in str(error) else str(error)
        raise ManifestError(f"{table}: line {line}: is no CSV ({what}); write a quote in text twice") from None


def _of_parquet(table: Path) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        rows = pd.read_parquet(check_file(table))
    except OSError as error:
        raise error if error.errno else ManifestError(f"{table}: no Parquet table ({first_line(error)})") from None
    except ValueError as error:
        raise ManifestError(f"{table}: no Parquet table ({first_line(error)})") from None
    rows.columns = pd.Index(_check_columns(table, [str(name).strip().lower() for name in rows.columns]))
    for number, row in enumerate(rows.to_dict("records"), 1):
        yield f"row {number}", {str(name): _as_text(value) for name, value in row.items()}


def _as_text(value: Any) -> str:
    """Writes a cell as CSV has it: whole numbers without a point, and nothing for no value."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    if isinstance(value, bytes):
        return value.decode(errors="replace").strip()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _check_columns(table: Path, names: list[str]) -> list[str]:
    missing = [name for name in NEEDED if name not in names]
    unknown = [name or "without a name" for name in names if name not in COLUMNS]
    if missing or unknown or len(set(names)) < len(names):
        what = f"column {', '.join(missing)} is missing" if missing else f"column {', '.join(unknown)} is unknown"
        if not missing and not unknown:
            what = f"column {next(name for name in names if names.count(name) > 1)} stands twice"
        raise ManifestError(f"{table}: {what}; it may have {', '.join(COLUMNS)}")
    return names
