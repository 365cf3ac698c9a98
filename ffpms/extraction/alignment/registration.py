"""Registration: finds how the frames of a fake map to those of its real video.

Covers the geometry in space and the change of brightness.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from PIL import Image

from ffpms.extraction.boxes import Box, bounding
from ffpms.extraction.decoding.decoded_frame import DecodedFrame

MIN_SCORE = 0.97
"""Least agreement around the faces between a fake and the real video that it was made from.

Sound pairs of two corpora had 0.99 and more. Other people's videos on the same plain background had
up to 0.954.
"""

_FACE, _AROUND = 1.6, 2.2
"""Inner and outer limit of the region that is compared, in sides of a face's box.

Between them lie hair, neck and shoulders. No manipulation changes them, and no two people share
them.
"""

_NOISE = 5.15
"""Largest difference of two encodings at crf 40 of the same pixels, in levels of luma (RMS)."""

_MAX_LOST = 64
"""Columns that a fake may have lost and still be taken for a crop, px: other trees cut more."""

_MOST_TRIED = 5
"""Number of crops that all pairs are compared with."""

RESIZE = "resize"
"""Kind of a geometry that scales: such a fake's pixels are interpolated ones of the real video."""

ReadRegion = Callable[[DecodedFrame, Box, int], np.ndarray]
"""Frame, box on whole pixels, n -> every nth row and column of it, (h, w) or (h, w, 3) uint8."""


@dataclass(frozen=True)
class Geometry:
    """Maps pixels of the real video to pixels of the fake: ``x_fake = scale_x * x_real + shift_x``.

    The same holds for y.

    Example:
        >>> Geometry("resize", scale_x=0.5, scale_y=0.5).map(Box(10, 20, 40, 40))
        Box(x=5.0, y=10.0, w=20.0, h=20.0)
    """

    kind: str = "identity"
    scale_x: float = 1.0
    scale_y: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0

    def map(self, box: Box) -> Box:
        """Maps a box of the real video to the fake."""
        x, y = self.scale_x * box.x + self.shift_x, self.scale_y * box.y + self.shift_y
        return Box(x, y, self.scale_x * box.w, self.scale_y * box.h)

    def unmap(self, box: Box) -> Box:
        """Maps a box of the fake to the real video."""
        x, y = (box.x - self.shift_x) / self.scale_x, (box.y - self.shift_y) / self.scale_y
        return Box(x, y, box.w / self.scale_x, box.h / self.scale_y)

    def cut(self, real: DecodedFrame, part: Box, read: ReadRegion, step: int = 1) -> np.ndarray:
        """Cuts a part of the fake, on whole pixels, out of the real frame; every ``step``-th row
        and column.

        Shape: (h, w) or (h, w, 3) uint8.
        """
        box = self.unmap(part)
        if self.kind != RESIZE:
            return read(real, box, step)
        corners = (box.x, box.y, min(box.x + box.w, real.size[0]), min(box.y + box.h, real.size[1]))
        image = Image.fromarray(read(real, Box(0, 0, *real.size), 1))
        small = image.resize((int(part.w), int(part.h)), Image.Resampling.BILINEAR, box=corners)
        return np.asarray(small)[::step, ::step]


Known = dict[tuple[Geometry, ReadRegion, int], tuple[Box, np.ndarray, np.ndarray]]
"""Geometry, what is read, every nth -> part of the fake, which of its pixels, the real ones."""


@dataclass(frozen=True)
class FramePair:
    """A frame of a fake, the real frame of the same index, and the latter's faces in px.

    ``known`` keeps what was read of the real frame for the next fake that lies on it alike.
    """

    fake: DecodedFrame
    real: DecodedFrame
    faces: Sequence[Box]
    known: Known = field(default_factory=dict, repr=False)

    def around(self, geometry: Geometry, read: ReadRegion, step: int = 1) -> list[np.ndarray]:
        """Returns the pixels of fake and real near the faces, but not in them, every ``step`` px.

        Without a face they are all pixels. Where faces fill the frame they are all pixels nearby.

        Shape: two of (pixels,) or (pixels, 3) uint8.
        """
        key = geometry, read, step
        part, chosen, real = near = self.known.get(key) or self._near(geometry, read, step)
        if step > 1:  # all pixels are compared of a few frames only, but with many geometries
            self.known[key] = near
        return [read(self.fake, part, step)[chosen], real]

    def _near(self, geometry: Geometry, read: ReadRegion, step: int) -> tuple[Box, np.ndarray, np.ndarray]:
        """Returns the part of the fake to look at, the pixels chosen of it, and those of the real
        frame.
        """
        size = self.fake.size
        near, inner = (
            [geometry.map(face.widened(factor)).within(*size) for face in self.faces] for factor in (_AROUND, _FACE)
        )
        shown = [box for box in near if box.area]
        part = bounding(shown) if shown else Box(0, 0, *size)
        chosen = _covered(part, near, step) & ~_covered(part, inner, step)
        chosen = chosen if chosen.any() else ~chosen
        return part, chosen, geometry.cut(self.real, part, read, step)[chosen]


