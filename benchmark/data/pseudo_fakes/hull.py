"""Hulls: the part of a face that a pseudo-fake replaces, drawn from its landmarks."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull, QhullError

_LIFT = 0.5
"""Height of a forehead over the brows, in heights of the nose below them."""


def _whole(points: np.ndarray) -> np.ndarray:
    return points


def _forehead(points: np.ndarray) -> np.ndarray:
    """The points, and the brows once more, lifted away from the nose's base."""
    brows = points[17:27]
    return np.concatenate([points, brows + _LIFT * (brows.mean(axis=0) - points[33])])


def _inner(points: np.ndarray) -> np.ndarray:
    return points[17:]


def _lower(points: np.ndarray) -> np.ndarray:
    """From the nose's tip down, with jaw and chin."""
    return np.concatenate([points[3:14], points[30:36], points[48:]])


def _band(points: np.ndarray) -> np.ndarray:
    """Brows, eyes and nose."""
    return points[17:48]


def _brows_to_mouth(points: np.ndarray) -> np.ndarray:
    return np.concatenate([points[17:27], points[54:60], points[48:49]])


HULLS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "whole": _whole,
    "forehead": _forehead,
    "inner": _inner,
    "lower": _lower,
    "band": _band,
    "brows-to-mouth": _brows_to_mouth,
}
"""Name -> the points, of 68, whose convex hull it is."""


def draw_hull(points: np.ndarray, side: int, name: str = "whole") -> np.ndarray:
    """Draws the convex hull of the named points: 1 inside, 0 outside.

    It is 0 everywhere if the points span no area.

    Shape: points (68, 2) -> (side, side) float32.
    """
    mask = Image.new("L", (side, side))
    try:
        chosen = HULLS[name](points)
        corners = chosen[ConvexHull(chosen).vertices] - 0.5
    except QhullError:
        corners = np.empty((0, 2))
    if len(corners):
        ImageDraw.Draw(mask).polygon([(float(x), float(y)) for x, y in corners], fill=1)
    return np.asarray(mask, np.float32)
