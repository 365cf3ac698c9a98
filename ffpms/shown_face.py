"""Shown face: a crop as every detector and every page sees it, enlarged to the side of its set."""

import numpy as np


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

    return np.asarray(Image.fromarray(crop).resize((side, side), Image.Resampling.BICUBIC))
