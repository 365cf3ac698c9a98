"""Pairing: compares a fake with its real video.

It tells whether the two belong together, and which face was manipulated.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ffpms.errors import MediaError
from ffpms.extraction.alignment.offsets import Differences, Shift, best_offset, find_shift, is_clear
from ffpms.extraction.alignment.real_video import RealVideo, read_small, timing_sample
from ffpms.extraction.alignment.registration import MIN_SCORE, FramePair, Geometry, agreements, lift, register
from ffpms.extraction.alignment.timing import OFFSETS, SmallFrame, Surroundings
from ffpms.extraction.boxes import Box
from ffpms.extraction.decoding.decoded_frame import DecodedFrame
from ffpms.extraction.decoding.wanted_frames import DECODERS
from ffpms.schema import CONFIDENT

_COVERED = 0.05
"""Share of a face that the mask must cover for the face to count as manipulated."""

_CHECK = "another video, or cut anew: compare its length and size with the official one"

_MIN_OF_TWO = 0.8
"""Least agreement of two frames in a row.

A face that moved out of its box lowers that of few frames, which a mean over the video hides.
"""


@dataclass(frozen=True)
class Fake:
    """A fake's sampled frames by index, and where to read more of it."""

    path: Path
    mask: Path
    decoder: str
    n_frames: int
    frames: Mapping[int, DecodedFrame]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return next(iter(self.frames.values())).size


@dataclass(frozen=True)
class Odd:
    """Sampled frames, from ``first`` to ``last``, in which fake and real show different things."""

    first: int
    last: int
    score: float


@dataclass(frozen=True)
class Pairing:
    """How a fake of a ``size`` (width, height) aligns with its real video.

    ``altered`` are the tracks of the faces that the fake changes, the most changed first. ``lift``
    is the change of brightness, in levels of red, green and blue. ``odd`` and ``shift`` are parts
    that fit less than the whole.
    """

    size: tuple[int, int]
    geometry: Geometry
    score: float
    offset: int
    certainty: float | None
    lift: tuple[float, float, float]
    altered: tuple[int, ...]
    odd: Odd | None = None
    shift: Shift | None = None

    @property
    def is_certain(self) -> bool:
        """Whether fake and real certainly belong together."""
        return not self.mismatch("") and not self.offset and (self.certainty or 0.0) >= CONFIDENT

    def mismatch(self, real: str) -> str:
        """Returns why the two do not belong together; empty if they do.

        ``real`` is the name of the real video.

        Example:
            >>> fit = Pairing((64, 64), Geometry(), 0.99, 0, 1.0, (0.0, 0.0, 0.0), (0,))
            >>> fit.mismatch("original_953")
            ''
        """
        if self.score < MIN_SCORE:
            return f"does not show what {real} shows (agreement {self.score:.2f} around the faces); {_CHECK}"
        if self.odd:
            where = f"between frames {self.odd.first} and {self.odd.last}"
            return f"does not show what {real} shows {where} (agreement {self.odd.score:.2f}); {_CHECK}"
        if self.shift:
            return f"runs {self.shift.describe(real)} ({self.shift.certainty:.0%} sure); {_CHECK}"
        return ""


