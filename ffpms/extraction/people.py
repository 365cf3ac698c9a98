"""People in any video: tracks the faces of its sampled frames, and cuts one square of each.

The squares are those of a built set: the same finder, tracks, margin and size.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from ffpms.errors import MediaError
from ffpms.extraction.boxes import Box
from ffpms.extraction.crops import cut_face, shared_region, square_box
from ffpms.extraction.decoding.any_video import FileStatus
from ffpms.extraction.decoding.decoded_frame import DecodedFrame
from ffpms.extraction.decoding.sampled_frames import MiscountedError, SampledFrames
from ffpms.extraction.faces.detection import FaceFinder, SparingFinder, detect_in_frames
from ffpms.extraction.faces.tracking import FaceTrack, find_people
from ffpms.extraction.sampling import LEAST, Sampling

FILL_S = 2.0
"""Longest time, in seconds, between two finds of a face that stays in place in between."""

KEPT_BYTES = 500_000_000
"""Largest sample that is kept, to look at missed frames again once tracks are known; in bytes."""


@dataclass(frozen=True)
class CropGeometry:
    """How faces are found and cut: as in the set on which the model was trained."""

    finder: str
    margin: float
    size: int


@dataclass(frozen=True)
class FoundFace:
    """A face of a person: its frame, the square that was cut, in px, and the number of the crop."""

    index: int
    seconds: float
    box: Box
    crop: int


@dataclass(frozen=True)
class FoundPeople:
    """The people of a video, the most visible first; without any, ``status`` and ``error`` say why.

    ``error`` also says what could not be used of a video that has people. ``size`` is the upright
    frame's, in px. ``sampled`` are the times of the frames that were looked at, in seconds.
    """

    status: FileStatus
    error: str = ""
    people: tuple[tuple[FoundFace, ...], ...] = ()
    n_crops: int = 0
    size: tuple[int, int] = (0, 0)
    sampled: tuple[float, ...] = ()


def find_people_in(
    path: Path,
    sampling: Sampling,
    geometry: CropGeometry,
    finder: FaceFinder,
    crops: BinaryIO,
    alive: Callable[[], object] = lambda: None,
) -> FoundPeople:
    """Finds the people of a video and writes the crop of each face to ``crops``.

    Shape: crops, n_crops times (S, S, 3) uint8.
    """
    times: list[float] | None = None
    while True:
        frames = SampledFrames(path, sampling, times, alive)
        search = _Search(geometry, SparingFinder(finder), crops)
        crops.seek(0)
        try:
            return search.run(frames)
        except MiscountedError as counted:
            times = counted.times
        except MediaError as error:
            return FoundPeople(FileStatus(error.status), "; ".join([error.reason, *frames.faults]))


@dataclass
class _Search:
    """The search for the people of one video."""

    geometry: CropGeometry
    finder: FaceFinder
    file: BinaryIO
    size: tuple[int, int] = (0, 0)
    n_crops: int = 0
    seconds: dict[int, float] = field(default_factory=dict)
    cut: dict[tuple[int, Box], FoundFace] = field(default_factory=dict)
    kept: dict[int, DecodedFrame] = field(default_factory=dict)

    def run(self, frames: SampledFrames) -> FoundPeople:
        """Searches all sampled frames, then links what was found to people."""
        current: deque[DecodedFrame] = deque()
        found = []
        for index, boxes in detect_in_frames(self._numbered(frames, current), self.finder):
            frame = current.popleft()
            for box in boxes:
                self._cut(index, box, frame)
            if frames.n_sampled * 3 * frame.size[0] * frame.size[1] <= KEPT_BYTES:
                self.kept[index] = frame
            found.append((index, boxes))
        people = [self._faces_of(track) for track in find_people(found) if len(track.boxes) >= LEAST]
        return self._report(frames, people, sum(1 for _, boxes in found if boxes))

    def _numbered(self, frames: SampledFrames, current: deque[DecodedFrame]) -> Iterator[tuple[int, DecodedFrame]]:
        for one in frames:
            self.seconds[one.index], self.size = one.seconds, one.frame.size
            current.append(one.frame)
            yield one.index, one.frame

    def _cut(self, index: int, face: Box, frame: DecodedFrame) -> FoundFace:
        """Cuts a face out of its frame, and writes it."""
        region = shared_region(*frame.size)
        square = square_box(face, self.geometry.margin, region)
        crop = cut_face(frame.rgb_of, square, self.geometry.size, region)
        found = self.cut[index, face] = FoundFace(index, self.seconds[index], square, self.n_crops)
        self.file.write(crop.tobytes())
        self.n_crops += 1
        return found

    def _faces_of(self, track: FaceTrack) -> tuple[FoundFace, ...]:
        """Returns the faces of a track, with those that were missed for a moment."""
        faces = [self.cut[index, box] for index, box in track.boxes.items()]
        return tuple(sorted([*faces, *self._fill(track)], key=lambda face: face.index))

    def _fill(self, track: FaceTrack) -> Iterator[FoundFace]:
        """Looks again where a face was missed between two finds, or takes the place in between."""
        for before, after in pairwise(sorted(track.boxes)):
            if self.seconds[after] - self.seconds[before] <= FILL_S:
                for index in (i for i in self.kept if before < i < after):
                    box, _ = track.at(index)
                    assert box
                    yield self._cut(index, self.finder.near(self.kept[index], box) or box, self.kept[index])

    def _report(self, frames: SampledFrames, people: Sequence[tuple[FoundFace, ...]], n_with_face: int) -> FoundPeople:
        n_sampled, sampled = len(self.seconds), tuple(self.seconds.values())
        status, reasons = FileStatus.OK, list(frames.faults)
        if n_sampled < LEAST:
            status = FileStatus.UNREADABLE
        elif not people:
            status = FileStatus.NO_FACE
            reasons.insert(0, _why_no_one(n_with_face, n_sampled))
        return FoundPeople(status, "; ".join(reasons), tuple(people), self.n_crops, self.size, sampled)


def _why_no_one(n_with_face: int, n_sampled: int) -> str:
    if not n_with_face:
        return f"no face in the {n_sampled} frames looked at"
    return f"nobody's face in {LEAST} of the {n_sampled} frames looked at; look at more of them (--every)"
