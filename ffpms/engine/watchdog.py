"""Watchdog: records which file a worker processes, and ends the worker after a time limit."""

import faulthandler
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ffpms.errors import writing

_TOO_LONG = "Timeout"
_CRASH = "Fatal Python error: "


@dataclass(frozen=True)
class WorkerNote:
    """What is known of a dead worker: the file it processed, if any, and the cause of its end."""

    path: str = ""
    crash: str = ""
    timed_out: bool = False


@contextmanager
def watched(note: Path, limit_s: float) -> Iterator[Callable[[str], None]]:
    """Yields a function to call with the path of each file before the file is opened.

    The process is ended if ``limit_s`` seconds pass before the next call. The timer is
    faulthandler's, a thread in C. It fires although a decoder hangs and holds Python's lock. A
    timeout or a crash is written into the note, after the path of the file.

    Raises:
        StorageError: the note cannot be written or removed.
    """
    with writing(note):
        note.parent.mkdir(parents=True, exist_ok=True)
        file = note.open("wb", buffering=0)

    def begin_file(path: str) -> None:
        with writing(note):
            file.seek(0)
            file.truncate()
            file.write(f"{path}\n".encode())
        faulthandler.dump_traceback_later(limit_s, exit=True, file=file)

    with file:
        faulthandler.enable(file)
        try:
            yield begin_file
        finally:
            faulthandler.cancel_dump_traceback_later()
            faulthandler.disable()
    with writing(note):
        note.unlink(missing_ok=True)


def read_note(note: Path, cause: str = "") -> WorkerNote:
    """Reads the note of a dead worker, if there is one; ``cause`` is how its process ended."""
    try:
        path, *rest = note.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ValueError):
        return WorkerNote(crash=cause)
    first = rest[0] if rest else ""
    if first.startswith(_TOO_LONG):
        return WorkerNote(path, timed_out=True)
    return WorkerNote(path, first.removeprefix(_CRASH)) if first.startswith(_CRASH) else WorkerNote(path, cause)
