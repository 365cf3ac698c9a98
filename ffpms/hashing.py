"""Hashing: SHA-256 digests of bytes and of source code."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from ffpms.regular_files import open_file, read_bytes

_OF_CODE = (".py", ".svm")
"""How files end that decide a result: modules, and the face detector beside them."""


def digest(data: bytes) -> str:
    """Returns the SHA-256 of bytes in hex.

    Example:
        >>> digest(b"")[:8]
        'e3b0c442'
    """
    return hashlib.sha256(data).hexdigest()


def code_digest(root: Path, parts: Iterable[str]) -> str:
    """SHA-256 of code: of the paths of its files below ``root``, and of what they hold.

    They are the files that ``parts`` name, and those in the folders that ``parts`` name. The order
    of ``parts`` and the platform's line ends change nothing.
    """
    files = sorted({file for part in parts for file in _code_files(root / part)})
    lines = [f"{file.relative_to(root).as_posix()} {digest(_text(file))}\n" for file in files]
    return digest("".join(lines).encode())


def _code_files(path: Path) -> Iterable[Path]:
    return (file for file in path.rglob("*") if file.suffix in _OF_CODE) if path.is_dir() else [path]


def _text(file: Path) -> bytes:
    return read_bytes(file).replace(b"\r\n", b"\n")


def file_digest(path: Path) -> str:
    """SHA-256 of a file of any length.

    Raises:
        OSError: it cannot be read, or is a folder, a pipe or the like.
    """
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
