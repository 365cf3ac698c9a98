"""Shortcut audit: nothing about a crop but its content may tell real from fake."""

import numpy as np
from PIL import Image


def rim(crop: Image.Image) -> dict[str, float]:
    """What the four corners of a square crop, outside its inscribed circle and so outside the face, look like: their
    mean luma in levels, and the mean absolute Laplacian of their luma, a measure of sharpness."""
    luma = np.asarray(crop.convert("L"), np.float32)
    middle = (crop.width - 1) / 2
    y, x = np.ogrid[: crop.height, : crop.width]
    outside = (x - middle) ** 2 + (y - middle) ** 2 > (crop.width / 2) ** 2
    laplacian = 4 * luma[1:-1, 1:-1] - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:]
    sharpness = np.abs(laplacian)[outside[1:-1, 1:-1]].mean()
    return {"rim_luma": float(luma[outside].mean()), "rim_sharpness": float(sharpness)}
