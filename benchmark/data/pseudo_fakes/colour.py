"""Colour: gives one face the colours of another, and jitters the colours of an image."""

import numpy as np
from PIL import Image, ImageEnhance

from ffpms.errors import not_installed

try:
    from skimage.color import lab2rgb, rgb2lab
except ImportError:
    raise not_installed("scikit-image", "landmarks") from None

_ENHANCERS = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color, ImageEnhance.Sharpness)
_CHANGE = 0.1


def transfer_colour(face: np.ndarray, model: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Gives the face the mean and standard deviation of the model's L, a and b within the mask.

    (x - mean_face) std_model / std_face + mean_model (Reinhard 2001, in CIE Lab).

    Shape: face, model (h, w, 3) in 0..255, mask (h, w), not all 0 -> (h, w, 3) float32 in 0..255.
    """
    own, wanted = (rgb2lab(image.astype(np.float32) / 255) for image in (face, model))
    (own_mean, own_std), (mean, std) = (_moments(lab, mask) for lab in (own, wanted))
    lab = (own - own_mean) * (std / np.maximum(own_std, 1e-3)) + mean
    lab[..., 0] = lab[..., 0].clip(0, 100)
    lab[..., 2] = np.minimum(lab[..., 2], 1.72 * (lab[..., 0] + 16))  # at 200 / 116 Z would be negative
    return np.asarray(255 * lab2rgb(lab))


def _moments(lab: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and standard deviation of each channel.

    Shape: lab (h, w, 3), mask (h, w) -> (3,), (3,).
    """
    weight = (mask / mask.sum()).astype(np.float32)
    mean = np.einsum("yx,yxc->c", weight, lab)
    return mean, np.sqrt(np.einsum("yx,yxc->c", weight, (lab - mean) ** 2))


def jitter(face: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Changes brightness, contrast, saturation and sharpness at random (FWA, Section 3.1).

    It is applied to real faces and pseudo-fakes alike.

    Shape: (S, S, 3) uint8 -> (S, S, 3) uint8.
    """
    image = Image.fromarray(face)
    for enhancer in _ENHANCERS:
        image = enhancer(image).enhance(draw.uniform(1 - _CHANGE, 1 + _CHANGE))
    return np.asarray(image)
