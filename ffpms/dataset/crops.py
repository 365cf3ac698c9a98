"""Reads a stored crop and checks it against its hash."""

import io
from pathlib import Path

import numpy as np

from ffpms.errors import ManifestError
from ffpms.hashing import digest


def read_crop(root: Path, path: str, sha256: str) -> np.ndarray:
    """Decodes a crop of the built set in ``root``.

    Shape: -> (S, S, 3) uint8.

    Raises:
        ManifestError: the file is not there, or is not the one that was built.
    """
    from PIL import Image  # tables alone are read without it

    try:
        data = (root / path).read_bytes()
    except OSError:
        raise ManifestError(f"{root / path}: not found; run the same 'ffpms build' again") from None
    if digest(data) != sha256:
        folder = (root / path).parents[1]
        raise ManifestError(f"{root / path}: not the crop that was built; delete {folder} and run 'ffpms build' again")
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
