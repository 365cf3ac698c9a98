"""Pair checks: how a fake's frames lie on those of its real counterpart, in space, in time and in brightness."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from PIL import Image

from ffpms.boxes import Box

MIN_SCORE = 0.97
"""A fake that agrees less than this with its real counterpart around the faces was not made from it. Sound pairs of two
corpora had 0.99 and more, other people's videos on the same plain background up to 0.954."""

SURE = 0.95
"""That two videos run together, or do not, is believed when so large a share of resamples say so."""

REACH = 4
OFFSETS = range(-REACH, REACH + 1)
"""Offsets in time that are tried, in frames."""

_FACE, _AROUND = 1.6, 2.2
"""What lies outside the first and inside the second, in sides of a face's box, is hair, neck and shoulders: no
manipulation changes it, and no two people share it."""

_MADE_UP = 1.3
"""Manipulations reach this far, in sides of a face's box."""

_NOISE = 6.0
"""Two encodings of the same pixels at crf 40 differ by up to so many levels (root mean square)."""

_SHORT_SIDE = 480
_RESAMPLES = 200
_FOLDS = 5


@dataclass(frozen=True)
class Geometry:
    """Maps pixels of the real video to pixels of the fake: ``x_fake = scale_x * x_real + shift_x``."""

    kind: str = "identity"
    scale_x: float = 1.0
    scale_y: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0

    def map(self, box: Box) -> Box:
        """The box of the real video, in the fake."""
        x, y = self.scale_x * box.x + self.shift_x, self.scale_y * box.y + self.shift_y
        return Box(x, y, self.scale_x * box.w, self.scale_y * box.h)

    def unmap(self, box: Box) -> Box:
        """The box of the fake, in the real video."""
        x, y = (box.x - self.shift_x) / self.scale_x, (box.y - self.shift_y) / self.scale_y
        return Box(x, y, box.w / self.scale_x, box.h / self.scale_y)

    def warp(self, real: Image.Image, size: tuple[int, int]) -> Image.Image:
        """The real frame as the fake shows it, ``size`` (width, height) px."""
        b = self.unmap(Box(0, 0, *size))
        corners = (b.x, b.y, min(b.x + b.w, real.width), min(b.y + b.h, real.height))
        return real.resize(size, Image.Resampling.BILINEAR, box=corners)


@dataclass(frozen=True)
class FramePair:
    """A frame of a fake, the real frame of the same index, and the real frame's faces.

    Shape: fake (h, w, 3), real (H, W, 3) uint8; faces in px of the real frame.
    """

    fake: np.ndarray
    real: np.ndarray
    faces: Sequence[Box]


def candidates(real: tuple[int, int], fake: tuple[int, int]) -> list[Geometry]:
    """The ways in which a frame of size ``fake`` may come from one of size ``real`` (width, height): the same, resized,
    or, where the width was floored to a multiple of 64, cropped anywhere."""
    if real == fake:
        return [Geometry()]
    lost = real[0] - fake[0]
    crops = range(lost + 1) if 0 < lost < 64 and real[1] == fake[1] else ()
    return [Geometry("resize", fake[0] / real[0], fake[1] / real[1]), *(Geometry("crop", shift_x=-x) for x in crops)]


def register(pairs: Sequence[FramePair]) -> tuple[Geometry, float]:
    """The geometry that fits best and how well: ``1 - (Var(x - y) - noise) / (Var(x) + Var(y))`` of luma around the
    faces, the correlation of two alike signals but for coding noise. Of many crops the first pair chooses five, on
    every 4th row."""
    width, height = ((f.shape[1], f.shape[0]) for f in (pairs[0].real, pairs[0].fake))
    ways = candidates(width, height)
    crops = sorted((g for g in ways if g.kind == "crop"), key=lambda g: _misfit(pairs[0], g, every=4)[0])
    tried = [g for g in ways if g.kind != "crop"] + crops[:5]
    misfits = [np.mean([_misfit(pair, g) for pair in pairs], axis=0) for g in tried]
    best = int(np.argmin([misfit for misfit, _ in misfits]))
    misfit, spread = misfits[best]
    return tried[best], 1 - max(float(misfit) - _NOISE**2, 0.0) / max(float(spread), 1e-9)


def lift(pairs: Sequence[FramePair], geometry: Geometry) -> tuple[float, float, float]:
    """The constant change of red, green and blue outside the faces, in levels: the mean of ``fake - real`` within 6
    levels of its median, for the edges' differences are no change of colour."""
    changes = np.concatenate([_change(pair, geometry) for pair in pairs])
    near = np.abs(changes - np.median(changes, axis=0)) <= 6
    red, green, blue = np.where(near, changes, 0).sum(axis=0) / near.sum(axis=0)
    return float(red), float(green), float(blue)


def _change(pair: FramePair, geometry: Geometry) -> np.ndarray:
    """Shape: (pixels outside the faces, 3)."""
    height, width = pair.fake.shape[:2]
    real = np.asarray(geometry.warp(Image.fromarray(pair.real), (width, height)), np.int16)
    outside = _outside(pair, geometry)
    return np.asarray((pair.fake - real)[::2, ::2][outside[::2, ::2]])


def _outside(pair: FramePair, geometry: Geometry) -> np.ndarray:
    """Which pixels of the fake are well away from every face; all of them where faces fill the frame.

    Shape: -> (h, w) bool.
    """
    outside = ~_covered(pair, geometry, _FACE)
    return outside if outside.any() else ~outside


