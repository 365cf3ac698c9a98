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
        todo = remedy(error, "make it writable or write elsewhere")
        raise StorageError(f"{error.filename2 or error.filename or path}: {error.strerror or error}; {todo}") from error


def unreadable(error: OSError) -> str:
    """Says why a file cannot be read, and what to do: a disk that fails is no damaged file.

    Example:
        >>> unreadable(PermissionError(13, "Permission denied"))
        'cannot be read (Permission denied); make it readable'
    """
    return f"cannot be read ({error.strerror or error}); {remedy(error, 'make it readable')}"


def first_line(error: Exception) -> str:
    """Returns the first line of a library's message, or the error's class if it has none.

    Example:
        >>> first_line(ValueError("too short\\nat byte 7")), first_line(ValueError())
        ('too short', 'ValueError')
    """
    return (str(error).splitlines() or [type(error).__name__])[0]


def on_one_line(error: BaseException) -> str:
    """Returns all of a message on one line.

    Example:
        >>> on_one_line(ValueError("too short\\n  at byte 7"))
        'too short at byte 7'
    """
    return " ".join(str(error).split())


def remedy(error: OSError, permit: str) -> str:
    """Says what to do about an error of the file system; ``permit`` if something is not allowed.

    Example:
        >>> remedy(OSError(errno.ENAMETOOLONG, "File name too long"), "make it readable")
        'give a shorter path'
    """
    return permit if error.errno in _NOT_ALLOWED else _REMEDIES.get(error.errno or 0, _OTHERWISE)


OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of a whole file system, which no other file on it escapes."""

_OTHERWISE = "fix it, then run the same command again"
_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)
_BY_REMEDY: dict[str, tuple[str, ...]] = {
    "free some space, then run the same command again: what is done is kept": ("ENOSPC", "EDQUOT"),
    "look at the disk or its cable, which fails, or use another disk": ("EIO", "EUCLEAN", "ENODEV"),
    "mount the network disk anew, then run the same command again": ("ESTALE", "ENOTCONN", "EHOSTDOWN"),
    "check the path": ("ENOENT",),
    "check the path: a part of it is no folder": ("ENOTDIR",),
    "give another path: something else has this name": ("EEXIST", "EISDIR"),
    "give a shorter path": ("ENAMETOOLONG",),
    "remove the link, which leads to itself": ("ELOOP",),
    "end the program that uses it, or wait for it": ("EBUSY", "ETXTBSY"),
    "allow more open files (ulimit -n) or give fewer --workers": ("EMFILE", "ENFILE"),
    "use a disk that takes files of that size": ("EFBIG",),
    "give fewer --workers, or run it with more memory": ("ENOMEM", "EAGAIN"),
}
"""What to do, by the system's names of errors; a system may lack some of the names."""
_REMEDIES = {getattr(errno, n): todo for todo, names in _BY_REMEDY.items() for n in names if hasattr(errno, n)}
