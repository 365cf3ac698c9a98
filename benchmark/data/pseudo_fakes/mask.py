"""Masks: bends a hull, softens its edge, and pastes a face through it."""

import numpy as np
from PIL import Image
from scipy import ndimage

_GRID = 8
_BEND, _SHIFT, _STRETCH, _TURN = 0.015, 0.03, 0.1, 0.1
"""Limits of the deformation.

They are the standard deviation of the grid's nodes and the largest shift, in sides; the largest
stretch; and the largest turn, in radians.
"""
_SOFTNESS = (0.005, 0.05)
"""Range of the standard deviation of the Gaussian blur, in sides."""


def deform(mask: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Deforms the mask by a random affine transform and random offsets of the nodes of a grid.

    This is the "random shape deformation" of Face X-ray, Section 4.1.

    Shape: (S, S) float32 -> (S, S) float32.
    """
    side = len(mask)
    place = np.indices(mask.shape, np.float32)  # (2, S, S): y, x
    angle, *stretch = draw.uniform(-1, 1, 3) * [_TURN, _STRETCH, _STRETCH]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * (1 + np.array(stretch))
    middle = ndimage.center_of_mass(mask) if mask.any() else (0.0, 0.0)
    centre = np.reshape(middle, (2, 1, 1)).astype(np.float32)
    shift = draw.uniform(-_SHIFT, _SHIFT, (2, 1, 1)).astype(np.float32) * side
    turned = np.einsum("ij,jyx->iyx", turn.astype(np.float32), place - centre)
    moved = turned + centre + shift + draw_offsets(side, _GRID, _BEND, draw)
    return np.asarray(ndimage.map_coordinates(mask, moved, order=1, mode="nearest"))


def draw_offsets(side: int, nodes: int, spread: float, draw: np.random.Generator) -> np.ndarray:
    """Draws offsets of the nodes of a grid, with a standard deviation of ``spread`` sides.

    Between the nodes they are cubic.

    Shape: -> (2, side, side) float32, down and right in px.
    """
    drawn = draw.normal(0, spread * side, (2, nodes, nodes)).astype(np.float32)
    return np.stack([np.asarray(Image.fromarray(n).resize((side, side), Image.Resampling.BICUBIC)) for n in drawn])


def soften(mask: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Blurs the mask by a Gaussian of random width; the image's border is no edge.

    Shape: (S, S) float32 -> (S, S) float32 in 0..1.
    """
    sigma = draw.uniform(*_SOFTNESS) * len(mask)
    return np.asarray(ndimage.gaussian_filter(mask, sigma, mode="nearest", truncate=3.0))


def paste(face: np.ndarray, other: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Pastes the other face through the mask, I = M F + (1 - M) B (Face X-ray, Eq. 1).

    It shows the other face where the mask is 1, and the face itself where it is 0.

    Shape: face (S, S, 3) uint8, other (S, S, 3) in 0..255, mask (S, S) -> (S, S, 3) uint8.

    Example:
        >>> face, other = np.zeros((1, 2, 3), np.uint8), np.full((1, 2, 3), 200)
        >>> paste(face, other, np.array([[0.0, 0.5]]))[0, :, 0].tolist()
        [0, 100]
    """
    weight = mask[..., None]
    return np.asarray(np.rint(weight * other + (1 - weight) * face).astype(np.uint8))
