"""Storage: files that appear whole or not at all, and locks between processes."""

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from ffpms.errors import writing

PARTIAL = ".partial"
"""End of the name of a file that is being written."""

LOCKS = ".locks"
"""Folder of the locks, in a folder of runs."""

POLL_S = 1.0
"""Seconds between two looks at what another process has locked."""


@contextmanager
def whole_file(path: Path, durable: bool = True) -> Iterator[BinaryIO]:
    """Opens a new file that takes its name when it is whole: a reader sees the old one or the new.

    Until then its name has the process and a random number, so that no two write the same file.
    A ``durable`` file is on the disk before that: a power cut leaves the old one or the new.

    Raises:
        StorageError: the disk is full, or refuses for another reason. The old file is as it was.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}")
    with writing(path):
        try:
            with partial.open("xb") as file:
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Writes a text file that can be made again, in one step: UTF-8 with the line ends it has."""
    with whole_file(path, durable=False) as file:
        file.write(text.encode())


def remove_partial(folder: Path, pattern: str = "*") -> None:
    """Removes what killed processes left half written; for whoever holds the lock of the folder."""
    for left in folder.glob(f"{pattern}{PARTIAL}"):
        left.unlink(missing_ok=True)


@contextmanager
def try_lock(path: Path) -> Iterator[str]:
    """Locks a path for this process if it is free; else yields who has it: ``process 12 on host``.

    It is the operating system's lock, which ends with its process. The file stays, because a file
    that is removed and made again is another one, which two could lock. On a file system without
    locks, a file that only exists stands for one (docs/adr/0010-one-build-a-folder.md).

    Raises:
        StorageError: the folder cannot be written to, or its locks cannot be had.
    """
    lock, owner = FileLock(path), path.with_suffix(".owner")
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=False)
            owner.write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
        except Timeout:
            taken = _read_owner(owner)
        else:
            taken = ""
    try:
        yield taken
    finally:
        if not taken:
            owner.unlink(missing_ok=True)
            lock.release()


def _read_owner(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") or "another process"
    except (OSError, ValueError):
        return "another process"


@contextmanager
def wait_for_lock(path: Path, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Locks a path; while another process has it, waits, and tells ``on_wait`` once who that is.

    Raises:
        StorageError: the folder cannot be written to, or its locks cannot be had.
    """
    told = False
    while True:
        with try_lock(path) as owner:
            if not owner:
                yield
                return
        if not told:
            on_wait(owner)
        told = True
        time.sleep(POLL_S)
