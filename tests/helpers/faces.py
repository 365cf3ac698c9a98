"""Faces for tests without a picture of anybody: 68 points laid out as 300-W counts them, and pixels of noise."""

import numpy as np


def face_points(side: float = 128.0) -> np.ndarray:
    """An upright face that fills most of a picture.

    Shape: -> (68, 2).
    """
    angle = np.linspace(np.pi, 0, 17)
    jaw = np.stack([0.5 + 0.35 * np.cos(angle), 0.4 + 0.5 * np.sin(angle)], axis=1)
    brows = [_line(0.22, 0.3, 0.43, 0.3, 5), _line(0.57, 0.3, 0.78, 0.3, 5)]
    nose = [_line(0.5, 0.38, 0.5, 0.55, 4), _line(0.43, 0.6, 0.57, 0.6, 5)]
    eyes = [_ring(x, 0.4, 0.06, 0.02, 6) for x in (0.33, 0.67)]
    mouth = [_ring(0.5, 0.73, 0.12, 0.05, 12), _ring(0.5, 0.73, 0.08, 0.02, 8)]
    return np.concatenate([jaw, *brows, *nose, *eyes, *mouth]) * side


def _line(x0: float, y0: float, x1: float, y1: float, count: int) -> np.ndarray:
    return np.linspace([x0, y0], [x1, y1], count)


def _ring(x: float, y: float, wide: float, high: float, count: int) -> np.ndarray:
    """Clockwise from the left, as mouths and eyes are counted."""
    angle = np.pi + np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([x + wide * np.cos(angle), y + high * np.sin(angle)], axis=1)


def noise(seed: int, side: int = 128) -> np.ndarray:
    """Blotches of skin colour, (side, side, 3) uint8."""
    draw = np.random.default_rng(seed)
    coarse = draw.normal([180, 130, 110], 25, (side // 4 + 1, side // 4 + 1, 3))
    fine = np.repeat(np.repeat(coarse, 4, axis=0), 4, axis=1)[:side, :side] + draw.normal(0, 6, (side, side, 3))
    return fine.clip(0, 255).astype(np.uint8)
