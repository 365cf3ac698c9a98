"""Self-blended faces, on which SBI is trained.

From Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022, Section 3.
The paper names the steps, and the authors' public code has the ranges.
"""

from io import BytesIO

import numpy as np
from PIL import Image
from scipy import ndimage

from benchmark.data.pseudo_fakes.align import warp
from benchmark.data.pseudo_fakes.blending import SHAPES
from benchmark.data.pseudo_fakes.hull import draw_hull
from benchmark.data.pseudo_fakes.mask import draw_offsets, paste

RATIOS = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)
"""Blend ratios, of which each is drawn equally often."""
_TINT, _TINTED = 20, 0.3
"""Largest shift of a channel in levels, and how often the channels are shifted."""
_SIZE, _RAISED = (2.0, 2.4), 0.3
"""Width and height of the crop on which the authors blend, and how far its middle is above that of
the points.

They are in widths and heights of the points. Shifts and edges are relative to that crop.
"""
_SHIFTS, _SCALE = (0.03, 0.015), 0.95
"""Largest shifts of the source, right and down, and its smallest scale; the largest is 1 / 0.95."""
_NODES, _BEND = 18, 0.0045
"""Grid of the elastic deformation: displacements of 1.2 px in 256, smooth over 14 px."""
_SIDES, _RADII, _SIGMAS = (192, 256), (2, 12), (5, 45)
"""Ranges of that crop's sides while the mask's edge is made, and of kernels and blur then, px."""


def self_blend(face: np.ndarray, points: np.ndarray, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Blends a face with itself: I = r M S + (1 - r M) T; also returns the mask r M.

    S and T are :func:`make_source_and_target`'s. S is then shifted and stretched a little, and its
    hull with it. r is drawn from RATIOS.

    Shape: face (S, S, 3) uint8, points (68, 2) px -> (S, S, 3) uint8, (S, S) float32 in 0..1.
    """
    side = len(face)
    middle, size = find_crop(points, side)
    source, target = make_source_and_target(face, draw)
    place = _misplace(middle, size, draw)
    hull = warp(draw_hull(points, side, draw.choice(SHAPES)), place, side, order=1)
    mask = draw.choice(RATIOS).astype(np.float32) * feather(_bend(hull, draw), size, draw)
    if not mask.any():
        return face, mask
    return paste(target, warp(source, place, side, order=1), mask), mask


def make_source_and_target(face: np.ndarray, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Makes two copies of a face, one of them changed in colour, and in sharpness or resolution.

    Which one is as likely as the other.

    Shape: (S, S, 3) uint8 -> (S, S, 3) in 0..255, (S, S, 3) uint8.
    """
    changed_source = draw.random() < 0.5
    changed = _recolour(face, 0.1, draw)
    changed = _coarsen(changed, draw.choice((2, 4))) if draw.random() < 0.5 else _sharpen(changed, draw)
    return (changed, face) if changed_source else (face, np.rint(changed).astype(np.uint8))


def find_crop(points: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Finds the crop on which the authors blend: its middle, and its width and height in px.

    Of points that are nearly one, or far apart, it has a quarter of the picture's side or four.

    Shape: points (68, 2) -> (2,), (2,).
    """
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2 - [0, _RAISED * (high - low)[1]]
    return middle, np.clip(_SIZE * (high - low), side / 4, 4 * side)


def vary(face: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Changes colour, light and compression at random: the paper's augmentation.

    It is applied to real faces and pseudo-fakes alike.

    Shape: (S, S, 3) uint8 -> (S, S, 3) uint8.
    """
    limit = 0.3 if draw.random() < 0.3 else 0.0
    changed = Image.fromarray(np.rint(_recolour(face, limit, draw)).astype(np.uint8))
    quality, compressed = int(draw.integers(40, 101)), draw.random() < 0.5
    if compressed:
        file = BytesIO()
        changed.save(file, "JPEG", quality=quality)
        changed = Image.open(file)
    return np.asarray(changed)


def feather(mask: np.ndarray, size: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Erodes the mask, then blurs it: where it ends lies within the hull or beyond it.

    Both are done at a random size and aspect, that of a crop of ``size`` px. The highest value
    stays 1.

    Shape: (S, S) float32 in 0..1, (2,) -> (S, S) float32 in 0..1.
    """
    sides = np.rint(draw.integers(*_SIDES, 2, endpoint=True) * len(mask) / size).astype(int).tolist()
    erosion, reach = draw.integers(*_RADII, 2, endpoint=True).tolist()
    sigma = draw.integers(*_SIGMAS, endpoint=True)
    small = np.asarray(Image.fromarray(mask).resize(sides, Image.Resampling.BILINEAR))
    core = (ndimage.minimum_filter(small, 2 * erosion + 1, mode="nearest") > 0.999).astype(np.float32)
    soft = ndimage.gaussian_filter(core, sigma, radius=reach, mode="nearest")
    whole = Image.fromarray(soft / max(float(soft.max()), 1e-9)).resize(mask.shape, Image.Resampling.BILINEAR)
    return np.asarray(whole).clip(0, 1)


def _recolour(face: np.ndarray, limit: float, draw: np.random.Generator) -> np.ndarray:
    """Shifts the channels, at times, and changes contrast and brightness by up to ``limit``.

    Shape: (S, S, 3) -> (S, S, 3) float32 in 0..255.
    """
    tint = draw.uniform(-_TINT, _TINT, 3) * (draw.random() < _TINTED)
    contrast, brightness = draw.uniform(-limit, limit, 2)
    return np.asarray(((face + tint) * (1 + contrast) + 255 * brightness).clip(0, 255).astype(np.float32))


def _coarsen(face: np.ndarray, factor: int) -> np.ndarray:
    """Keeps one of ``factor`` x ``factor`` pixels, in its place, and interpolates between them."""
    first = factor // 2
    few, side = face[first::factor, first::factor], len(face)
    move = 0.5 - (first + 0.5) / factor
    return warp(few, np.array([[1 / factor, 0, move], [0, 1 / factor, move], [0, 0, 1]]), side, order=1)


def _sharpen(face: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Mixes in the face less its neighbours: (1 - a) x + a ((8 + l) x - sum of 8 neighbours)."""
    share, light = draw.uniform(0.2, 0.5), draw.uniform(0.5, 1.0)
    around = 9 * ndimage.uniform_filter(face, (3, 3, 0), mode="nearest")
    return np.asarray(((1 - share) * face + share * ((9 + light) * face - around)).clip(0, 255), np.float32)


def _misplace(middle: np.ndarray, size: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Draws a shift, and a scale of each axis about the middle of a crop of ``size`` px.

    Returns where each place of the result was.

    Shape: (2,), (2,) -> (3, 3), homogeneous.
    """
    there = middle + draw.uniform(-1, 1, 2) * _SHIFTS * size
    scale = draw.uniform(_SCALE, 1 / _SCALE, 2)
    back = np.diag([*1 / scale, 1])
    back[:2, 2] = middle - there / scale
    return back


def _bend(mask: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Deforms the mask elastically, by smooth random displacements."""
    moved = np.indices(mask.shape, np.float32) + draw_offsets(len(mask), _NODES, _BEND, draw)
    return np.asarray(ndimage.map_coordinates(mask, moved, order=1, mode="nearest"))