def candidates(real: tuple[int, int], fake: tuple[int, int]) -> list[Geometry]:
    """Lists the geometries by which a frame of size ``fake`` may come from one of size ``real``.

    Sizes are (width, height). A frame is the same or resized. One that is a little narrower may
    also be cropped, anywhere: FaceForensics++ cuts up to 31 columns, alike on both sides.

    Example:
        >>> candidates((640, 480), (640, 480))
        [Geometry(kind='identity', scale_x=1.0, scale_y=1.0, shift_x=0.0, shift_y=0.0)]
    """
    if real == fake:
        return [Geometry()]
    lost = real[0] - fake[0]
    crops = range(lost + 1) if 0 < lost < _MAX_LOST and real[1] == fake[1] else ()
    return [Geometry(RESIZE, fake[0] / real[0], fake[1] / real[1]), *(Geometry("crop", shift_x=-x) for x in crops)]


def register(pairs: Sequence[FramePair]) -> tuple[Geometry, float]:
    """Returns the geometry that fits best, and its score.

    The score is ``1 - (Var(x - y) - noise) / (Var(x) + Var(y))`` of luma around the faces. It is
    the correlation of two alike signals, corrected for coding noise. If there are many crops, the
    pair that shows most around the faces chooses five.
    """
    ways = candidates(pairs[0].real.size, pairs[0].fake.size)
    crops = [g for g in ways if g.kind == "crop"]
    tried = [g for g in ways if g.kind != "crop"] + _choose(crops, pairs)
    misfits = [np.mean([_misfit(pair, g) for pair in pairs], axis=0) for g in tried]
    best = int(np.argmin([misfit for misfit, _ in misfits]))
    return tried[best], _score(misfits[best])


def _choose(crops: Sequence[Geometry], pairs: Sequence[FramePair]) -> list[Geometry]:
    """Chooses the five crops that fit a pair best; of one that shows nothing, all would fit."""
    if len(crops) <= _MOST_TRIED:
        return list(crops)
    richest = max(pairs, key=lambda pair: _misfit(pair, crops[0], step=2)[1])
    return sorted(crops, key=lambda g: _misfit(richest, g)[0])[:_MOST_TRIED]


def agreements(pairs: Sequence[FramePair], geometry: Geometry) -> list[float]:
    """Returns the score of :func:`register` for every two pairs in a row; of one pair, its own.

    Every other row and column is enough to see a frame of another scene.
    """
    misfits = np.array([_misfit(pair, geometry, step=2) for pair in pairs])
    return [_score(misfits[i : i + 2].mean(axis=0)) for i in range(max(1, len(pairs) - 1))]


def lift(pairs: Sequence[FramePair], geometry: Geometry) -> tuple[float, float, float]:
    """Constant change of red, green and blue around the faces, in levels.

    It is the mean of ``fake - real`` within 6 levels of its median. Larger differences come from
    edges and are no change of colour.

    Example:
        >>> import av
        >>> grey, lighter = (np.full((64, 64, 3), level, np.uint8) for level in (100, 103))
        >>> frames = [av.VideoFrame.from_ndarray(image, "rgb24") for image in (lighter, grey)]
        >>> lift([FramePair(*map(DecodedFrame, frames), faces=[])], Geometry())
        (3.0, 3.0, 3.0)
    """
    changes = np.concatenate([_changes(pair, geometry) for pair in pairs], axis=1)
    near = np.abs(changes - np.median(changes, axis=1, keepdims=True)) <= 6
    red, green, blue = (float(change[close].mean()) for change, close in zip(changes, near, strict=True))
    return red, green, blue


def _changes(pair: FramePair, geometry: Geometry) -> np.ndarray:
    """Difference ``fake - real`` of the pixels around the faces.

    Shape: -> (3, pixels) int16.
    """
    fake, real = (image.T.astype(np.int16) for image in pair.around(geometry, DecodedFrame.rgb_of, step=4))
    return np.asarray(fake - real)


def _score(misfit: np.ndarray) -> float:
    between, spread = (float(variance) for variance in misfit)
    return 1 - max(between - _NOISE**2, 0.0) / max(spread, 1e-9)


def _misfit(pair: FramePair, geometry: Geometry, step: int = 1) -> tuple[float, float]:
    """Returns the variance of the luma difference around the faces, and Var(x) + Var(y)."""
    x, y = (luma.astype(np.float32) for luma in pair.around(geometry, DecodedFrame.luma_of, step))
    return float(_variance(x - y)), float(_variance(x) + _variance(y))


def _variance(values: np.ndarray) -> np.float32:
    """Returns what ``np.var`` does, without its detours.

    Shape: values (N,) float32.
    """
    apart = values - np.float32(np.add.reduce(values) / len(values))
    return np.float32(np.add.reduce(np.multiply(apart, apart, out=apart)) / len(values))


def _covered(part: Box, boxes: Sequence[Box], step: int) -> np.ndarray:
    """Marks the pixels of a part of a frame that lie in the boxes, of every ``step``-th row and
    column.

    Shape: -> (h, w) bool.
    """
    covered = np.zeros((ceil(part.h / step), ceil(part.w / step)), bool)
    for box in boxes:
        left, top, right, bottom = (ceil(side / step) for side in box.moved(-part.x, -part.y).corners)
        covered[top:bottom, left:right] = True
    return covered
