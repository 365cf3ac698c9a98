"""Compositing: measures colours under a mask, and puts a face on a frame where the mask is.

The functions are compiled by numba when they are first called, and kept on disk.
"""

import numba
import numpy as np


@numba.njit(cache=True)
def measure_colours(image: np.ndarray, tint: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each colour of an image times a tint, under weights that sum to 1.

    Shape: image (H, W, 3 or more), tint (3,), weight (H, W), all float32 -> (3,), (3,).
    """
    mean, variance = np.zeros(3, np.float32), np.zeros(3, np.float32)
    for y, x in np.ndindex(weight.shape):
        if weight[y, x] > 0:
            for c in range(3):
                mean[c] += image[y, x, c] * tint[c] * weight[y, x]
    for y, x in np.ndindex(weight.shape):
        if weight[y, x] > 0:
            for c in range(3):
                away = image[y, x, c] * tint[c] - mean[c]
                variance[c] += away * away * weight[y, x]
    return mean, variance


@numba.njit(cache=True)
def put_over(pixels: np.ndarray, face: np.ndarray, mask: np.ndarray, colours: np.ndarray) -> None:
    """Puts a face on pixels where a mask is, in place, with other colours.

    A colour v becomes (v * tint - mean) * gain + mean + shift.

    Shape: pixels (H, W, 3), face (H, W, 3 or more), mask (H, W), colours (4, 3) tint, mean, gain
    and shift, all float32.
    """
    tint, mean, gain, shift = colours
    one, none = np.float32(1), np.float32(0)
    for y, x in np.ndindex(mask.shape):
        share = mask[y, x]
        if share > 0:
            for c in range(3):
                colour = (face[y, x, c] * tint[c] - mean[c]) * gain[c] + mean[c] + shift[c]
                pixels[y, x, c] = pixels[y, x, c] * (one - share) + min(max(colour, none), one) * share


@numba.njit(cache=True)
def draw_over(pixels: np.ndarray, layers: np.ndarray, cover: int) -> None:
    """Draws premultiplied colours on pixels, in place: v becomes v * (1 - cover) + colour.

    Shape: pixels (H, W, 3), layers (H, W, C), colours first, both float32; cover is a channel of
    layers.
    """
    one = np.float32(1)
    for y, x in np.ndindex(pixels.shape[:2]):
        left = one - layers[y, x, cover]
        for c in range(3):
            pixels[y, x, c] = pixels[y, x, c] * left + layers[y, x, c]


@numba.njit(cache=True)
def blend(colour: np.ndarray, amount: np.ndarray, paint: np.ndarray, grain: np.ndarray) -> None:
    """Moves a colour towards paint * grain, in place.

    Shape: colour (H, W, 3), amount (H, W) in 0..1 and grain (H, W) float32, paint (3,) float64.
    """
    for y, x in np.ndindex(amount.shape):
        if amount[y, x] > 0:
            for c in range(3):
                colour[y, x, c] += (np.float32(paint[c] * grain[y, x]) - colour[y, x, c]) * amount[y, x]


@numba.njit(cache=True)
def to_bytes(image: np.ndarray) -> np.ndarray:
    """Converts 0..1 to bytes.

    Shape: (H, W, 3) float32 -> (H, W, 3) uint8.
    """
    values, out = image.reshape(-1), np.empty(image.size, np.uint8)
    for i in range(len(values)):
        out[i] = np.uint8(np.rint(values[i] * np.float32(255)))
    return out.reshape(image.shape)
