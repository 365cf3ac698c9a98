"""Shown face: a crop as every detector and every page sees it, enlarged to the side of its set."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image


def enlarge(crop: np.ndarray, side: int) -> np.ndarray:
    """Enlarges a crop to ``side`` px by bicubic interpolation; one of that side stays as it is.

    Crops are stored at the size that their faces have in the video.

    Shape: (S, S, 3) uint8 -> (side, side, 3) uint8.

    Example:
        >>> enlarge(np.zeros((40, 40, 3), np.uint8), 64).shape
        (64, 64, 3)
    """
    if len(crop) == side:
        return crop
    from PIL import Image  # tables alone are read without it

    return enlarge_image(Image.fromarray(crop), side)


def enlarge_image(image: "Image", side: int) -> np.ndarray:
    """Enlarges a picture as :func:`enlarge` does an array.

    Shape: -> (side, side, 3) uint8.
    """
    from PIL.Image import Resampling

    return np.asarray(image if image.width == side else image.resize((side, side), Resampling.BICUBIC))
