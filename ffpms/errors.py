"""What can go wrong, said in one line: the file, what is wrong, what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FfpmsError(Exception):
    """Base of every error a user can mend; the command line prints it without a traceback and exits with 2."""


class ConfigError(FfpmsError):
    """A flag, a configuration file or an output folder does not fit."""


class ManifestError(FfpmsError):
    """A table or a split file is not what it should be."""


class StorageError(FfpmsError):
    """The disk does not take what is to be written."""


class MediaError(FfpmsError):
    """A video cannot be used; ``status`` says why in one of the words of :class:`ffpms.schema.Status`."""

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
    """Says in one line what keeps us from writing to ``path`` or below it.

    Raises:
        StorageError: the disk is full, read-only, or otherwise not willing.
    """
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "mend it, then run the same command again")
        raise StorageError(f"{error.filename or path}: {error.strerror or error}; {remedy}") from error


_FREE = "free some space, then run the same command again: what is done is kept"
_ALLOW = "make it writable or give another --out"
_REMEDIES = dict.fromkeys((errno.ENOSPC, errno.EDQUOT), _FREE) | dict.fromkeys((errno.EACCES, errno.EROFS), _ALLOW)
