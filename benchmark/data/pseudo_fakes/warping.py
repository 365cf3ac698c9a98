"""Warped faces, on which FWA is trained.

From Li and Lyu, "Exposing DeepFake Videos By Detecting Face Warping Artifacts", CVPRW 2019.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from benchmark.data.pseudo_fakes.align import upright, warp
from benchmark.data.pseudo_fakes.hull import draw_hull
from benchmark.data.pseudo_fakes.mask import deform, paste, soften

SCALES = (0.2, 0.8)
"""Range of the scale to which a face is shrunk."""
_SHAPES = ("whole", "brows-to-mouth")
_MARGIN = 1.3
_SIGMA = 1.1
"""Standard deviation that OpenCV takes for a kernel of 5."""


def warp_face(face: np.ndarray, points: np.ndarray, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Makes a pseudo-fake of one real face, and returns it with its mask (FWA, Section 3.1).

    The face is aligned, shrunk, blurred and warped back, like a face generated at a low resolution.
    It is then pasted within the hull of its landmarks.

    Shape: face (S, S, 3) uint8, points (68, 2) px -> (S, S, 3) uint8, (S, S) float32 in 0..1.
    """
    shape, scale = draw.choice(_SHAPES), draw.uniform(*SCALES)
    mask = soften(deform(draw_hull(points, len(face), shape), draw), draw)
    if not mask.any():
        return face, mask
    return paste(face, resample(face, points, scale), mask), mask


def resample(face: np.ndarray, points: np.ndarray, scale: float) -> np.ndarray:
    """Aligns the image, shrinks it to ``scale``, blurs it by a 5 x 5 Gaussian and warps it back.

    Shape: face (S, S, 3) uint8, points (68, 2) -> (S, S, 3) float32.
    """
    side = round(_MARGIN * float(np.ptp(points, axis=0).max()))
    there = upright(points, side, _MARGIN)
    aligned = Image.fromarray(np.rint(warp(face, np.linalg.inv(there), side, order=1)).astype(np.uint8))
    few = max(5, round(scale * side))
    small = np.asarray(aligned.resize((few, few), Image.Resampling.BILINEAR), np.float32)
    blurred = ndimage.gaussian_filter(small, (_SIGMA, _SIGMA, 0), radius=(2, 2, 0), mode="nearest")
    return warp(blurred, np.diag([few / side, few / side, 1]) @ there, len(face))