def pair(fake: Fake, real: RealVideo) -> Pairing:
    """Measures the geometry, the score, the brightness change and the time offset of a fake.

    Geometry, score and lift need only a few frames; that every part agrees takes all of them. The
    offset needs half the samples. If these leave it open anywhere, stretches of frames from all of
    the video are compared.
    """
    pairs = {i: FramePair(frame, real.frames[i], real.boxes(i), real.known[i]) for i, frame in fake.frames.items()}
    few = {i: pairs[i] for i in list(pairs)[:: max(1, len(pairs) // 4)]}
    geometry, score = register(list(few.values()))
    altered = _altered(fake, real, few, geometry)
    offset, certainty, shift = _timing(fake, real, geometry, altered[0])
    light, odd = lift(list(few.values()), geometry), _odd(pairs, geometry)
    return Pairing(fake.size, geometry, score, offset, certainty, light, altered, odd, shift)


def _odd(pairs: Mapping[int, FramePair], geometry: Geometry) -> Odd | None:
    """Finds where two sampled frames in a row agree too little, from the first such to the last."""
    index = list(pairs)
    scores = agreements(list(pairs.values()), geometry)
    low = [i for i, score in enumerate(scores) if score < _MIN_OF_TWO]
    if not low:
        return None
    last = index[min(low[-1] + 1, len(index) - 1)]
    return Odd(index[low[0]], last, min(scores[i] for i in low))


def _timing(fake: Fake, real: RealVideo, geometry: Geometry, track_id: int) -> tuple[int, float | None, Shift | None]:
    """Returns the time offset in frames, how certain it is, and the part that runs off."""
    sampled = ((i, SmallFrame.of(fake.frames[i].luma())) for i in timing_sample(list(fake.frames)))
    seen = _compare(sampled, lambda i: real.surroundings(i, track_id, geometry, fake.size))
    if not len(seen.index) or is_clear(seen):
        return *best_offset(seen), None
    dense = read_small(fake.path, fake.decoder, real.dense_indices(fake.n_frames))
    seen = _compare(dense, lambda i: real.dense_surroundings(i, track_id, geometry, fake.size))
    return *best_offset(seen), find_shift(seen)


def _compare(shown: Iterable[tuple[int, SmallFrame]], around: Callable[[int], Surroundings | None]) -> Differences:
    """Compares frames of a fake with the real ones around each."""
    rows = [(i, real.costs(small), real.motion) for i, small in shown if (real := around(i))]
    index, cost, motion = zip(*rows, strict=True) if rows else ((), (), ())
    shape = (-1, len(OFFSETS), 2)
    return Differences(np.array(index), np.reshape(cost, shape), np.reshape(motion, shape))


def _altered(fake: Fake, real: RealVideo, pairs: Mapping[int, FramePair], geometry: Geometry) -> tuple[int, ...]:
    """Returns the tracks of the manipulated faces.

    They are the faces under the mask. Where there is no mask of a face, it is the one face in which
    fake and real differ most.
    """
    people = [track.track_id for track in real.people]
    if len(people) == 1:
        return tuple(people)

    def amounts(change: Mapping[int, np.ndarray]) -> dict[int, float]:
        return {t: _mean_inside(change, real, t, geometry) for t in people}

    amount, least = amounts(_masks(fake, pairs)), _COVERED
    if max(amount.values()) < _COVERED:
        amount, least = amounts({i: _difference(both, geometry) for i, both in pairs.items()}), np.inf
    ranked = sorted(people, key=lambda t: -amount[t])
    return tuple(t for t in ranked if t == ranked[0] or amount[t] >= least)


def _masks(fake: Fake, pairs: Mapping[int, FramePair]) -> dict[int, np.ndarray]:
    """Decodes the frames of the mask, True where the fake is manipulated; empty without a readable
    mask of the fake's size.
    """
    if not fake.mask.is_file():
        return {}
    try:
        shown = dict(DECODERS[fake.decoder](fake.mask, list(pairs)))
    except MediaError:
        return {}
    return {index: frame.luma() > 127 for index, frame in shown.items() if frame.size == pairs[index].fake.size}


def _difference(both: FramePair, geometry: Geometry) -> np.ndarray:
    """Absolute difference of fake and real in each pixel of the fake, mean of the three colours.

    Shape: -> (h, w).
    """
    whole = Box(0, 0, *both.fake.size)
    change = np.subtract(both.fake.rgb(), geometry.cut(both.real, whole, DecodedFrame.rgb_of), dtype=np.int16)
    return np.asarray(np.abs(change).mean(axis=2))


def _mean_inside(change: Mapping[int, np.ndarray], real: RealVideo, track_id: int, geometry: Geometry) -> float:
    """Mean change within the boxes of a face."""
    means = [0.0]
    for index, image in change.items():
        box: Box | None = real.faces[index][track_id][0]
        inside = geometry.map(box).within(image.shape[1], image.shape[0]) if box else Box(0, 0, 0, 0)
        if inside.area:
            means.append(float(image[inside.rows, inside.columns].mean()))
    return float(np.mean(means[1:] or means))
