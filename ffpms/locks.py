"""Locks between processes: each ends with its process, and says who has it."""

import errno
import glob
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from ffpms.errors import ConfigError, StorageError, writing
from ffpms.regular_files import open_file, read_text
from ffpms.storage import PARTIAL, write_whole

LOCK = ".lock"
"""File that a process locks while it works in a folder that is handed on."""

LOCKS = ".locks"
"""Folder of the locks, in a folder of runs."""

STANDING = ".taken"
"""End of the name of a file that stands for a lock."""

LIMIT_S = 6 * 3600.0
"""Seconds after which nobody waits any more for a lock for which a file stands."""

_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)
"""Errors of file systems that have no locks, such as NFS without lockd."""

POLL_S = 1.0
"""Seconds between two looks at what another process has locked."""


def take_lock(path: Path) -> BaseFileLock:
    """Locks a path for this process, or fails at once.

    On a file system without locks, a file that only exists stands for one. It is ``path`` with
    ``.taken`` at its end (docs/adr/0024-locks-and-checksums.md).

    Raises:
        filelock.Timeout: another process has it.
        OSError: its folder cannot be written to.
    """
    lock: BaseFileLock = FileLock(path)
    try:
        lock.acquire(blocking=False)
        if not isinstance(lock, SoftFileLock):
            return lock
        lock.release()  # newer filelocks let the file itself stand for it, which the next one takes for no lock
    except Timeout:
        if not _without_locks(path):
            raise
    except NotImplementedError:  # by an older filelock
        pass
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    lock = SoftFileLock(f"{path}{STANDING}")
    lock.acquire(blocking=False)
    return lock


def _without_locks(path: Path) -> bool:
    """Whether a file system has no locks: an older filelock takes that for another's lock."""
    try:
        import fcntl

        with open_file(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except ImportError:  # on Windows
        return False
    except OSError as error:
        return error.errno in _NO_LOCKS
    return False


def _how_to_free(path: Path) -> str:
    """Says which file stands for a lock, if one does: it outlives a process on another host."""
    standing = Path(f"{path}{STANDING}")
    return f" (delete {standing} if that one has ended)" if standing.exists() else ""


def names_in_work(folder: Path, first: str) -> list[str]:
    """Names what a process at work, or a kill, leaves in a folder before its ``first`` file.

    That is the lock, what is beside it, and the ``first`` file half written.
    """
    owner = _owner_of(folder / LOCK).name
    halves = [half.name for name in (owner, first) for half in folder.glob(f"{glob.escape(name)}.*{PARTIAL}")]
    return [LOCK, f"{LOCK}{STANDING}", owner, *halves]


def _owner_of(path: Path) -> Path:
    """Returns the file that says who has a lock.

    On Windows nobody can read the locked file itself.
    """
    return path.with_suffix(".owner")


@contextmanager
def try_lock(path: Path, stays: bool = True) -> Iterator[str]:
    """Locks a path for this process if it is free; else yields who has it: ``process 12 on host``.

    It is the operating system's lock, which ends with its process. The file stays, because a file
    that is removed and made again is another one, which two could lock. Only in folders that are
    handed on it does not, where the lock is never waited for.

    Raises:
        StorageError: the folder cannot be written to, or its locks cannot be had.
    """
    owner = _owner_of(path)
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock = take_lock(path)
            write_whole(owner, f"process {os.getpid()} on {socket.gethostname()}")
        except Timeout:
            taken = _read_owner(owner) + _how_to_free(path)
        else:
            taken = ""
    try:
        yield taken
    finally:
        if not taken:
            for left in (owner,) if stays else (owner, path):
                with suppress(OSError):  # on Windows a locked file is removed by its release
                    left.unlink()
            lock.release()


@contextmanager
def hold_folder(folder: Path, lock: Path, does: str) -> Iterator[None]:
    """Holds a folder that is handed on for this process; no file of the lock stays.

    ``does`` says what another process is about: ``is building in it``.

    Raises:
        ConfigError: another process has it.
        StorageError: its folder cannot be written to, or its locks cannot be had.
    """
    with try_lock(lock, stays=False) as owner:
        if owner:
            raise ConfigError(f"{folder}: {owner} {does}; wait for it or give another --out")
        yield


def _read_owner(path: Path) -> str:
    try:
        return read_text(path) or "another process"
    except (OSError, ValueError):
        return "another process"


@contextmanager
def wait_for_lock(path: Path, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Locks a path; while another process has it, waits, and tells ``on_wait`` once who that is.

    Raises:
        StorageError: the folder cannot be written to, or its locks cannot be had. Or a file has
            stood for the lock too long.
    """
    told, since_s = False, time.monotonic()
    while True:
        with try_lock(path) as owner:
            if not owner:
                yield
                return
        if not told:
            on_wait(owner)
        if _how_to_free(path) and time.monotonic() - since_s > LIMIT_S:
            raise StorageError(f"{path}: {owner} has had it for {LIMIT_S / 3600:g} hours, and no longer is waited for")
        told = True
        time.sleep(POLL_S)
