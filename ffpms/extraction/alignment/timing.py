"""Timing: measures how a frame of a fake differs from the real frames around it in time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from PIL import Image

from ffpms.extraction.alignment.registration import Geometry
from ffpms.extraction.boxes import Box

MAX_OFFSET = 4
OFFSETS = range(-MAX_OFFSET, MAX_OFFSET + 1)
"""Offsets in time that are tried, in frames."""

_MANIPULATED = 1.3
"""Side of the region that a manipulation may change, in sides of a face's box."""

_SHORT_SIDE = 480
_GRID_SIDE = 150
"""Approximate number of rows, and of columns, in which the surroundings of a face are compared."""

_LARGEST = 12.0
"""Largest difference of a pixel that counts, in levels: sharp edges must not outvote all else."""


@dataclass(frozen=True)
class SmallFrame:
    """The luma of a frame, (h, w) uint8, halved until its shorter side is below 960 px.

    That is fine enough to tell a frame from the next one.
    """

    pixels: np.ndarray
    factor: int

    @classmethod
    def of(cls, luma: np.ndarray) -> "SmallFrame":
        """Shrinks the luma of a frame.

        Shape: luma (H, W) uint8.

        Example:
            >>> SmallFrame.of(np.zeros((1080, 1920), np.uint8)).size
            (960, 540)
        """
        factor = max(1, min(luma.shape) // _SHORT_SIDE)
        return cls(np.asarray(Image.fromarray(luma).reduce(factor)) if factor > 1 else luma, factor)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        height, width = self.pixels.shape
        return width, height

    def cut(self, box: Box, size: tuple[int, int], step: int = 1) -> np.ndarray:
        """Cuts a box out and resizes it to ``size`` (width, height) px; every ``step``-th row and
        column.

        The box is given in px of the whole frame.

        Shape: (ceil(height / step), ceil(width / step)) uint8.
        """
        b = box.scaled(1 / self.factor)
        width, height = self.size
        if b == Box(b.x, b.y, *size).within(width, height):  # needs no resampling
            return self.pixels[b.rows, b.columns][::step, ::step]
        corners = (max(b.x, 0.0), max(b.y, 0.0), min(b.x + b.w, width), min(b.y + b.h, height))
        cut = Image.fromarray(self.pixels).resize(size, Image.Resampling.BILINEAR, box=corners)
        return np.asarray(cut)[::step, ::step]


@dataclass(frozen=True)
class Surroundings:
    """A face and what is around it in a real video, at every offset from a frame.

    Everything is mapped to the fake. ``around`` is in px of the fake. It is sampled at ``size``
    (width, height) px, of which every ``step``-th row and column is used.

    Shape: seen (offsets, pixels) float32, less the mean of each frame; weights (2, pixels): of all
    pixels, and of those outside the face alone, each summing to 1; motion (offsets, 2): the costs
    of the real frame itself.
    """

    around: Box
    size: tuple[int, int]
    step: int
    seen: np.ndarray
    weights: np.ndarray
    motion: np.ndarray

    @classmethod
    def of(
        cls,
        video: Mapping[int, SmallFrame],
        index: int,
        face: Box | None,
        geometry: Geometry,
        shown: tuple[int, int],
    ) -> Self | None:
        """Computes the surroundings of a face at a frame of a real video.

        ``shown`` are the width and height of the fake, px: it may lack columns of the real video.
        Pixels weigh as much as they change within the offsets: still pixels tell nothing about
        time. The result is None without a face, or if a neighbouring frame is not known.
        """
        reals = [video[index + k] for k in OFFSETS if index + k in video]
        if face is None or len(reals) < len(OFFSETS):
            return None
        factor = reals[0].factor
        around = geometry.map(face.widened(2.0)).within(*shown)
        size = (max(8, int(around.w) // factor), max(8, int(around.h) // factor))
        step = max(1, round(min(size) / _GRID_SIDE))
        box = geometry.unmap(around)
        seen = np.stack([real.cut(box, size, step) for real in reals], dtype=np.float32).reshape(len(reals), -1)
        seen -= seen.mean(axis=1, keepdims=True)
        moving, outside = seen.std(axis=0), np.ones(size[::-1], bool)
        covered = geometry.map(face.widened(_MANIPULATED)).moved(-around.x, -around.y).scaled(1 / factor).within(*size)
        outside[covered.rows, covered.columns] = False
        weights = np.stack([moving, moving * outside[::step, ::step].ravel()])
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-6)
        return cls(around, size, step, seen, weights, _differences(seen[MAX_OFFSET], seen, weights))

    def costs(self, fake: SmallFrame) -> np.ndarray:
        """Weighted mean of ``min(|fake - real|, 12)`` at each offset, without a constant change of
        brightness.

        Shape: (offsets, 2), as the weights.
        """
        shown = fake.cut(self.around, self.size, self.step).astype(np.float32).ravel()
        shown -= shown.mean()
        return _differences(shown, self.seen, self.weights)


def _differences(shown: np.ndarray, seen: np.ndarray, weights: np.ndarray) -> np.ndarray:
    means, change = [], np.empty_like(shown)
    for real in seen:
        np.abs(np.subtract(shown, real, out=change), out=change)
        means.append(weights @ np.clip(change, 0, _LARGEST, out=change))  # np.minimum takes twice as long
    return np.stack(means)
