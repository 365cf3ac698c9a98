"""Blended faces, on which Face X-ray is trained.

From Li et al., "Face X-ray for More General Face Forgery Detection", CVPR 2020, Sections 3 and 4.
"""

import numpy as np

from benchmark.data.pseudo_fakes.align import similarity, warp
from benchmark.data.pseudo_fakes.colour import transfer_colour
from benchmark.data.pseudo_fakes.hull import draw_hull
from benchmark.data.pseudo_fakes.mask import deform, paste, soften

SHAPES = ("whole", "forehead", "inner", "lower", "band")
"""Hulls, of which each is drawn equally often."""


def blend(
    background: np.ndarray,
    background_points: np.ndarray,
    foreground: np.ndarray,
    foreground_points: np.ndarray,
    draw: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Blends the foreground's face onto the background: I = M F + (1 - M) B (Eq. 1).

    The face is aligned by landmarks and given the background's colours. The mask M is a hull of
    random shape that is bent and blurred. Also returns the face X-ray, B = 4 M (1 - M) (Eq. 3).

    Shape: background (S, S, 3), foreground (T, T, 3) uint8, points (68, 2) px -> (S, S, 3) uint8,
    (S, S) float32 in 0..1.
    """
    side = len(background)
    mask = soften(deform(draw_hull(background_points, side, draw.choice(SHAPES)), draw), draw)
    if not mask.any():
        return background, mask
    aligned = warp(foreground, similarity(background_points, foreground_points), side)
    toned = _match_colours(aligned, background, mask)
    return paste(background, toned, mask), boundary(mask)


def boundary(mask: np.ndarray) -> np.ndarray:
    """Face X-ray of a mask, B = 4 M (1 - M) (Eq. 3).

    It is 1 where both faces weigh the same, and 0 where one is alone.

    Shape: (S, S) -> (S, S).

    Example:
        >>> boundary(np.array([[0.0, 0.5, 1.0]])).tolist()
        [[0.0, 1.0, 0.0]]
    """
    return np.asarray(4 * mask * (1 - mask))


def _match_colours(face: np.ndarray, model: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Gives the face the model's colours where the mask shows it.

    Shape: face (S, S, 3) float32, model (S, S, 3) uint8, mask (S, S) -> (S, S, 3) float32.
    """
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    seen = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    toned = face.copy()
    toned[seen] = transfer_colour(face[seen], model[seen], mask[seen])
    return toned
