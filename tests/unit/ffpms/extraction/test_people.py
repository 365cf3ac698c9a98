"""People of any video: the pixels of a built set, gaps that are filled, and who is nobody."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ffpms.extraction import people
from ffpms.extraction.alignment.real_video import read_real_video
from ffpms.extraction.boxes import Box
from ffpms.extraction.crops import cut_crop, shared_region, square_box
from ffpms.extraction.decoding.any_video import FileStatus
from ffpms.extraction.decoding.decoded_frame import DecodedFrame
from ffpms.extraction.decoding.sampled_frames import Sampling
from ffpms.extraction.people import CropGeometry, FoundPeople, find_people_in
from tests.helpers.odd_videos import X264, make_video, run_ffmpeg

pytestmark = pytest.mark.usefixtures("ffmpeg_on_path")

GEOMETRY = CropGeometry("dlib", margin=1.3, size=40)


class Scripted:
    """Finds a face in the frames of a list, counted from 0, each 3 px right of the one before."""

    def __init__(self, *with_face: int, width: float = 20.0) -> None:
        self._with_face, self._width, self._n = with_face, width, -1

    def everywhere(self, _: DecodedFrame, known: Sequence[Box] = ()) -> list[Box]:
        self._n += 1
        return [Box(10 + 3 * self._n, 15, self._width, self._width)] if self._n in self._with_face else []

    def near(self, _: DecodedFrame, __: Box) -> Box | None:
        return None


@pytest.fixture(autouse=True)
def _search_every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script has a line for each frame."""
    monkeypatch.setattr(people, "SparingFinder", lambda finder: finder)


def find(path: Path, finder: Scripted, **sampling: float) -> tuple[FoundPeople, np.ndarray]:
    file = io.BytesIO()
    found = find_people_in(path, Sampling(**sampling), GEOMETRY, finder, file)  # type: ignore[arg-type]
    return found, np.frombuffer(file.getvalue(), np.uint8).reshape(-1, 40, 40, 3)


KINDS = {
    "444": "-c:v libx264 -pix_fmt yuv444p",
    "420": X264,
    "10 bit": "-c:v libx264 -pix_fmt yuv420p10le",
    "interlaced": f"{X264} -flags +ilme+ildct -vf setfield=tff",
    "full range": "-c:v libx264 -pix_fmt yuvj420p",
}


@pytest.mark.parametrize("kind", [*KINDS, "turned"])
def test_a_detector_sees_the_pixels_of_a_built_set(kind: str, tmp_path: Path) -> None:
    path = make_video(tmp_path, KINDS.get(kind, X264), size=(150, 100))
    if kind == "turned":
        run_ffmpeg(tmp_path, f"-display_rotation 90 -i {path.name} -c copy turned.mp4")
        path = tmp_path / "turned.mp4"
    found, crops = find(path, Scripted(*range(6)), frames=6)
    indices = [2, 6, 10, 14, 18, 22]
    real = read_real_video(path, "pyav", 24, indices, [], Scripted(*range(6)))
    (person,) = found.people
    assert [face.index for face in person] == indices
    for face in person:
        box, _ = real.faces[face.index][0]
        assert box
        region = shared_region(*real.size)
        square = square_box(box, GEOMETRY.margin, region)
        assert face.box == square
        built = cut_crop(real.frames[face.index].rgb_of, square, GEOMETRY.size, region)
        assert (crops[face.crop] == np.asarray(built)).all()


def test_a_face_that_is_missed_for_a_moment_is_filled_in_at_its_place(tmp_path: Path) -> None:
    found, _ = find(make_video(tmp_path), Scripted(0, 1, 3, 4), frames=6)
    (person,) = found.people
    assert [face.index for face in person] == [2, 6, 10, 14, 18]
    assert [face.box.x for face in person] == [7, 10, 13, 16, 19]


def test_a_person_who_is_away_for_longer_than_two_seconds_is_not_made_up(tmp_path: Path) -> None:
    path = make_video(tmp_path, n_frames=100)
    found, _ = find(path, Scripted(0, 1, 2, 5, 8), frames=10)
    (person,) = found.people
    assert [face.seconds for face in person] == pytest.approx([0.2, 0.6, 1.0, 1.4, 1.8, 2.2, 2.6, 3.0, 3.4])
    found, _ = find(path, Scripted(0, 1, 2, 8), frames=10)
    (person,) = found.people
    assert [face.seconds for face in person] == pytest.approx([0.2, 0.6, 1.0, 3.4])


def test_two_finds_are_nobody_whatever_could_be_filled_in_between(tmp_path: Path) -> None:
    found, _ = find(make_video(tmp_path), Scripted(0, 2), frames=6)
    assert (found.status, found.people) == (FileStatus.NO_FACE, ())
    assert found.error == "nobody's face in 3 of the 6 frames looked at; look at more of them (--every)"
