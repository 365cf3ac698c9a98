"""Table of verdicts: a CSV file with a row a file, which survives a kill at any moment."""

import csv
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.inference.verdict import FileVerdict
from benchmark.inference.wording import seconds_of
from ffpms.errors import ConfigError, unreadable, writing
from ffpms.extraction.decoding.any_video import FileStatus
from ffpms.locks import try_lock
from ffpms.regular_files import check_file
from ffpms.storage import check_writable, whole_file

COLUMNS = (
    *("path", "status", "error", "probability", "looks_fake", "people", "fake_people", "fake_seconds"),
    *("run", "trained_on", "settings", "bytes", "modified", "details"),
)
"""Columns: the verdict, what made it, and the state of the file; ``details`` is all of it."""

_LONGEST = 2**31 - 1
"""Longest field that is read: details of a long video are longer than the csv module expects."""

Row = dict[str, str]


@dataclass
class VerdictTable:
    """A table that is open to be continued.

    A row is written in one piece, and is on the disk before the next file is judged. The last row
    of a path is what counts, until the table is closed and has one row a path.
    """

    path: Path
    settings: str
    run_id: str
    rows: dict[str, Row] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def open(cls, path: Path, settings: str, run_id: str) -> Iterator["VerdictTable"]:
        """Opens a table, or makes one; half a row that a kill left is dropped.

        Raises:
            ConfigError: the file is something else, or another process continues it.
            StorageError: it cannot be written.
        """
        check_writable(path)
        with writing(path), try_lock(path.with_name(f".{path.name}.lock")) as owner:
            if owner:
                raise ConfigError(f"{path}: {owner} is writing it; wait, or give another --csv")
            table = cls(path, settings, run_id, _read(path))
            table._write()
            try:
                yield table
            finally:
                table._write()

    def find(self, file: Path) -> FileVerdict | None:
        """Returns the verdict of a file that is as it was, by the same model and settings.

        A file that could not be read is tried again: what kept it from being read may have gone.
        """
        row = self.rows.get(_key(str(file)))
        if row is None or row["status"] == FileStatus.UNREADABLE or self._stamp(str(file)).items() - row.items():
            return None
        return FileVerdict.from_json(json.loads(row["details"]))

    def add(self, verdict: FileVerdict) -> None:
        """Appends the row of a verdict."""
        row = _as_row(verdict) | self._stamp(verdict.path)
        with writing(self.path), self.path.open("ab") as file:
            file.write(_as_csv(row))
            file.flush()
            os.fsync(file.fileno())
        self.rows[row["path"]] = row

    def _stamp(self, file: str) -> Row:
        """Returns what a row must have in common with a file to stand for it."""
        try:
            stat = Path(file).stat()
            state = {"bytes": str(stat.st_size), "modified": str(stat.st_mtime_ns)}
        except OSError:
            state = {"bytes": "", "modified": ""}
        return {"run": self.run_id, "settings": self.settings} | state

    def _write(self) -> None:
        with whole_file(self.path) as file:
            file.write(b"".join([_as_csv(dict(zip(COLUMNS, COLUMNS, strict=True))), *map(_as_csv, self.rows.values())]))


def _key(path: str) -> str:
    """Spells out the bytes of a name that are no text, for a file of UTF-8."""
    return path.encode(errors="backslashreplace").decode()


def _as_row(verdict: FileVerdict) -> Row:
    fake = verdict.fake_tracks
    values: dict[str, Any] = {
        "path": _key(verdict.path),
        "status": verdict.status,
        "error": _key(verdict.error),
        "probability": verdict.probability,
        "looks_fake": None if verdict.looks_fake is None else int(verdict.looks_fake),
        "people": len(verdict.tracks),
        "fake_people": " ".join(str(track.track_id) for track in fake),
        "fake_seconds": "; ".join(f"person {track.track_id} {seconds_of(track, verdict.sampled)}" for track in fake),
        "trained_on": verdict.trained_on,
        "details": json.dumps(verdict.as_json()),
    }
    return {name: "" if value is None else str(value) for name, value in values.items()}


def _as_csv(row: Row) -> bytes:
    r"""Returns a line of the table; by its ``\r\n`` the csv module knows to quote a lone ``\r``."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([row[name] for name in COLUMNS])
    return text.getvalue().removesuffix("\r\n").encode() + b"\n"


def _read(path: Path) -> dict[str, Row]:
    """Reads the rows of a table by path; those that are not whole are left out."""
    csv.field_size_limit(_LONGEST)
    try:
        if not path.exists() or not path.stat().st_size:
            return {}
        with check_file(path).open(encoding="utf-8", errors="replace", newline="") as file:
            head, *rows = list(csv.reader(file))
    except (csv.Error, ValueError):
        head, rows = [], []
    except OSError as error:
        raise ConfigError(f"{path}: {unreadable(error)}") from error
    if tuple(head) != COLUMNS:
        raise ConfigError(f"{path}: is no table of 'ffpms predict' (or of another version); give another --csv")
    return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in rows if _is_whole(row)}


def _is_whole(row: list[str]) -> bool:
    if len(row) != len(COLUMNS):
        return False
    try:
        json.loads(row[-1])
    except ValueError:
        return False
    return True
