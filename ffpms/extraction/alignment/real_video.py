"""RealVideo: the frames and faces of a real video, read once for all its fakes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from ffpms.extraction.alignment.registration import Geometry, Known
from ffpms.extraction.alignment.timing import OFFSETS, SmallFrame, Surroundings
from ffpms.extraction.boxes import Box
from ffpms.extraction.decoding.decoded_frame import DecodedFrame
from ffpms.extraction.decoding.wanted_frames import DECODERS
from ffpms.extraction.faces.detection import FaceFinder, detect_in_frames
from ffpms.extraction.faces.tracking import FaceTrack, find_people
from ffpms.schema import Status

_STRETCHES, _STRETCH = 12, 20
"""Number and length of the stretches of a video that are compared frame by frame if need be."""

BoxAndStatus = tuple[Box | None, Status]
"""The box of a face, if there is one, and its status."""


@dataclass(frozen=True)
class RealVideo:
    """A real video's sampled frames, the small frames around them, and the people in it.

    ``frames`` is keyed by frame index; ``faces`` by frame index, then track id. ``known`` is what
    was read of each frame to compare it with a fake.
    """

    path: Path
    decoder: str
    n_frames: int
    frames: Mapping[int, DecodedFrame]
    small: Mapping[int, SmallFrame]
    people: Sequence[FaceTrack]
    faces: Mapping[int, Mapping[int, BoxAndStatus]]
    known: Mapping[int, Known] = field(default_factory=lambda: defaultdict(dict), repr=False)
    _surroundings: dict[object, Surroundings | None] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return next(iter(self.frames.values())).size

    def boxes(self, index: int) -> list[Box]:
        """Returns the boxes of all faces in a sampled frame."""
        return [box for box, _ in self.faces[index].values() if box]

    def surroundings(
        self, index: int, track_id: int, geometry: Geometry, shown: tuple[int, int]
    ) -> Surroundings | None:
        """Returns the surroundings of a face at every offset from a frame, as a fake shows them.

        They are computed once for all fakes of a geometry and size (``shown``). The result is None
        without a face, or too near the beginning or the end of the video.
        """
        key = (index, track_id, geometry, shown)
        if key not in self._surroundings:
            box, _ = self.faces[index][track_id]
            self._surroundings[key] = Surroundings.of(self.small, index, box, geometry, shown)
        return self._surroundings[key]

    @cached_property
    def dense_frames(self) -> dict[int, SmallFrame]:
        """The frames of :func:`dense_sample`, small."""
        return dict(read_small(self.path, self.decoder, dense_sample(self.n_frames)))

    def dense_indices(self, n_frames: int) -> list[int]:
        """Returns those of them that a fake of ``n_frames`` has, and that have their neighbours."""
        known = set(dense_sample(self.n_frames))
        return [i for i in sorted(known) if i < n_frames and known.issuperset(i + k for k in OFFSETS)]

    def dense_surroundings(
        self, index: int, track_id: int, geometry: Geometry, shown: tuple[int, int]
    ) -> Surroundings | None:
        """Returns the same at every offset from one of the dense frames."""
        track = next(t for t in self.people if t.track_id == track_id)
        return Surroundings.of(self.dense_frames, index, track.at(index)[0], geometry, shown)


def read_small(path: Path, decoder: str, indices: Sequence[int]) -> Iterator[tuple[int, SmallFrame]]:
    """Reads frames of a video, small."""
    yield from ((index, SmallFrame.of(frame.luma())) for index, frame in DECODERS[decoder](path, list(indices)))


def dense_sample(n_frames: int) -> list[int]:
    """Returns all frames of a short video, and 12 stretches of 20 frames of a longer one.

    Example:
        >>> dense_sample(300)[18:22]
        [18, 19, 25, 26]
    """
    starts = np.linspace(0, max(n_frames - _STRETCH, 0), _STRETCHES).astype(int)
    if n_frames <= _STRETCHES * _STRETCH:
        return list(range(n_frames))
    return [int(start) + k for start in starts for k in range(_STRETCH)]


def timing_sample(sample: Sequence[int]) -> Sequence[int]:
    """Returns every other frame of a sample: there the time offset is measured first.

    Example:
        >>> timing_sample([6, 18, 31, 43])
        [6, 31]
    """
    return sample[::2]


def read_real_video(
    path: Path, decoder: str, n_frames: int, own: Sequence[int], shared: Iterable[Sequence[int]], finder: FaceFinder
) -> RealVideo:
    """Decodes a real video once, and finds its people.

    ``own`` are its own samples, along which its people are tracked. So no box depends on which
    fakes the tree has. ``shared`` are the samples of each of its fakes.

    Raises:
        MediaError: the video ends or breaks before the last frame.
    """
    samples = list(shared)
    wanted = sorted({*own}.union(*samples))
    around = {i + k for sample in samples for i in timing_sample(sample) for k in OFFSETS if 0 <= i + k < n_frames}
    frames, small = {}, {}
    for index, frame in DECODERS[decoder](path, sorted(around.union(wanted))):
        if index in around:
            small[index] = SmallFrame.of(frame.luma())
        if index in wanted:
            frames[index] = frame
    people = find_people(detect_in_frames(((i, frames[i]) for i in own), finder))
    faces = {i: {t.track_id: _face_at(t, i, frames[i], finder) for t in people} for i in wanted}
    return RealVideo(path, decoder, n_frames, frames, small, people, faces)


def _face_at(track: FaceTrack, index: int, frame: DecodedFrame, finder: FaceFinder) -> BoxAndStatus:
    """Returns the box of a track in a frame.

    In a frame outside the track's sample it is the face found near the interpolated box.
    """
    box, status = track.at(index)
    found = finder.near(frame, box) if box and status is Status.INTERPOLATED else None
    return (found, Status.OK) if found else (box, status)
