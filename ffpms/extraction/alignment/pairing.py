"""Pairing: a fake held against the footage of its real counterpart; do they belong together, and who is faked?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ffpms.errors import MediaError
from ffpms.extraction.alignment.real_video import Footage, read_beginning, timed
from ffpms.extraction.alignment.registration import MIN_SCORE, FramePair, Geometry, lift, register
from ffpms.extraction.alignment.timing import SURE, Small, Surroundings, best_offset
from ffpms.extraction.boxes import Box
from ffpms.extraction.decode import DECODERS, Picture

_COVERED = 0.05
"""A face of which the mask covers less is not manipulated."""


@dataclass(frozen=True)
class Fake:
    """A fake's sampled frames by index, and where to read more."""

    path: Path
    mask: Path
    decoder: str
    n_frames: int
    pictures: Mapping[int, Picture]


@dataclass(frozen=True)
class Pairing:
    """How a fake of a ``size`` (width, height) lies on its real counterpart. ``altered`` are the tracks of the faces it
    changes, the most changed first; ``lift`` is in levels of red, green and blue."""

    size: tuple[int, int]
    geometry: Geometry
    score: float
    offset: int
    certainty: float | None
    lift: tuple[float, float, float]
    altered: tuple[int, ...]

    def misfit(self, real: str) -> str:
        """Why the two do not belong together; empty if they do. ``real`` is the counterpart's name."""
        if self.score < MIN_SCORE:
            return f"does not show what {real} shows (agreement {self.score:.2f} around the faces); download it again"
        if self.offset and self.certainty and self.certainty >= SURE:
            late, sure = f"{self.offset:+d} frames off {real}", f"{self.certainty:.0%} sure"
            return f"runs {late} ({sure}); its frame i shows frame i{self.offset:+d}; download it again"
        return ""


def pair(fake: Fake, real: Footage) -> Pairing:
    """Measures geometry, score and lift on a few frames, the timing on half the samples, and only where they leave it
    open on every frame."""
    few = list(fake.pictures)[:: max(1, len(fake.pictures) // 4)]
    frames = {i: FramePair(fake.pictures[i], real.pictures[i], real.boxes(i)) for i in few}
    geometry, score = register(list(frames.values()))
    altered = _altered(fake, real, frames, geometry)
    offset, certainty = _timing(fake, real, geometry, altered[0])
    size = fake.pictures[few[0]].size
    return Pairing(size, geometry, score, offset, certainty, lift(list(frames.values()), geometry), altered)


def _timing(fake: Fake, real: Footage, geometry: Geometry, track_id: int) -> tuple[int, float | None]:
    around = {i: real.surroundings(i, track_id, geometry) for i in timed(list(fake.pictures))}
    offset, certainty = best_offset([s.costs(Small.of(fake.pictures[i].luma())) for i, s in around.items() if s])
    if certainty is None or (offset == 0 and certainty >= SURE):
        return offset, certainty
    track = next(t for t in real.people if t.track_id == track_id)
    beginning = read_beginning(fake.path, fake.decoder, fake.n_frames)
    seen = ((small, Surroundings.of(real.every, i, track.at(i)[0], geometry)) for i, small in beginning.items())
    return best_offset([around.costs(small) for small, around in seen if around])


def _altered(fake: Fake, real: Footage, frames: Mapping[int, FramePair], geometry: Geometry) -> tuple[int, ...]:
    """The tracks of the manipulated faces: those under the mask where there is one, else the one face in which fake and
    real differ most."""
    people = [track.track_id for track in real.people]
    if len(people) == 1:
        return tuple(people)
    change, least = _masks(fake, frames), _COVERED
    if not change:
        change, least = {i: _difference(frame, geometry) for i, frame in frames.items()}, np.inf
    amount = {t: _mean_inside(change, real, t, geometry) for t in people}
    ranked = sorted(people, key=lambda t: -amount[t])
    return tuple(t for t in ranked if t == ranked[0] or amount[t] >= least)


def _masks(fake: Fake, indices: Sequence[int] | Mapping[int, FramePair]) -> dict[int, np.ndarray]:
    """The mask's frames, True where the fake is made up; none where there is no mask that can be read."""
    if not fake.mask.is_file():
        return {}
    try:
        return {index: picture.luma() > 127 for index, picture in DECODERS[fake.decoder](fake.mask, list(indices))}
    except MediaError:
        return {}


def _difference(frame: FramePair, geometry: Geometry) -> np.ndarray:
    """How much fake and real differ in each pixel of the fake, (h, w)."""
    whole = Box(0, 0, *frame.fake.size)
    change = np.subtract(frame.fake.rgb(), geometry.cut(frame.real, whole, Picture.rgb_of), dtype=np.int16)
    return np.asarray(np.abs(change).mean(axis=2))


def _mean_inside(change: Mapping[int, np.ndarray], real: Footage, track_id: int, geometry: Geometry) -> float:
    """The mean change within a face's boxes."""
    means = [0.0]
    for index, image in change.items():
        box: Box | None = real.faces[index][track_id][0]
        inside = geometry.map(box).within(image.shape[1], image.shape[0]) if box else Box(0, 0, 0, 0)
        if inside.area:
            means.append(float(image[inside.rows, inside.columns].mean()))
    return float(np.mean(means[1:] or means))
