"""Table rows: reads the rows of a table of videos, and checks each on its own."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ffpms.checks import shown
from ffpms.errors import ManifestError
from ffpms.protocol.listing import Seconds
from ffpms.schema import ORIGINAL, Split
from ffpms.sources.table_cells import read_cells

FAKE = "fake"
"""The manipulation of a fake that names none."""

_LABELS = {"0": 0, "0.0": 0, "real": 0, "false": 0, "1": 1, "1.0": 1, "fake": 1, "true": 1}
_OF_REAL = ("", ORIGINAL, "real", "none")
"""What the manipulation of a real video may be called."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*")
_N_SHOWN = 3


@dataclass(frozen=True)
class Row:
    """A row of a table: where it stands (``line 3``), and what it says.

    ``path`` and ``original`` are absolute, with forward slashes; ``written`` and
    ``written_original`` are as the table has them. ``method`` is so too, ``manipulation`` its code.
    """

    where: str
    path: str
    written: str
    label: int
    original: str
    written_original: str
    person: str
    method: str
    split: str
    manipulation: str
    segments: tuple[Seconds, ...]


class Faults:
    """Collects what is wrong with a table, to tell it at once.

    ``wrong`` has the paths of rows that were not read: what refers to them is not at fault.
    """

    def __init__(self, table: Path) -> None:
        self.table = table
        self.wrong: set[str] = set()
        self._found: list[tuple[int, str]] = []

    def add(self, where: str, what: str) -> None:
        """Notes what is wrong with a row, and what to do."""
        self._found.append((int(where.split()[-1]), f"{where}: {what}"))

    def check(self) -> None:
        """Ends if anything was noted.

        Raises:
            ManifestError: the first three faults in the table's order, and how many more there are.
        """
        if self._found:
            lines = [line for _, line in sorted(self._found, key=lambda found: found[0])]
            more = len(lines) - _N_SHOWN
            rest = [f"and {more} more"] if more > 0 else []
            raise ManifestError(f"{self.table}: " + "; ".join([*lines[:_N_SHOWN], *rest]))


def read_rows(table: Path, base: Path, faults: Faults) -> list[Row]:
    """Reads the rows of a table; paths in it are relative to ``base``.

    Raises:
        ManifestError: it cannot be read, lists no video, or has other columns than it may have.
    """
    rows = [row for where, cells in read_cells(table) if (row := _read_row(where, cells, base, faults))]
    if not rows and not faults.wrong:
        raise ManifestError(f"{table}: lists no video; write a row for each below its columns")
    return rows


def _read_row(where: str, cells: Mapping[str, str], base: Path, faults: Faults) -> Row | None:
    """Reads one row; None if something is wrong with it, which is noted."""
    label = _LABELS.get(cells["label"].lower())
    wrong = list(_find_faults(cells, label))
    for what in wrong:
        faults.add(where, what)
    if wrong or label is None:
        faults.wrong.add(_place(cells["path"], base))
        return None
    method = cells.get("manipulation", "") or FAKE
    return Row(
        where=where,
        path=_place(cells["path"], base),
        written=cells["path"],
        label=label,
        original=_place(cells["original"], base) if cells.get("original") else "",
        written_original=cells.get("original", ""),
        person=cells.get("person", ""),
        method=ORIGINAL if label == 0 else method,
        split=_split(cells.get("split", "")) or "",
        manipulation=ORIGINAL if label == 0 else _code(method),
        segments=_segments(cells.get("segments", "")) or (),
    )


def _find_faults(cells: Mapping[str, str], label: int | None) -> Iterator[str]:
    """Yields what is wrong with the cells of a row."""
    if not cells["path"]:
        yield "has no path; write where the video is"
    for name in ("path", "original"):
        if _ADDRESS.match(cells.get(name, "")):
            yield f"{name} {cells[name]} is an address, and none is opened; download the file and write its path"
        if "\0" in cells.get(name, ""):
            yield f"{name} {shown(cells[name])} has a null byte, as no file's has; correct it"
    if label is None:
        yield f"label {cells['label']!r} is neither 0 nor 1, real nor fake"
    if label == 0 and cells.get("original"):
        yield "is real and names an original; leave that empty, or label it fake"
    if label == 0 and cells.get("segments"):
        yield "is real and has fake segments; leave them empty, or label it fake"
    if label == 0 and cells.get("manipulation", "").lower() not in _OF_REAL:
        yield f"is real and names a manipulation {cells['manipulation']!r}; leave that empty, or label it fake"
    if _split(cells.get("split", "")) is None:
        yield f"split {cells['split']!r} is none of {', '.join(Split)}"
    if _segments(cells.get("segments", "")) is None:
        yield f"segments {cells['segments']!r} are no seconds such as 1.5-3;7-9.25, each start before its end"
    if label == 1 and not _code(cells.get("manipulation", "")):
        yield f"manipulation {cells['manipulation']!r} is no name; give letters a to z or digits, and not {ORIGINAL}"


def _split(text: str) -> str | None:
    """Returns the split that a cell names, empty if it names none; None if it is unknown."""
    known = {"": "", "valid": "val", "validation": "val"} | {str(split): str(split) for split in Split}
    return known.get(text.lower())


def _code(text: str) -> str:
    """Returns the code of a manipulation, with dashes for what a code may not have."""
    code = re.sub(r"[^0-9A-Za-z]+", "-", text or FAKE).strip("-")[:16].strip("-")
    return "" if code.lower() == ORIGINAL else code


def _segments(text: str) -> tuple[Seconds, ...] | None:
    """Returns the fake seconds that a cell names; None if they cannot be read."""
    parts = [_PART.fullmatch(part) for part in re.split("[;,]", text) if part.strip()]
    found = [(float(part.group(1)), float(part.group(2))) for part in parts if part]
    return tuple(found) if len(found) == len(parts) and all(start < end for start, end in found) else None


def _place(text: str, base: Path) -> str:
    """Returns the absolute path of a video; a path may have the slashes of Windows."""
    path = base / with_home(text)
    if "\\" in text and not is_there(path):
        path = base / with_home(text.replace("\\", "/"))
    return Path(os.path.abspath(path)).as_posix()  # noqa: PTH100  # links are not followed


def is_there(path: Path) -> bool:
    """Whether a path leads to something; one too long, or that nobody may look at, does not."""
    with suppress(OSError):
        return path.exists()
    return False


def with_home(path: Path | str) -> Path:
    """Returns a path with the user's home for ``~``; a ``~name`` of nobody stays as it is."""
    return Path(os.path.expanduser(path))  # noqa: PTH111  # Path.expanduser() fails on nobody's home
