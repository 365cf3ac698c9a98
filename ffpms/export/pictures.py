"""Pictures: the faces of a bag as PNG files, as they are stored or at one size."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ffpms.dataset.crops import read_crop_file
from ffpms.export.format import write_bytes
from ffpms.export.selection import ExportBag


def png_files(bag: ExportBag, size: int | None = None) -> list[bytes]:
    """Returns a PNG file a face, each checked against its hash.

    Without a size they are the stored files, byte for byte.

    Raises:
        ManifestError: a crop is not there, or is not the one that was built.
    """
    own = bag.record
    if size is not None:
        return [encode(face) for face in faces_at(bag, size)]
    return [read_crop_file(own.root, *crop, own.side) for crop in zip(own.crops, own.sha256, strict=True)]


def write_pngs(files: Sequence[Path], bag: ExportBag, size: int | None) -> None:
    """Writes a PNG file a face, as of :func:`png_files`.

    Raises:
        ManifestError: a crop is not there, or is not the one that was built.
    """
    for file, data in zip(files, png_files(bag, size), strict=True):
        write_bytes(file, data)


def faces_at(bag: ExportBag, size: int | None = None) -> np.ndarray:
    """Returns the faces at a size in px, by default the set's; Lanczos resizes them.

    Shape: -> (M, size, size, 3) uint8, RGB.

    Raises:
        ManifestError: a crop is not there, or is not the one that was built.
    """
    faces = bag.record.faces()
    if size in (None, bag.record.side) or not len(faces):
        return faces
    return np.stack(
        [np.asarray(Image.fromarray(face).resize((size, size), Image.Resampling.LANCZOS)) for face in faces]
    )


def encode(face: np.ndarray) -> bytes:
    """Encodes a face as PNG.

    Shape: (S, S, 3) uint8 -> bytes.
    """
    file = io.BytesIO()
    Image.fromarray(face).save(file, "PNG", compress_level=1)
    return file.getvalue()
