"""Errors: each is one line that names the file, what is wrong and what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FfpmsError(Exception):
    """Base of every error that a user can fix.

    The command line prints it without a traceback and exits with 2.

    Example:
        >>> try:
        ...     ffpms.load("nowhere")
        ... except ffpms.FfpmsError as error:
        ...     print(error)
        nowhere: no built set (build.json is not in it); make one with 'ffpms build'
    """


class ConfigError(FfpmsError):
    """A flag, a configuration file or an output folder does not fit."""


class ManifestError(FfpmsError):
    """A table or a split file is not what it should be."""


class StorageError(FfpmsError):
    """The disk does not accept what is to be written."""


class MediaError(FfpmsError):
    """A video cannot be used; ``status`` is one of the words of :class:`ffpms.schema.Status`.

    Example:
        >>> str(MediaError("a.mp4", "empty file; download it again", "unreadable"))
        'a.mp4: empty file; download it again'
    """

    def __init__(self, path: Path | str, reason: str, status: str) -> None:
        super().__init__(path, reason, status)
        self.path, self.reason, self.status = path, reason, status

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def not_installed(package: str, extra: str, instead: str = "") -> ConfigError:
    """The error for a package of an extra that is not there, with the command that installs it.

    pip takes an extra of an installed ffpms from what was installed, a clone or a wheel, and asks
    no index for ffpms.
    """
    return ConfigError(f"{package}: not installed; pip install 'ffpms[{extra}]'{instead}")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns a failure to write to ``path``, or below it, into an error of one line.

    Raises:
        StorageError: the disk is full or read-only, or refuses for another reason.
    """
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "fix it, then run the same command again")
        raise StorageError(f"{error.filename or path}: {error.strerror or error}; {remedy}") from error


_FREE = "free some space, then run the same command again: what is done is kept"
_ALLOW = "make it writable or give another --out"
_REMEDIES = dict.fromkeys((errno.ENOSPC, errno.EDQUOT), _FREE) | dict.fromkeys((errno.EACCES, errno.EROFS), _ALLOW)
