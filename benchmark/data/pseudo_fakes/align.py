"""Alignment: similarity transforms of faces by their landmarks."""

import numpy as np

from ffpms.errors import not_installed

try:
    from skimage import transform
except ImportError:
    raise not_installed("scikit-image", "landmarks") from None

_TO_CENTRE = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
"""From px of the image to those of scikit-image, where the first pixel's centre is (0, 0)."""


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Rotation, scale and shift that map ``source`` onto ``target`` in least squares (Umeyama
    1991).

    Shape: source, target (N, 2) -> (3, 3), homogeneous.

    Example:
        >>> corners = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
        >>> similarity(corners, 2 * corners + 1).round(6).tolist()[0]
        [2.0, 0.0, 1.0]
    """
    return np.asarray(transform.estimate_transform("similarity", source, target).params)


def upright(points: np.ndarray, side: float, margin: float) -> np.ndarray:
    """Similarity that makes the eyes level and the points fill a square of ``side`` px, with a
    margin.

    This is the standard configuration of FWA.

    Shape: points (68, 2) -> (3, 3), homogeneous.
    """
    right, down = points[42:48].mean(axis=0) - points[36:42].mean(axis=0)
    angle = np.arctan2(down, right)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = points @ turn.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    scale = side / (margin * (high - low).max())
    matrix = np.eye(3)
    matrix[:2, :2] = scale * turn
    matrix[:2, 2] = side / 2 - scale * (low + high) / 2
    return matrix


def warp(image: np.ndarray, back: np.ndarray, side: int, order: int = 3) -> np.ndarray:
    """Warps an image: each place of a square of ``side`` px shows the image where ``back`` leads.

    Splines of this order interpolate. Beyond the image its border is repeated, so that nothing
    black comes in. The result is in single precision. Pillow cuts fractions off, and a pseudo-fake
    half a level darker gives itself away.

    Shape: image (h, w, 3), back (3, 3) -> (side, side, 3) float32.
    """
    indices = _TO_CENTRE @ back @ np.linalg.inv(_TO_CENTRE)
    seen = transform.warp(image.astype(np.float32), indices, output_shape=(side, side), order=order, mode="edge")
    return np.asarray(seen)
