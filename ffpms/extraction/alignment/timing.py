"""Timing: which frame of a real video a fake's frame shows, and how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from PIL import Image

from ffpms.extraction.alignment.registration import Geometry
from ffpms.extraction.boxes import Box

SURE = 0.95
"""That two videos run together, or do not, is believed when so large a share of resamples say so."""

REACH = 4
OFFSETS = range(-REACH, REACH + 1)
"""Offsets in time that are tried, in frames."""
_NEAREST = np.array(sorted(OFFSETS, key=abs))

_MADE_UP = 1.3
"""Manipulations reach this far, in sides of a face's box."""

_SHORT_SIDE = 480
_ENOUGH = 150
"""What is around a face is compared in every so many rows and columns that about as many of each are left."""

_RESAMPLES = 200
_FOLDS = 5


@dataclass(frozen=True)
class Small:
    """The luma of a frame, halved until its shorter side is below 960 px: fine enough to tell a frame from the next."""

    image: Image.Image
    factor: int

    @classmethod
    def of(cls, luma: np.ndarray) -> "Small":
        factor = max(1, min(luma.shape) // _SHORT_SIDE)
        return cls(Image.fromarray(luma).reduce(factor) if factor > 1 else Image.fromarray(luma), factor)

    def cut(self, box: Box, size: tuple[int, int], every: int = 1) -> np.ndarray:
        """The box, given in px of the whole frame, at ``size`` (width, height) px, in every so many rows and columns.

        Shape: (ceil(height / every), ceil(width / every)) float32.
        """
        b = box.scaled(1 / self.factor)
        if b == Box(b.x, b.y, *size).within(*self.image.size):  # needs no resampling
            return np.asarray(self.image)[b.rows, b.columns][::every, ::every].astype(np.float32)
        right, bottom = min(b.x + b.w, self.image.width), min(b.y + b.h, self.image.height)
        corners = (max(b.x, 0.0), max(b.y, 0.0), right, bottom)
        cut = self.image.resize(size, Image.Resampling.BILINEAR, box=corners)
        return np.asarray(cut)[::every, ::every].astype(np.float32)


@dataclass(frozen=True)
class Surroundings:
    """What a real video shows in and around a face at every offset from a frame, as its fake would show it.

    Shape: seen (offsets, pixels) float32, each frame's mean taken off; weights (2, pixels): of all, and of those
    outside the face alone, each summing to 1; around in px of the fake, looked at in ``size`` (width, height) px, of
    which every so many rows and columns.
    """

    around: Box
    size: tuple[int, int]
    every: int
    seen: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, video: Mapping[int, Small], index: int, face: Box | None, geometry: Geometry) -> Self | None:
        """Around a frame of a real video; None where there is no face or a neighbour is not known. Pixels weigh as much
        as they change within the offsets: those that hold still say nothing of time."""
        reals = [video[index + k] for k in OFFSETS if index + k in video]
        if face is None or len(reals) < len(OFFSETS):
            return None
        factor = reals[0].factor
        whole = Box(0, 0, reals[0].image.width * factor, reals[0].image.height * factor)
        frame = geometry.map(whole)
        around = geometry.map(face.widened(2.0)).within(int(frame.w), int(frame.h))
        size = (max(8, int(around.w) // factor), max(8, int(around.h) // factor))
        every = max(1, round(min(size) / _ENOUGH))
        seen = np.stack([real.cut(geometry.unmap(around), size, every).ravel() for real in reals])
        seen -= seen.mean(axis=1, keepdims=True)
        moving, outside = seen.std(axis=0), np.ones(size[::-1], bool)
        covered = geometry.map(face.widened(_MADE_UP)).moved(-around.x, -around.y).scaled(1 / factor).within(*size)
        outside[covered.rows, covered.columns] = False
        weights = np.stack([moving, moving * outside[::every, ::every].ravel()])
        return cls(around, size, every, seen, weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-6))

    def costs(self, fake: Small) -> np.ndarray:
        """Weighted mean of ``|fake - real|`` at each offset, without a constant change of brightness.

        Shape: (offsets, 2), as the weights.
        """
        shown = fake.cut(self.around, self.size, self.every).ravel()
        shown -= shown.mean()
        return np.stack([self.weights @ np.abs(shown - real) for real in self.seen])


def best_offset(costs: Sequence[np.ndarray]) -> tuple[int, float | None]:
    """From the costs of several frames i of a fake: the k at which ``|fake[i] - real[i + k]|`` in and around the face
    is smallest, and how sure it is, in 0..1, that the two run together (k = 0) or not; 0 and None without a frame.

    That they do not must show outside the face too: a reenacted face may be more like the real one of another time.
    """
    if not costs:
        return 0, None
    cost, outside = np.moveaxis(np.array(costs), -1, 0)
    offset = int(_least(cost.mean(axis=0)))
    return offset, min(_share_apart(cost), _share_apart(outside)) if offset else _share_together(cost)


def _share_together(cost: np.ndarray) -> float:
    """The share of resamples of the frames that have the least cost at 0.

    Shape: cost (frames, offsets).
    """
    return float(np.mean(_least(_resampled_means(cost)) == 0))


def _share_apart(cost: np.ndarray) -> float:
    """The share of resamples in which the best offset is better than 0, in frames that had no part in choosing it: the
    best of eleven equals is better only where it was chosen.

    Shape: cost (frames, offsets).
    """
    gains = []
    for fold in np.array_split(np.arange(len(cost)), min(_FOLDS, len(cost))):
        others = np.delete(cost, fold, axis=0)
        k = int(_least(others.mean(axis=0))) if len(others) else 0
        gains.append(cost[fold, REACH] - cost[fold, REACH + k])
    return float(np.mean(_resampled_means(np.concatenate(gains)) > 0))


def _resampled_means(values: np.ndarray) -> np.ndarray:
    draws = np.random.default_rng(0).integers(0, len(values), (_RESAMPLES, len(values)))
    return np.asarray(values[draws].mean(axis=1))


def _least(cost: np.ndarray) -> np.ndarray:
    """The offset of the least cost; of equals the one nearest to 0.

    Shape: (..., offsets) -> (...).
    """
    return np.asarray(_NEAREST[cost[..., _NEAREST + REACH].argmin(axis=-1)])
