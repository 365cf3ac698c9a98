"""Storage: files that appear whole or not at all."""

import errno
import glob
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import BinaryIO

from ffpms.errors import StorageError, writing
from ffpms.regular_files import what_else

PARTIAL = ".partial"
"""End of the name of a file that is being written."""

_STREAMS = "/proc"
"""Where links lead that stand for what a program has open, such as ``/dev/stdout``."""


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
