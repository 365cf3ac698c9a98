"""Storage: files that appear whole or not at all, and locks between processes."""

import errno
import glob
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import BinaryIO

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from ffpms.errors import ConfigError, StorageError, writing
from ffpms.regular_files import open_file, read_text, what_else

PARTIAL = ".partial"
"""End of the name of a file that is being written."""

LOCK = ".lock"
"""File that a process locks while it works in a folder that is handed on."""

LOCKS = ".locks"
"""Folder of the locks, in a folder of runs."""

STANDING = ".taken"
"""End of the name of a file that stands for a lock."""

LIMIT_S = 6 * 3600.0
"""Seconds after which nobody waits any more for a lock for which a file stands."""

_STREAMS = "/proc"
"""Where links lead that stand for what a program has open, such as ``/dev/stdout``."""

_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)
"""Errors of file systems that have no locks, such as NFS without lockd."""

POLL_S = 1.0
"""Seconds between two looks at what another process has locked."""


@contextmanager
def whole_file(path: Path, durable: bool = True) -> Iterator[BinaryIO]:
    """Opens a new file that takes its name when it is whole: a reader sees the old one or the new.

    Until then its name has the process and a random number, so that no two write the same file.
    A ``durable`` file is on the disk before that: a power cut leaves the old one or the new.

    Raises:
        StorageError: the disk is full, or refuses for another reason. The old file is as it was.
            Or a folder, a pipe or a device has the name.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}")
    with writing(path):
        _check_name(path)
        try:
            with partial.open("xb") as file:
                _hold(file)
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def drop_abandoned(path: Path) -> None:
    """Removes what killed processes left half written of a file, not what one is writing now."""
    for left in path.parent.glob(f"{glob.escape(path.name)}.*-????????{PARTIAL}"):
        with suppress(OSError):
            with left.open("r+b") as file:
                is_abandoned = _hold(file)
            if is_abandoned:
                left.unlink()


def _hold(file: BinaryIO) -> bool:
    """Marks a file as in use until it is closed; returns False where that is not known."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # on Windows, which removes no open file
        return True
    except OSError:
        return False
    return True


def check_writable(path: Path) -> None:
    """Checks that a file can be made or replaced, before the work that it shows is done.

    Raises:
        StorageError: something else has its name, or its folder does not take it.
    """
    with writing(path):
        _check_name(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            TemporaryFile(dir=path.parent).close()
        except OSError as error:
            error.filename = str(path)
            raise


def _check_name(path: Path) -> None:
    """Refuses the name of what is no file: root could replace even ``/dev/null`` by one."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    is_stream = path.is_symlink() and path.readlink().is_relative_to(_STREAMS)
    if is_stream or (path.exists() and not path.is_file()):
        other = "the output of a program" if is_stream else what_else(path.stat().st_mode)
        raise FileExistsError(errno.EEXIST, f"is {other}, no file", str(path))


def temp_folder() -> Path:
    """Returns the folder of temporary files.

    Raises:
        StorageError: no folder takes any.
    """
    try:
        return Path(gettempdir())
    except FileNotFoundError as error:
        raise StorageError(f"{error.strerror}; free some space there, or set TMPDIR to another folder") from error


def write_whole(path: Path, text: str) -> None:
    """Writes a text file that can be made again, in one step: UTF-8 with the line ends it has."""
    with whole_file(path, durable=False) as file:
        file.write(text.encode())


def remove_partial(folder: Path, pattern: str = "*") -> None:
    """Removes what killed processes left half written; for whoever holds the lock of the folder.

    What cannot be removed, such as a folder of such a name, stays: nobody reads it.
    """
    for left in folder.glob(f"{pattern}{PARTIAL}"):
        with suppress(OSError):
            left.unlink()


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
