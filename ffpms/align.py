"""Pair checks: how a fake's frames lie on those of its real counterpart, in space and in time."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ffpms.faces import Box

MIN_SCORE = 0.85
"""A fake whose frames correlate less than this with its real counterpart's was not made from it. Sound pairs of two
corpora had 0.96 and more, another person's video on the same plain background 0.56."""

OFFSETS = (-1, 0, 1)


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

    def warp(self, real: Image.Image, size: tuple[int, int]) -> Image.Image:
        """The real frame as the fake shows it, ``size`` (width, height) px."""
        left, top = -self.shift_x / self.scale_x, -self.shift_y / self.scale_y
        right = min(left + size[0] / self.scale_x, real.width)
        bottom = min(top + size[1] / self.scale_y, real.height)
        return real.resize(size, Image.Resampling.BILINEAR, box=(left, top, right, bottom))


def candidates(real: tuple[int, int], fake: tuple[int, int]) -> list[Geometry]:
    """The ways in which a frame of size ``fake`` may come from one of size ``real`` (width, height): the same, resized,
    or, where the width was floored to a multiple of 64, cropped at the centre or at the left."""
    if real == fake:
        return [Geometry()]
    found = [Geometry("resize", fake[0] / real[0], fake[1] / real[1])]
    lost = real[0] - fake[0]
    if 0 < lost < 64 and real[1] == fake[1]:
        found += [Geometry("crop", shift_x=-(lost // 2)), Geometry("crop")]
    return found


def grey(frame: np.ndarray) -> Image.Image:
    """The luma of an RGB frame."""
    return Image.fromarray(frame).convert("L")


def register(pairs: list[tuple[Image.Image, Image.Image]]) -> tuple[Geometry, float]:
    """The geometry that fits best and its score: the correlation of the grey frames, mean over (real, fake) pairs."""
    scored = [
        (float(np.mean([_correlation(g.warp(real, fake.size), fake) for real, fake in pairs])), g)
        for g in candidates(pairs[0][0].size, pairs[0][1].size)
    ]
    score, geometry = max(scored, key=lambda s: s[0])
    return geometry, score


def best_offset(
    fakes: Mapping[int, Image.Image], reals: Mapping[int, Image.Image], geometry: Geometry, boxes: Mapping[int, Box]
) -> int:
    """The k at which mean ``|fake[i] - real[i + k]|`` of the grey levels in the face's box is smallest over all i in
    ``boxes`` whose neighbours are in ``reals``; 0 in a sound pair."""
    known = [i for i in boxes if all(i + k in reals for k in OFFSETS)]
    cost = {k: sum(_distance(fakes[i], reals[i + k], geometry, boxes[i]) for i in known) for k in OFFSETS}
    return min(cost, key=lambda k: (cost[k], abs(k)))


def _distance(fake: Image.Image, real: Image.Image, geometry: Geometry, box: Box) -> float:
    """Mean absolute difference of the grey levels within the box (of the real frame)."""
    b = geometry.map(box)
    inside = np.s_[max(int(b.y), 0) : int(b.y + b.h), max(int(b.x), 0) : int(b.x + b.w)]
    seen = np.asarray(geometry.warp(real, fake.size), np.float32)
    return float(np.abs(np.asarray(fake, np.float32)[inside] - seen[inside]).mean())


def _correlation(a: Image.Image, b: Image.Image) -> float:
    x, y = (np.asarray(i, np.float64).ravel() for i in (a, b))
    x, y = x - x.mean(), y - y.mean()
    return float(x @ y / max(np.sqrt((x @ x) * (y @ y)), 1e-9))
