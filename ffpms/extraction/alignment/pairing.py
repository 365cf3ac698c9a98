"""Pairing: compares a fake with its real video.

It tells whether the two belong together, and which face was manipulated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ffpms.errors import MediaError
from ffpms.extraction.alignment.real_video import RealVideo, read_first_frames, timing_sample
from ffpms.extraction.alignment.registration import MIN_SCORE, FramePair, Geometry, lift, register
from ffpms.extraction.alignment.timing import CONFIDENT, SmallFrame, Surroundings, best_offset
from ffpms.extraction.boxes import Box
from ffpms.extraction.decode import DECODERS, DecodedFrame

_COVERED = 0.05
"""Share of a face that the mask must cover for the face to count as manipulated."""


@dataclass(frozen=True)
class Fake:
    """A fake's sampled frames by index, and where to read more of it."""

    path: Path
    mask: Path
    decoder: str
    n_frames: int
    frames: Mapping[int, DecodedFrame]


@dataclass(frozen=True)
class Pairing:
    """How a fake of a ``size`` (width, height) aligns with its real video.

    ``altered`` are the tracks of the faces that the fake changes, the most changed first. ``lift``
    is the change of brightness, in levels of red, green and blue.
    """

    size: tuple[int, int]
    geometry: Geometry
    score: float
    offset: int
    certainty: float | None
    lift: tuple[float, float, float]
    altered: tuple[int, ...]

    def mismatch(self, real: str) -> str:
        """Returns the reason why the two do not belong together; empty if they do.

        ``real`` is the name of the real video.

        Example:
            >>> fit = Pairing((64, 64), Geometry(), 0.99, 0, 1.0, (0.0, 0.0, 0.0), (0,))
            >>> fit.mismatch("original_953")
            ''
        """
        if self.score < MIN_SCORE:
            return f"does not show what {real} shows (agreement {self.score:.2f} around the faces); download it again"
        if self.offset and self.certainty and self.certainty >= CONFIDENT:
            late, sure = f"{self.offset:+d} frames off {real}", f"{self.certainty:.0%} sure"
            return f"runs {late} ({sure}); its frame i shows frame i{self.offset:+d}; download it again"
        return ""


def pair(fake: Fake, real: RealVideo) -> Pairing:
    """Measures the geometry, the score, the brightness change and the time offset of a fake.

    Geometry, score and lift need only a few frames. The offset needs half the samples. If these
    leave it open, every frame of the beginning is compared.
    """
    few = list(fake.frames)[:: max(1, len(fake.frames) // 4)]
    pairs = {i: FramePair(fake.frames[i], real.frames[i], real.boxes(i)) for i in few}
    geometry, score = register(list(pairs.values()))
    altered = _altered(fake, real, pairs, geometry)
    offset, certainty = _timing(fake, real, geometry, altered[0])
    size = fake.frames[few[0]].size
    return Pairing(size, geometry, score, offset, certainty, lift(list(pairs.values()), geometry), altered)


def _timing(fake: Fake, real: RealVideo, geometry: Geometry, track_id: int) -> tuple[int, float | None]:
    """Returns the time offset in frames, and how certain it is."""
    around = {i: real.surroundings(i, track_id, geometry) for i in timing_sample(list(fake.frames))}
    offset, certainty = best_offset([s.costs(SmallFrame.of(fake.frames[i].luma())) for i, s in around.items() if s])
    if certainty is None or (offset == 0 and certainty >= CONFIDENT):
        return offset, certainty
    track = next(t for t in real.people if t.track_id == track_id)
    first = read_first_frames(fake.path, fake.decoder, fake.n_frames)
    seen = ((small, Surroundings.of(real.first_frames, i, track.at(i)[0], geometry)) for i, small in first.items())
    return best_offset([around.costs(small) for small, around in seen if around])


def _altered(fake: Fake, real: RealVideo, pairs: Mapping[int, FramePair], geometry: Geometry) -> tuple[int, ...]:
    """Returns the tracks of the manipulated faces.

    Where there is a mask, they are the faces under it. Otherwise it is the one face in which fake
    and real differ most.
    """
    people = [track.track_id for track in real.people]
    if len(people) == 1:
        return tuple(people)
    change, least = _masks(fake, pairs), _COVERED
    if not change:
        change, least = {i: _difference(both, geometry) for i, both in pairs.items()}, np.inf
    amount = {t: _mean_inside(change, real, t, geometry) for t in people}
    ranked = sorted(people, key=lambda t: -amount[t])
    return tuple(t for t in ranked if t == ranked[0] or amount[t] >= least)


def _masks(fake: Fake, indices: Sequence[int] | Mapping[int, FramePair]) -> dict[int, np.ndarray]:
    """Decodes the frames of the mask, True where the fake is manipulated; empty without a readable
    mask.
    """
    if not fake.mask.is_file():
        return {}
    try:
        return {index: frame.luma() > 127 for index, frame in DECODERS[fake.decoder](fake.mask, list(indices))}
    except MediaError:
        return {}


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
