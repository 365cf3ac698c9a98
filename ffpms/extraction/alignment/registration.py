"""Pair checks: how a fake's frames lie on those of its real counterpart, in space and in brightness."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ffpms.extraction.boxes import Box, bounding
from ffpms.extraction.decode import Picture

MIN_SCORE = 0.97
"""A fake that agrees less than this with its real counterpart around the faces was not made from it. Sound pairs of two
corpora had 0.99 and more, other people's videos on the same plain background up to 0.954."""

_FACE, _AROUND = 1.6, 2.2
"""What lies outside the first and inside the second, in sides of a face's box, is hair, neck and shoulders: no
manipulation changes it, and no two people share it."""

_NOISE = 5.15
"""Two encodings of the same pixels at crf 40 differ by up to so many levels of coded luma (root mean square)."""

Look = Callable[[Picture, Box, int], np.ndarray]
"""A picture, a box on whole pixels, n -> what is in every nth row and column of it, (h, w) or (h, w, 3) uint8."""


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

    def cut(self, real: Picture, part: Box, look: Look, every: int = 1) -> np.ndarray:
        """Every so many rows and columns of a part of the fake, on whole pixels, as the real frame shows it.

        Shape: (h, w) or (h, w, 3) uint8.
        """
        box = self.unmap(part)
        if self.kind != "resize":
            return look(real, box, every)
        corners = (box.x, box.y, min(box.x + box.w, real.size[0]), min(box.y + box.h, real.size[1]))
        image = Image.fromarray(look(real, Box(0, 0, *real.size), 1))
        small = image.resize((int(part.w), int(part.h)), Image.Resampling.BILINEAR, box=corners)
        return np.asarray(small)[::every, ::every]


@dataclass(frozen=True)
class FramePair:
    """A frame of a fake, the real frame of the same index, and the real frame's faces, in px of the real frame."""

    fake: Picture
    real: Picture
    faces: Sequence[Box]

    def around(self, geometry: Geometry, look: Look, every: int = 1) -> list[np.ndarray]:
        """What fake and real show near the faces, but not in them, in every so many rows and columns; everything where
        there is no face, everything near where faces fill the frame.

        Shape: two of (pixels,) or (pixels, 3) uint8.
        """
        size = self.fake.size
        near, inner = (
            [geometry.map(face.widened(factor)).within(*size) for face in self.faces] for factor in (_AROUND, _FACE)
        )
        shown = [box for box in near if box.area]
        part = bounding(shown) if shown else Box(0, 0, *size)
        chosen = (_covered(part, near) & ~_covered(part, inner))[::every, ::every]
        chosen = chosen if chosen.any() else ~chosen
        return [image[chosen] for image in (look(self.fake, part, every), geometry.cut(self.real, part, look, every))]


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
    faces, the correlation of two alike signals but for coding noise. Of many crops the first pair chooses five."""
    ways = candidates(pairs[0].real.size, pairs[0].fake.size)
    crops = sorted((g for g in ways if g.kind == "crop"), key=lambda g: _misfit(pairs[0], g)[0])
    tried = [g for g in ways if g.kind != "crop"] + crops[:5]
    misfits = [np.mean([_misfit(pair, g) for pair in pairs], axis=0) for g in tried]
    best = int(np.argmin([misfit for misfit, _ in misfits]))
    misfit, spread = misfits[best]
    return tried[best], 1 - max(float(misfit) - _NOISE**2, 0.0) / max(float(spread), 1e-9)


def lift(pairs: Sequence[FramePair], geometry: Geometry) -> tuple[float, float, float]:
    """The constant change of red, green and blue around the faces, in levels: the mean of ``fake - real`` within 6
    levels of its median, for the edges' differences are no change of colour."""
    changes = np.concatenate([_changes(pair, geometry) for pair in pairs], axis=1)
    near = np.abs(changes - np.median(changes, axis=1, keepdims=True)) <= 6
    red, green, blue = (float(change[close].mean()) for change, close in zip(changes, near, strict=True))
    return red, green, blue


def _changes(pair: FramePair, geometry: Geometry) -> np.ndarray:
    """Shape: (3, pixels) int16."""
    fake, real = (image.T.astype(np.int16) for image in pair.around(geometry, Picture.rgb_of, every=4))
    return np.asarray(fake - real)


def _misfit(pair: FramePair, geometry: Geometry) -> tuple[float, float]:
    """The variance of luma's difference around the faces, and the sum of both its variances."""
    x, y = (luma.astype(np.float32) for luma in pair.around(geometry, Picture.luma_of))
    return float(np.var(x - y)), float(np.var(x) + np.var(y))


def _covered(part: Box, boxes: Sequence[Box]) -> np.ndarray:
    """Which pixels of a part of a frame lie in the frame's boxes.

    Shape: -> (h, w) bool.
    """
    covered = np.zeros((int(part.h), int(part.w)), bool)
    for box in boxes:
        inside = box.moved(-part.x, -part.y)
        covered[inside.rows, inside.columns] = True
    return covered
