"""Regular files: reads files and nothing else, for to open a pipe is to wait for ever."""

import errno
import re
import stat
import tomllib
from io import BufferedReader
from pathlib import Path
from typing import Any

from ffpms.errors import first_line

_TWICE = re.compile(r"(?:Cannot (?:overwrite|declare|mutate)|Duplicate).*(\(at .*\))")
"""What the parser says where a key or a table stands twice."""


def what_else(mode: int) -> str:
    """Names what a path is if it is no regular file; empty if it is one.

    Example:
        >>> what_else(stat.S_IFIFO), what_else(stat.S_IFREG)
        ('a pipe', '')
    """
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a device or socket"


def check_file(path: Path) -> Path:
    """Returns a path that a library is about to open, if it is a regular file or a link to one.

    Raises:
        FileNotFoundError: nothing is there.
        IsADirectoryError: it is a folder, a pipe, a socket or a device; the error says which.
    """
    if other := what_else(path.stat().st_mode):
        raise IsADirectoryError(errno.EISDIR, f"{other}, no file", str(path))
    return path


def open_file(path: Path) -> BufferedReader:
    """Opens a regular file for reading bytes; raises what :func:`check_file` does."""
    return check_file(path).open("rb")


def read_bytes(path: Path) -> bytes:
    """Reads a regular file; raises what :func:`check_file` does."""
    return check_file(path).read_bytes()


def read_text(path: Path, errors: str = "strict") -> str:
    """Reads a regular file as UTF-8; raises what :func:`check_file` does."""
    return check_file(path).read_text(encoding="utf-8", errors=errors)


def read_toml(path: Path) -> dict[str, Any]:
    """Reads a TOML file, which may begin with a byte order mark, as some editors write it.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no TOML, which :func:`explain_toml` explains.
        RecursionError: its lists or tables are nested too deep.
    """
    return tomllib.loads(read_text(path).removeprefix("\ufeff"))


def explain_toml(error: Exception, example: str) -> str:
    """Says why a file is no TOML, and what to do; ``example`` is a line of such a file.

    Example:
        >>> explain_toml(ValueError("Cannot overwrite a value (at line 2, column 6)"), "seed = 7")
        'a key or a table stands twice (at line 2, column 6); keep one of them'
    """
    if isinstance(error, RecursionError):
        return f"lists or tables are nested too deep; write lines such as {example}"
    if twice := _TWICE.match(str(error)):
        return f"a key or a table stands twice {twice[1]}; keep one of them"
    return f"no TOML ({first_line(error)}); write lines such as {example}"
