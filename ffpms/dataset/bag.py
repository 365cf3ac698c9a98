"""BagRecord: a bag of a built set, that is a video's label and its faces."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ffpms.dataset.crops import read_crop
from ffpms.schema import Status


@dataclass(frozen=True)
class BagRecord:
    """A bag: a video's label, and its faces in the order of time (none if there was no face).

    ``slots``, ``tracks``, ``frame_labels``, ``crops`` and ``sha256`` have an entry a face. Two bags
    are equal if their rows are, wherever their sets lie.

    Example:
        >>> bag = ffpms.load("ffpms-data").bags("test", "DF")[-1]
        >>> bag.manipulation, bag.label, len(bag.frame_labels)
        ('DF', 1, 20)
    """

    bag_id: str
    manipulation: str
    pair_id: str
    label: int
    fake_rate: float
    status: str
    slots: tuple[int, ...]
    tracks: tuple[int, ...]
    frame_labels: tuple[int, ...]
    crops: tuple[str, ...] = field(repr=False)
    sha256: tuple[str, ...] = field(repr=False)
    dataset: str = ""
    side: int = 0
    root: Path = field(default=Path(), compare=False)

    def faces(self) -> np.ndarray:
        """Decodes the faces and checks each against its hash.

        Shape: -> (M, S, S, 3) uint8, RGB.

        Raises:
            ManifestError: a crop is not there, or is not the one that was built.

        Example:
            >>> ffpms.load("ffpms-data").bags("test", "DF")[-1].faces().shape
            (20, 64, 64, 3)
        """
        faces = [read_crop(self.root, *crop, self.side) for crop in zip(self.crops, self.sha256, strict=True)]
        return np.stack(faces) if faces else np.empty((0, self.side, self.side, 3), np.uint8)

    def with_faces(self, faces: Iterable[tuple[int, int, int, str, str]]) -> "BagRecord":
        """Returns the same video with other faces: slot, track, label, crop and hash of each."""
        slots, tracks, labels, crops, sha256 = zip(*faces, strict=True) if (faces := list(faces)) else ((),) * 5
        return replace(self, slots=slots, tracks=tracks, frame_labels=labels, crops=crops, sha256=sha256)

    @property
    def instances(self) -> list[tuple[int, int, int, str, str]]:
        """Returns slot, track, label, crop and hash of each face."""
        return list(zip(self.slots, self.tracks, self.frame_labels, self.crops, self.sha256, strict=True))

    @property
    def crowded(self) -> bool:
        """Whether a frame shows several people, as ``--faces all`` allows."""
        return len(set(self.slots)) < len(self.slots)

    @property
    def faceless(self) -> bool:
        """Whether the video could be built and none of its frames has a face: it is undecided."""
        return not self.crops and self.status in (Status.OK, Status.NO_FACE)

    @classmethod
    def of_one(cls, crop: str) -> "BagRecord":
        """Makes a bag of one face, about which only the path of its crop is known."""
        return cls("", "", "", 0, 0.0, "", (0,), (0,), (0,), (crop,), ("",))
