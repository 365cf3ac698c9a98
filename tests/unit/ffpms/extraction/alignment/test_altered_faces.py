"""Which of two faces a fake changes: by its mask, or where there is none of a face by the difference."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ffpms.extraction.alignment.pairing import Fake, pair
from ffpms.extraction.alignment.real_video import RealVideo
from ffpms.extraction.boxes import Box
from ffpms.extraction.decoding.wanted_frames import decode_all, decode_needed
from ffpms.extraction.faces.tracking import FaceTrack
from ffpms.schema import Status
from tests.helpers.corpus import encode

FACES = [Box(16, 24, 40, 40), Box(176, 24, 32, 32)]
INDICES = [0, 2, 4, 6]
HEIGHT, WIDTH = 96, 256


def white_at(box: Box, scale: int = 1) -> np.ndarray:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[box.rows, box.columns] = 255
    return picture.repeat(scale, 0).repeat(scale, 1)


MASKS = {
    "of-the-other": [white_at(FACES[1])],
    "black": [white_at(Box(0, 0, 0, 0))],
    "larger": [white_at(Box(0, 0, WIDTH, HEIGHT), 2)],
    "none": [],
}


@pytest.mark.parametrize("mask", MASKS)
def test_the_face_that_differs_is_the_altered_one_but_for_a_mask_of_a_face(tmp_path: Path, mask: str) -> None:
    films = np.random.default_rng(0).integers(0, 255, (8, HEIGHT, WIDTH, 3), np.uint8)
    write(tmp_path / "real.mp4", films)
    films[:, FACES[1].rows, FACES[1].columns] //= 2
    write(tmp_path / "fake.mp4", films)
    write(tmp_path / "mask.mp4", MASKS[mask] * 8)
    frames = dict(decode_needed(tmp_path / "fake.mp4", INDICES))
    fake = Fake(tmp_path / "fake.mp4", tmp_path / "mask.mp4", "pyav", 8, frames)
    assert pair(fake, two_people(tmp_path / "real.mp4")).altered == (1,)


def write(path: Path, films: Sequence[np.ndarray] | np.ndarray) -> None:
    if len(films):
        encode(path, list(films), crf=10)


def two_people(path: Path) -> RealVideo:
    people = [FaceTrack(i, dict.fromkeys(INDICES, box)) for i, box in enumerate(FACES)]
    faces = {i: {n: (box, Status.OK) for n, box in enumerate(FACES)} for i in INDICES}
    return RealVideo(path, "pyav", 8, dict(decode_all(path, INDICES)), {}, people, faces)
