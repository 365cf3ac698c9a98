"""Timing: finds the offset in time between a fake and its real video, and how certain it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from PIL import Image

from ffpms.extraction.alignment.registration import Geometry
from ffpms.extraction.boxes import Box

CONFIDENT = 0.95
"""Confidence needed to call two videos synchronous or not, as a share of resamples."""

MAX_OFFSET = 4
OFFSETS = range(-MAX_OFFSET, MAX_OFFSET + 1)
"""Offsets in time that are tried, in frames."""
_NEAREST = np.array(sorted(OFFSETS, key=abs))

_MANIPULATED = 1.3
"""Side of the region that a manipulation may change, in sides of a face's box."""

_SHORT_SIDE = 480
_GRID_SIDE = 150
"""Approximate number of rows, and of columns, in which the surroundings of a face are compared."""

_RESAMPLES = 200
_FOLDS = 5


@dataclass(frozen=True)
class SmallFrame:
    """The luma of a frame, halved until its shorter side is below 960 px.

    That is fine enough to tell a frame from the next one.
    """

    image: Image.Image
    factor: int

    @classmethod
    def of(cls, luma: np.ndarray) -> "SmallFrame":
        """Shrinks the luma of a frame.

        Shape: luma (H, W) uint8.

        Example:
            >>> SmallFrame.of(np.zeros((1080, 1920), np.uint8)).image.size
            (960, 540)
        """
        factor = max(1, min(luma.shape) // _SHORT_SIDE)
        return cls(Image.fromarray(luma).reduce(factor) if factor > 1 else Image.fromarray(luma), factor)

    def cut(self, box: Box, size: tuple[int, int], step: int = 1) -> np.ndarray:
        """Cuts a box out and resizes it to ``size`` (width, height) px; every ``step``-th row and
        column.

        The box is given in px of the whole frame.

        Shape: (ceil(height / step), ceil(width / step)) float32.
        """
        b = box.scaled(1 / self.factor)
        if b == Box(b.x, b.y, *size).within(*self.image.size):  # needs no resampling
            return np.asarray(self.image)[b.rows, b.columns][::step, ::step].astype(np.float32)
        right, bottom = min(b.x + b.w, self.image.width), min(b.y + b.h, self.image.height)
        corners = (max(b.x, 0.0), max(b.y, 0.0), right, bottom)
        cut = self.image.resize(size, Image.Resampling.BILINEAR, box=corners)
        return np.asarray(cut)[::step, ::step].astype(np.float32)


@dataclass(frozen=True)
class Surroundings:
    """A face and what is around it in a real video, at every offset from a frame.

    Everything is mapped to the fake. ``around`` is in px of the fake. It is sampled at ``size``
    (width, height) px, of which every ``step``-th row and column is used.

    Shape: seen (offsets, pixels) float32, less the mean of each frame; weights (2, pixels): of all
    pixels, and of those outside the face alone, each summing to 1.
    """

    around: Box
    size: tuple[int, int]
    step: int
    seen: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, video: Mapping[int, SmallFrame], index: int, face: Box | None, geometry: Geometry) -> Self | None:
        """Computes the surroundings of a face at a frame of a real video.

        Pixels weigh as much as they change within the offsets: still pixels tell nothing about
        time. The result is None without a face, or if a neighbouring frame is not known.
        """
        reals = [video[index + k] for k in OFFSETS if index + k in video]
        if face is None or len(reals) < len(OFFSETS):
            return None
        factor = reals[0].factor
        whole = Box(0, 0, reals[0].image.width * factor, reals[0].image.height * factor)
        frame = geometry.map(whole)
        around = geometry.map(face.widened(2.0)).within(int(frame.w), int(frame.h))
        size = (max(8, int(around.w) // factor), max(8, int(around.h) // factor))
        step = max(1, round(min(size) / _GRID_SIDE))
        seen = np.stack([real.cut(geometry.unmap(around), size, step).ravel() for real in reals])
        seen -= seen.mean(axis=1, keepdims=True)
        moving, outside = seen.std(axis=0), np.ones(size[::-1], bool)
        covered = geometry.map(face.widened(_MANIPULATED)).moved(-around.x, -around.y).scaled(1 / factor).within(*size)
        outside[covered.rows, covered.columns] = False
        weights = np.stack([moving, moving * outside[::step, ::step].ravel()])
        return cls(around, size, step, seen, weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-6))

    def costs(self, fake: SmallFrame) -> np.ndarray:
        """Weighted mean of ``|fake - real|`` at each offset, without a constant change of
        brightness.

        Shape: (offsets, 2), as the weights.
        """
        shown = fake.cut(self.around, self.size, self.step).ravel()
        shown -= shown.mean()
        return np.stack([self.weights @ np.abs(shown - real) for real in self.seen])


def best_offset(costs: Sequence[np.ndarray]) -> tuple[int, float | None]:
    """Returns the time offset of a fake, and how certain it is.

    From the costs of several frames i, the offset is the k with the least ``|fake[i] - real[i +
    k]|`` in and around the face. The certainty, in 0..1, is that the two are synchronous (k = 0) or
    not (k other than 0). Without a frame the result is 0 and None. An offset other than 0 must also
    show outside the face: a reenacted face may be more like the real one of another time.

    Shape: costs: one (offsets, 2) per frame, for offsets -4 to 4.

    Example:
        >>> costs = [np.abs(np.arange(-4, 5) - 2.0)[:, None].repeat(2, axis=1)] * 10
        >>> best_offset(costs)
        (2, 1.0)
    """
    if not costs:
        return 0, None
    cost, outside = np.moveaxis(np.array(costs), -1, 0)
    offset = int(_least(cost.mean(axis=0)))
    return offset, min(_share_apart(cost), _share_apart(outside)) if offset else _share_together(cost)


def _share_together(cost: np.ndarray) -> float:
    """Share of resamples of the frames that have the least cost at offset 0.

    Shape: cost (frames, offsets).
    """
    return float(np.mean(_least(_resampled_means(cost)) == 0))


def _share_apart(cost: np.ndarray) -> float:
    """Share of resamples in which the best offset is better than 0.

    It is counted in frames that had no part in choosing the offset. In the chosen ones the best of
    nine equals would always seem better.

    Shape: cost (frames, offsets).
    """
    gains = []
    for fold in np.array_split(np.arange(len(cost)), min(_FOLDS, len(cost))):
        others = np.delete(cost, fold, axis=0)
        k = int(_least(others.mean(axis=0))) if len(others) else 0
        gains.append(cost[fold, MAX_OFFSET] - cost[fold, MAX_OFFSET + k])
    return float(np.mean(_resampled_means(np.concatenate(gains)) > 0))


def _resampled_means(values: np.ndarray) -> np.ndarray:
    draws = np.random.default_rng(0).integers(0, len(values), (_RESAMPLES, len(values)))
    return np.asarray(values[draws].mean(axis=1))


def _least(cost: np.ndarray) -> np.ndarray:
    """Offset of the least cost; among equals the one nearest to 0.

    Shape: (..., offsets) -> (...).
    """
    return np.asarray(_NEAREST[cost[..., _NEAREST + MAX_OFFSET].argmin(axis=-1)])
