"""Table rows: reads a table of videos, CSV or Parquet, and checks each row on its own."""

import csv
import io
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ffpms.errors import ManifestError, first_line, unreadable
from ffpms.protocol.listing import Seconds
from ffpms.regular_files import check_file, read_text
from ffpms.schema import ORIGINAL, Split

NEEDED = ("path", "label")
COLUMNS = (*NEEDED, "original", "person", "split", "manipulation", "segments")
FAKE = "fake"
"""The manipulation of a fake that names none."""

_LABELS = {"0": 0, "real": 0, "false": 0, "1": 1, "fake": 1, "true": 1}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*")
_N_SHOWN = 3


@dataclass(frozen=True)
class Row:
    """A row of a table: where it stands (``line 3``), and what it says.

    ``path`` and ``original`` are absolute, with forward slashes.
    """

    where: str
    path: str
    label: int
    original: str
    person: str
    split: str
    manipulation: str
    segments: tuple[Seconds, ...]


class Faults:
    """Collects what is wrong with a table, to tell it at once."""

    def __init__(self, table: Path) -> None:
        self.table = table
        self._lines: list[str] = []

    def add(self, where: str, what: str) -> None:
        """Notes what is wrong with a row, and what to do."""
        self._lines.append(f"{where}: {what}")

    def check(self) -> None:
        """Ends if anything was noted.

        Raises:
            ManifestError: the first three faults, and how many more there are.
        """
        if self._lines:
            more = len(self._lines) - _N_SHOWN
            rest = [f"and {more} more row{'s' * (more > 1)}"] if more > 0 else []
            raise ManifestError(f"{self.table}: " + "; ".join([*self._lines[:_N_SHOWN], *rest]))


def read_rows(table: Path, base: Path, faults: Faults) -> list[Row]:
    """Reads the rows of a table; paths in it are relative to ``base``.

    Raises:
        ManifestError: it cannot be read, or has other columns than those of :data:`COLUMNS`.
    """
    return [row for where, cells in _cells(table) if (row := _read_row(where, cells, base, faults))]


def _cells(table: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yields where each row stands, and its cells as text; empty lines are left out."""
    try:
        rows = _of_parquet(table) if table.suffix.lower() in (".parquet", ".pq") else _of_csv(table)
        yield from ((where, cells) for where, cells in rows if any(cells.values()))
    except OSError as error:
        raise ManifestError(f"{table}: {unreadable(error)}") from None
    except UnicodeDecodeError:
        raise ManifestError(f"{table}: is not in UTF-8; save it as UTF-8") from None
    except csv.Error as error:
        raise ManifestError(f"{table}: is no CSV table ({error})") from None


def _of_csv(table: Path) -> Iterator[tuple[str, dict[str, str]]]:
    text = read_text(table).removeprefix("\ufeff")
    head = next((line for line in text.splitlines() if line.strip()), "")
    mark = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    names: list[str] = []
    line = 1
    for cells in reader:
        where, line = f"line {line}", reader.line_num + 1
        if not names and any(cell.strip() for cell in cells):
            names = _check_columns(table, [cell.strip().lower() for cell in cells])
        elif names and any(cell.strip() for cell in cells):
            if len(cells) > len(names):
                what = f"has {len(cells)} cells, not {len(names)}; put quotes around text"
                raise ManifestError(f"{table}: {where}: {what}")
            filled = [*cells, *[""] * (len(names) - len(cells))]
            yield where, {name: cell.strip() for name, cell in zip(names, filled, strict=True)}
    if not names:
        raise ManifestError(f"{table}: is empty; it needs the columns {', '.join(NEEDED)}")


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
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _check_columns(table: Path, names: list[str]) -> list[str]:
    missing = [name for name in NEEDED if name not in names]
    unknown = [name or "without a name" for name in names if name not in COLUMNS]
    if missing or unknown or len(set(names)) < len(names):
        what = f"column {', '.join(missing)} is missing" if missing else f"column {', '.join(unknown)} is unknown"
        if not missing and not unknown:
            what = "a column stands twice"
        raise ManifestError(f"{table}: {what}; it may have {', '.join(COLUMNS)}")
    return names


def _read_row(where: str, cells: Mapping[str, str], base: Path, faults: Faults) -> Row | None:
    """Reads one row; None if something is wrong with it, which is noted."""
    label = _LABELS.get(cells["label"].lower())
    wrong = list(_find_faults(cells, label))
    for what in wrong:
        faults.add(where, what)
    if wrong or label is None:
        return None
    return Row(
        where=where,
        path=_place(cells["path"], base),
        label=label,
        original=_place(cells["original"], base) if cells.get("original") else "",
        person=cells.get("person", ""),
        split=_split(cells.get("split", "")) or "",
        manipulation=ORIGINAL if label == 0 else _code(cells.get("manipulation", "")),
        segments=_segments(cells.get("segments", "")) or (),
    )


def _find_faults(cells: Mapping[str, str], label: int | None) -> Iterator[str]:
    """Yields what is wrong with the cells of a row."""
    if not cells["path"]:
        yield "has no path; write where the video is"
    if label is None:
        yield f"label {cells['label']!r} is neither 0 nor 1, real nor fake"
    if label == 0 and cells.get("original"):
        yield "is real and names an original; leave that empty, or label it fake"
    if label == 0 and cells.get("segments"):
        yield "is real and has fake segments; leave them empty, or label it fake"
    if _split(cells.get("split", "")) is None:
        yield f"split {cells['split']!r} is none of {', '.join(Split)}"
    if _segments(cells.get("segments", "")) is None:
        yield f"segments {cells['segments']!r} are no seconds such as 1.5-3;7-9.25, each start before its end"
    if label == 1 and not _code(cells.get("manipulation", "")):
        yield f"manipulation {cells['manipulation']!r} is no name; give letters and digits, and not {ORIGINAL}"


def _split(text: str) -> str | None:
    """Returns the split that a cell names, empty if it names none; None if it is unknown."""
    known = {"": "", "valid": "val", "validation": "val"} | {str(split): str(split) for split in Split}
    return known.get(text.lower())


def _code(text: str) -> str:
    """Returns the code of a manipulation, with dashes for what a code may not have."""
    code = re.sub(r"[^0-9A-Za-z]+", "-", text).strip("-")[:16].strip("-") if text else FAKE
    return "" if code.lower() == ORIGINAL else code


def _segments(text: str) -> tuple[Seconds, ...] | None:
    """Returns the fake seconds that a cell names; None if they cannot be read."""
    parts = [_PART.fullmatch(part) for part in re.split("[;,]", text) if part.strip()]
    found = [(float(part.group(1)), float(part.group(2))) for part in parts if part]
    return tuple(found) if len(found) == len(parts) and all(start < end for start, end in found) else None


def _place(text: str, base: Path) -> str:
    """Returns the absolute path of a video; a path may have the slashes of Windows."""
    path = base / Path(text).expanduser()
    if "\\" in text and not path.exists():
        path = base / Path(text.replace("\\", "/")).expanduser()
    return Path(os.path.abspath(path)).as_posix()  # noqa: PTH100  # links are not followed
