"""Footage: what is read once of a real video and serves all its fakes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ffpms.extraction.alignment.registration import Geometry
from ffpms.extraction.alignment.timing import OFFSETS, Small, Surroundings
from ffpms.extraction.boxes import Box
from ffpms.extraction.decode import DECODERS, Picture
from ffpms.extraction.faces.detection import FaceFinder, follow
from ffpms.extraction.faces.tracking import FaceTrack, find_people
from ffpms.schema import Status

LONG_ENOUGH = 240
"""So many frames are compared one by one where the sampled ones leave a fake's timing open."""

Found = tuple[Box | None, Status]


@dataclass(frozen=True)
class Footage:
    """A real video's sampled frames, those around them in small, and the people in it.

    ``pictures`` by index; ``faces`` by index, then track.
    """

    path: Path
    decoder: str
    n_frames: int
    pictures: Mapping[int, Picture]
    small: Mapping[int, Small]
    people: Sequence[FaceTrack]
    faces: Mapping[int, Mapping[int, Found]]
    _known: dict[tuple[int, int, Geometry], Surroundings | None] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return next(iter(self.pictures.values())).size

    def boxes(self, index: int) -> list[Box]:
        """Where faces are in a sampled frame."""
        return [box for box, _ in self.faces[index].values() if box]

    def surroundings(self, index: int, track_id: int, geometry: Geometry) -> Surroundings | None:
        """What is around a face at every offset from a frame, worked out once for all fakes of a geometry; None where
        there is no face or the video begins or ends too near."""
        key = (index, track_id, geometry)
        if key not in self._known:
            box, _ = self.faces[index][track_id]
            self._known[key] = Surroundings.of(self.small, index, box, geometry)
        return self._known[key]

    @cached_property
    def every(self) -> dict[int, Small]:
        """The beginning of the video, every frame of it."""
        return read_beginning(self.path, self.decoder, self.n_frames)


def read_beginning(path: Path, decoder: str, n_frames: int) -> dict[int, Small]:
    """The first frames of a video, of ``n_frames`` in all, in small."""
    pictures = DECODERS[decoder](path, list(range(min(n_frames, LONG_ENOUGH))))
    return {index: Small.of(picture.luma()) for index, picture in pictures}


def timed(sample: Sequence[int]) -> Sequence[int]:
    """The frames of a sample at which a fake's timing is measured first: every other one."""
    return sample[::2]


def read_footage(
    path: Path, decoder: str, n_frames: int, own: Sequence[int], shared: Iterable[Sequence[int]], finder: FaceFinder
) -> Footage:
    """Decodes a real video once. ``own`` are its own samples, along which its people are followed, so that no box
    depends on which fakes lie beside it; ``shared`` are the samples of each of its fakes."""
    samples = list(shared)
    wanted = sorted({*own}.union(*samples))
    around = {i + k for sample in samples for i in timed(sample) for k in OFFSETS if 0 <= i + k < n_frames}
    pictures, small = {}, {}
    for index, picture in DECODERS[decoder](path, sorted(around.union(wanted))):
        if index in around:
            small[index] = Small.of(picture.luma())
        if index in wanted:
            pictures[index] = picture
    people = find_people(follow(((i, pictures[i]) for i in own), finder))
    faces = {i: {t.track_id: _face_at(t, i, pictures[i], finder) for t in people} for i in wanted}
    return Footage(path, decoder, n_frames, pictures, small, people, faces)


def _face_at(track: FaceTrack, index: int, picture: Picture, finder: FaceFinder) -> Found:
    """The box of a track in a frame: its own, or in a frame outside its sample the face found near it."""
    box, status = track.at(index)
    found = finder.near(picture, box) if box and status is Status.INTERPOLATED else None
    return (found, Status.OK) if found else (box, status)
