"""Perturbations of faces, each at 5 levels; all faces of a bag get the same one.

Kinds and levels are DeeperForensics-1.0's (Jiang et al., CVPR 2020), as its published code has
them. JPEG is by quality, as in ImageNet-C (Hendrycks and Dietterich, ICLR 2019): what that code
calls JPEG only resizes, and is here the kind ``resize``.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageEnhance
from scipy.ndimage import gaussian_filter

from benchmark.perturbation.compression import compress_video
from ffpms.dataset.bag import BagRecord
from ffpms.errors import ConfigError
from ffpms.hashing import digest
from ffpms.schema import PERTURBED_LEVELS

LEVELS = PERTURBED_LEVELS
_BLOCK_PX = 8
_PICTURE_PX = 256
"""Side of the picture that the numbers of blocks are for; a face has as many for its area."""
_GREY = 128
_SHORTEST_PX = 2
_RGB_OF_YCBCR = np.array([[1.164, 0.0, 1.596], [1.164, -0.392, -0.813], [1.164, 2.017, 0.0]])
"""BT.601: what a change of Y, Cb and Cr in their limited range is in R, G and B."""

Apply = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
"""Perturbs the faces of one person: faces (M, S, S, 3) uint8, amount, draw -> the same shape."""


@dataclass(frozen=True)
class Kind:
    """A kind of perturbation: what its amount is called, the amount of each level, and the step."""

    unit: str
    amounts: tuple[float, ...]
    apply: Apply


def _each(change: Callable[[Image.Image, float], Image.Image]) -> Apply:
    """Makes the step of a change that a picture undergoes by itself."""

    def apply(faces: np.ndarray, amount: float, _: np.random.Generator) -> np.ndarray:
        return np.stack([np.asarray(change(Image.fromarray(face), amount)) for face in faces])

    return apply


def _blur(faces: np.ndarray, kernel_px: float, _: np.random.Generator) -> np.ndarray:
    """Blurs with a Gaussian whose standard deviation is a sixth of its kernel."""
    sigma, reach = kernel_px / 6, int(kernel_px) // 2
    wide, radius = faces.astype(np.float32), (0, reach, reach, 0)
    blurred: np.ndarray = gaussian_filter(wide, (0, sigma, sigma, 0), mode="mirror", radius=radius)
    return _to_bytes(blurred)


def _compress(face: Image.Image, quality: float) -> Image.Image:
    file = BytesIO()
    face.save(file, "JPEG", quality=int(quality))
    return Image.open(file)


def _resize(face: Image.Image, factor: float) -> Image.Image:
    small = [max(_SHORTEST_PX, int(side / factor)) for side in face.size]
    bilinear = Image.Resampling.BILINEAR
    return face.resize((small[0], small[1]), bilinear).resize(face.size, bilinear)


def _add_blocks(faces: np.ndarray, number: float, draw: np.random.Generator) -> np.ndarray:
    """Covers places with grey squares, ``number`` of them in an area of 256 x 256 px."""
    side, changed = faces.shape[1], faces.copy()
    own = math.ceil(number * (side / _PICTURE_PX) ** 2)
    for top, left in draw.integers(0, max(1, side - _BLOCK_PX + 1), size=(own, 2)):
        changed[:, top : top + _BLOCK_PX, left : left + _BLOCK_PX] = _GREY
    return changed


def _add_noise(faces: np.ndarray, variance: float, draw: np.random.Generator) -> np.ndarray:
    """Adds white Gaussian noise to Y, Cb and Cr, of a variance in units of the whole range."""
    noise = 255 * math.sqrt(variance) * draw.standard_normal(faces.shape[1:])
    return _to_bytes(faces + noise @ _RGB_OF_YCBCR.T)


def _to_bytes(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


KINDS = {
    "saturation": Kind("colour left", (0.4, 0.3, 0.2, 0.1, 0.0), _each(lambda f, a: ImageEnhance.Color(f).enhance(a))),
    "contrast": Kind(
        "range left", (0.85, 0.725, 0.6, 0.475, 0.35), _each(lambda f, a: ImageEnhance.Brightness(f).enhance(a))
    ),
    "blocks": Kind("blocks", (16, 32, 48, 64, 80), _add_blocks),
    "noise": Kind("variance", (0.001, 0.002, 0.005, 0.01, 0.05), _add_noise),
    "blur": Kind("kernel", (7, 9, 13, 17, 21), _blur),
    "jpeg": Kind("quality", (25, 18, 15, 10, 7), _each(_compress)),
    "video": Kind("CRF", (30, 32, 35, 38, 40), lambda faces, crf, _: compress_video(faces, int(crf))),
    "resize": Kind("factor", (2, 3, 4, 5, 6), _each(_resize)),
}
"""The kinds by name, in the order of tables and figures."""


def choose_kinds(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the named kinds in their order; ``all`` names every one.

    Raises:
        ConfigError: there is no such kind, or none is named.

    Example:
        >>> choose_kinds(["jpeg", "blur"])
        ('blur', 'jpeg')
    """
    asked = set(names)
    if unknown := sorted(asked - {"all", *KINDS}):
        raise ConfigError(f"perturb: no such kind: {', '.join(unknown)}; choose from all, {', '.join(KINDS)}")
    if not asked:
        raise ConfigError(f"perturb: no kind is named; choose from all, {', '.join(KINDS)}")
    return tuple(name for name in KINDS if "all" in asked or name in asked)


def perturb(faces: np.ndarray, bag: BagRecord, kind: str, level: int) -> np.ndarray:
    """Perturbs all faces of a bag alike; level 0 gives them back.

    What is random is drawn once for a bag, from its name, the kind and the level. A video is made
    of each person's faces in the order of time.

    Shape: faces (M, S, S, 3) uint8, RGB -> (M, S, S, 3) uint8.
    """
    if not level:
        return faces
    chosen, tracks, changed = KINDS[kind], np.array(bag.tracks), np.empty_like(faces)
    for track in np.unique(tracks):
        draw = np.random.default_rng(int(digest(f"{bag.bag_id} {kind} {level}".encode()), 16))
        changed[tracks == track] = chosen.apply(faces[tracks == track], chosen.amounts[level - 1], draw)
    return changed
