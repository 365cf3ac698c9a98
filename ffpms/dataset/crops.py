"""Reads stored crops: PNG files inside their set, each checked against its hash, then enlarged."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ffpms.checks import shown
from ffpms.errors import ManifestError, first_line, unreadable
from ffpms.hashing import digest
from ffpms.regular_files import check_file, read_bytes
from ffpms.shown_face import enlarge_image
from ffpms.stored_paths import is_crop, is_inside

if TYPE_CHECKING:
    from PIL.Image import Image

_AGAIN = "run the same 'ffpms build' again"
_DISTRUST = "'ffpms build' writes no such set; do not use it"


def read_crop(root: Path, path: str, sha256: str, side: int) -> np.ndarray:
    """Decodes a crop of the built set in ``root``, and enlarges it to ``side`` px, as it is shown.

    Shape: -> (side, side, 3) uint8.

    Raises:
        ManifestError: the file is not there, lies outside the set, or is not the one that was
            built. Or it is no square RGB picture in PNG, or a larger one.
    """
    _check_inside(root, path)
    return read_own_crop(root, path, sha256, side)


def read_crop_file(root: Path, path: str, sha256: str, side: int) -> bytes:
    """Reads the PNG file of a crop as it is stored, to be copied; decodes nothing.

    Raises:
        ManifestError: as :func:`read_crop`, but for what only a decoder finds.
    """
    _check_inside(root, path)
    return _read_checked(root, path, sha256, side)


def _check_inside(root: Path, path: str) -> None:
    """Raises ManifestError if a link leads from a crop's path out of the set."""
    if is_crop(path) and not is_inside(root, path):
        raise ManifestError(f"{root / path}: leads out of the built set by a link; put the files themselves there")


def read_own_crop(root: Path, path: str, sha256: str, side: int) -> np.ndarray:
    """Decodes a crop as :func:`read_crop` does, behind a link too: a build reads its own.

    Shape: -> (side, side, 3) uint8.

    Raises:
        ManifestError: as :func:`read_crop`.
    """
    data = _read_checked(root, path, sha256, side)
    try:
        return decode_crop(data, side)
    except ValueError as error:
        raise ManifestError(f"{root / path}: {error}; {_DISTRUST}") from error


def _read_checked(root: Path, path: str, sha256: str, side: int) -> bytes:
    """Reads a crop's file and checks it against its hash."""
    if not is_crop(path):
        raise ManifestError(f"{root}: a table names {shown(path)} as a crop; {_DISTRUST}")
    data = _read(root / path, side)
    if digest(data) != sha256:
        raise _changed(root / path)
    return data


def _read(file: Path, side: int) -> bytes:
    """Reads a file if it is one, and no larger than a crop can be."""
    try:
        if check_file(file).stat().st_size > largest_crop(side):
            raise _changed(file)
        return read_bytes(file)
    except FileNotFoundError:
        raise ManifestError(f"{file}: not found; {_AGAIN}") from None
    except IsADirectoryError as error:
        raise ManifestError(f"{file}: {error.strerror}; remove it, then {_AGAIN}") from None
    except OSError as error:
        raise ManifestError(f"{file}: {unreadable(error)}") from error


def largest_crop(side: int) -> int:
    """Returns the number of bytes that no crop exceeds, however badly its pixels compress."""
    return 2 * 3 * side * side + 65_536


def _changed(file: Path) -> ManifestError:
    return ManifestError(f"{file}: not the crop that was built; delete {file.parents[1]} and {_AGAIN}")


def decode_crop(data: bytes, side: int) -> np.ndarray:
    """Decodes the bytes of a crop, and enlarges it to ``side`` px.

    Shape: -> (side, side, 3) uint8.

    Raises:
        ValueError: they are no square RGB picture in PNG, or a larger one; it says what they are.
    """
    image = _open(data)
    if image.width != image.height or image.width > side:
        raise ValueError(f"{image.width}x{image.height} px, no square of at most {side}x{side}")
    try:
        return enlarge_image(image, side)
    except Exception as error:  # a decoder raises anything on bytes that were made to break it
        raise ValueError(f"a damaged PNG ({first_line(error)})") from error


def check_crop(data: bytes) -> tuple[int, int]:
    """Checks colours and check sums of a crop's bytes; returns width and height in px.

    Decodes no pixel.

    Raises:
        ValueError: they are no RGB picture in PNG.
    """
    image = _open(data)
    try:
        image.verify()
    except Exception as error:
        raise ValueError(f"a damaged PNG ({first_line(error)})") from error
    return image.size


def _open(data: bytes) -> "Image":
    """Reads the header and tries no other format: to read EPS, Pillow would start Ghostscript."""
    from PIL import Image  # tables alone are read without it

    try:
        image = Image.open(io.BytesIO(data), formats=["PNG"])
    except Exception as error:
        raise ValueError("not a PNG file") from error
    if image.mode != "RGB":
        raise ValueError(f"a picture of mode {image.mode}, not RGB")
    return image
