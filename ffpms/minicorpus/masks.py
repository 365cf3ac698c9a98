"""Masks of fake faces: soft edges, and blur under them; no more is computed than the mask needs."""

import numpy as np
from scipy.ndimage import gaussian_filter


def feather(region: np.ndarray, sigma: float) -> np.ndarray:
    """Makes a soft mask that ends within the region.

    Shape: (H, W) -> (H, W) float32 in 0..1.
    """
    mask = np.zeros(region.shape, np.float32)
    box = _box(region, sigma)
    mask[box] = np.clip(2 * gaussian_filter(region[box], sigma) - 1, 0, 1) * (region[box] > 0)
    return mask


def soften(layers: np.ndarray, sigma: float, mask: np.ndarray) -> np.ndarray:
    """Blurs the colours, which are the first three layers, where the mask is.

    Shape: layers (H, W, 3 or more), mask (H, W) -> (H, W, 3) float32.
    """
    colours = np.zeros((*mask.shape, 3), np.float32)
    box = _box(mask, sigma)
    colours[box] = gaussian_filter(layers[box][..., :3], (sigma, sigma, 0))
    return colours


def _box(region: np.ndarray, sigma: float) -> tuple[slice, slice]:
    """Rows and columns of a region and of all that a Gaussian of this width reads for it."""
    far = int(4 * sigma + 0.5)
    found = [np.flatnonzero(region.any(axis=axis)) for axis in (1, 0)]
    rows, columns = (slice(max(at[0] - far, 0), at[-1] + far + 1) if len(at) else slice(0) for at in found)
    return rows, columns
