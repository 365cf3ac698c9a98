"""Nearest faces: chooses the face to blend onto another (Face X-ray, Section 4.1)."""

import numpy as np

from ffpms.errors import ConfigError


def nearest_other(
    points: np.ndarray, video: np.ndarray, index: int, draw: np.random.Generator, among: int = 100
) -> int:
    """Chooses the face with the nearest landmarks among ``among`` random faces of other videos.

    The distance is the mean squared distance, once each face's mean is 0 and its size 1.

    Shape: points (N, 68, 2) px, video (N,) of any names.

    Raises:
        ConfigError: every face is of the same video.
    """
    others = np.flatnonzero(video != video[index])
    if not len(others):
        raise ConfigError(f"{video[index]}: there is no other video to take a face from; build more of the train split")
    chosen = draw.choice(others, min(among, len(others)), replace=False)
    distance = ((normalise(points[chosen]) - normalise(points[index])) ** 2).sum(axis=(1, 2))
    return int(chosen[distance.argmin()])


def normalise(points: np.ndarray) -> np.ndarray:
    """Moves the points' mean to 0 and scales their root mean square distance from it to 1.

    Faces turned sideways stay so.

    Shape: (..., 68, 2) -> (..., 68, 2).
    """
    around = points - points.mean(axis=-2, keepdims=True)
    size = np.sqrt((around**2).sum(axis=(-2, -1), keepdims=True) / points.shape[-2])
    return np.asarray(around / np.maximum(size, 1e-9))