def _near(pair: FramePair, geometry: Geometry) -> np.ndarray:
    """Which pixels of the fake are near a face; all of them where there is no face.

    Shape: -> (h, w) bool.
    """
    near = _covered(pair, geometry, _AROUND)
    return near if near.any() else ~near


def _covered(pair: FramePair, geometry: Geometry, size: float) -> np.ndarray:
    """Which pixels of the fake lie in a face's box, made ``size`` times as large.

    Shape: -> (h, w) bool.
    """
    height, width = pair.fake.shape[:2]
    covered = np.zeros((height, width), bool)
    for face in pair.faces:
        inside = geometry.map(face.widened(size)).within(width, height)
        covered[inside.rows, inside.columns] = True
    return covered


def _misfit(pair: FramePair, geometry: Geometry, every: int = 1) -> tuple[float, float]:
    """The variance of luma's difference around the faces, and the sum of both its variances."""
    height, width = pair.fake.shape[:2]
    fake = np.asarray(Image.fromarray(pair.fake).convert("L"), np.float32)
    real = np.asarray(geometry.warp(Image.fromarray(pair.real).convert("L"), (width, height)), np.float32)
    around = (_outside(pair, geometry) & _near(pair, geometry))[::every]
    x, y = fake[::every][around], real[::every][around]
    return float(np.var(x - y)), float(np.var(x) + np.var(y))


@dataclass(frozen=True)
class Small:
    """The luma of a frame, halved until its shorter side is below 960 px: fine enough to tell a frame from the next."""

    image: Image.Image
    factor: int

    @classmethod
    def of(cls, luma: np.ndarray) -> "Small":
        factor = max(1, min(luma.shape) // _SHORT_SIDE)
        return cls(Image.fromarray(luma).reduce(factor) if factor > 1 else Image.fromarray(luma), factor)

    def cut(self, box: Box, size: tuple[int, int]) -> np.ndarray:
        """The box, given in px of the whole frame, at ``size`` (width, height) px.

        Shape: (height, width) float32.
        """
        b = box.scaled(1 / self.factor)
        right, bottom = min(b.x + b.w, self.image.width), min(b.y + b.h, self.image.height)
        corners = (max(b.x, 0.0), max(b.y, 0.0), right, bottom)
        return np.asarray(self.image.resize(size, Image.Resampling.BILINEAR, box=corners), np.float32)


@dataclass(frozen=True)
class Surroundings:
    """What a real video shows in and around a face at every offset from a frame, as its fake would show it.

    Shape: seen (offsets, pixels) float32; weights (pixels, 2): all, and those outside the face alone, each summing to
    1; around in px of the fake; size (width, height) px.
    """

    around: Box
    size: tuple[int, int]
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
        seen = np.stack([real.cut(geometry.unmap(around), size).ravel() for real in reals])
        moving = seen.std(axis=0).reshape(size[1], size[0])
        outside = moving.copy()
        covered = geometry.map(face.widened(_MADE_UP)).moved(-around.x, -around.y).scaled(1 / factor).within(*size)
        outside[covered.rows, covered.columns] = 0
        weights = np.stack([moving.ravel(), outside.ravel()], axis=1)
        return cls(around, size, seen, weights / np.maximum(weights.sum(axis=0), 1e-6))

    def costs(self, fake: Small) -> np.ndarray:
        """Weighted mean of ``|fake - real|`` at each offset, without a constant change of brightness.

        Shape: (offsets, 2), as the weights.
        """
        change = fake.cut(self.around, self.size).ravel() - self.seen
        change -= change.mean(axis=1, keepdims=True)
        return np.asarray(np.abs(change, out=change) @ self.weights)


def best_offset(costs: Sequence[np.ndarray]) -> tuple[int, float | None]:
    """From the costs of several frames i of a fake: the k at which ``|fake[i] - real[i + k]|`` in and around the face
    is smallest, and how sure it is, in 0..1, that the two run together (k = 0) or not; 0 and None without a frame.

    That they do not must show outside the face too: a reenacted face may be more like the real one of another time.
    """
    if not costs:
        return 0, None
    cost, outside = np.moveaxis(np.array(costs), -1, 0)
    offset = _least(cost.mean(axis=0))
    return offset, min(_share_apart(cost), _share_apart(outside)) if offset else _share_together(cost)


def _share_together(cost: np.ndarray) -> float:
    """The share of resamples of the frames that have the least cost at 0.

    Shape: cost (frames, offsets).
    """
    return float(np.mean([_least(mean) == 0 for mean in _resampled_means(cost)]))


def _share_apart(cost: np.ndarray) -> float:
    """The share of resamples in which the best offset is better than 0, in frames that had no part in choosing it: the
    best of eleven equals is better only where it was chosen.

    Shape: cost (frames, offsets).
    """
    gains = []
    for fold in np.array_split(np.arange(len(cost)), min(_FOLDS, len(cost))):
        others = np.delete(cost, fold, axis=0)
        k = _least(others.mean(axis=0)) if len(others) else 0
        gains.append(cost[fold, REACH] - cost[fold, REACH + k])
    return float(np.mean(_resampled_means(np.concatenate(gains)) > 0))


def _resampled_means(values: np.ndarray) -> np.ndarray:
    draws = np.random.default_rng(0).integers(0, len(values), (_RESAMPLES, len(values)))
    return np.asarray(values[draws].mean(axis=1))


def _least(cost: np.ndarray) -> int:
    """The offset of the least cost; of equals the one nearest to 0."""
    return min(OFFSETS, key=lambda k: (cost[k + REACH], abs(k)))
