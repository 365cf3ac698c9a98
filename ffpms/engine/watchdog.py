"""Watchdog: records the file that a worker processes and ends the worker after a time limit."""

import faulthandler
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ffpms.errors import writing

_TOO_LONG = "Timeout"
_CRASH = "Fatal Python error: "


@dataclass(frozen=True)
class LastWords:
    """The file a dead worker was at, if any, and what ended it, as far as it could tell."""

    path: str = ""
    crash: str = "killed; out of memory?"
    took_too_long: bool = False


@contextmanager
def watch(note: Path, limit_s: float) -> Iterator[Callable[[str], None]]:
    """Gives a function to be called with each file before it is touched, and ends this process if ``limit_s`` pass
    before the next call. The timer is faulthandler's, a thread in C: it fires though a decoder hangs and holds
    Python's lock. It and a crash write into the note, after the file's path.

    Raises:
        StorageError: the note cannot be written.
    """
    with writing(note):
        note.parent.mkdir(parents=True, exist_ok=True)
        file = note.open("wb", buffering=0)

    def at(path: str) -> None:
        with writing(note):
            file.seek(0)
            file.truncate()
            file.write(f"{path}\n".encode())
        faulthandler.dump_traceback_later(limit_s, exit=True, file=file)

    with file:
        faulthandler.enable(file)
        try:
            yield at
        finally:
            faulthandler.cancel_dump_traceback_later()
            faulthandler.disable()
    note.unlink(missing_ok=True)


def last_words(note: Path) -> LastWords:
    """What a dead worker's note says, if there is one."""
    try:
        path, *rest = note.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ValueError):
        return LastWords()
    first = rest[0] if rest else ""
    if first.startswith(_TOO_LONG):
        return LastWords(path, took_too_long=True)
    return LastWords(path, first.removeprefix(_CRASH)) if first.startswith(_CRASH) else LastWords(path)
