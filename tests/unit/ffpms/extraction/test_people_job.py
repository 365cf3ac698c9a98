"""Job of a video's people: a disk that takes no crops is not the video's fault."""

from pathlib import Path

import pytest

from ffpms.errors import StorageError
from ffpms.extraction import people_job
from ffpms.extraction.boxes import Box
from ffpms.extraction.decoding.any_video import FileStatus
from ffpms.extraction.decoding.decoded_frame import DecodedFrame
from ffpms.extraction.people import CropGeometry
from ffpms.extraction.people_job import PeopleJob, find_job_people
from ffpms.extraction.sampling import Sampling
from tests.helpers.odd_videos import make_video

FULL = Path("/dev/full")
"""A file that can be opened, and whose disk is full."""

pytestmark = pytest.mark.usefixtures("ffmpeg_on_path")


class Still:
    """Finds one face, always at one place."""

    def everywhere(self, _: DecodedFrame, known: tuple[Box, ...] = ()) -> list[Box]:
        return [Box(10, 15, 20, 20)]

    def near(self, _: DecodedFrame, __: Box) -> Box | None:
        return Box(10, 15, 20, 20)


@pytest.fixture
def video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(people_job, "_finder", lambda _: Still())
    return make_video(tmp_path)


def job(video: Path, crops: Path, size: int = 40) -> PeopleJob:
    return PeopleJob(video, crops, Sampling(frames=6), CropGeometry("dlib", margin=1.3, size=size))


def test_the_crops_are_in_the_file(video: Path, tmp_path: Path) -> None:
    found = find_job_people(job(video, tmp_path / "0.faces"))
    assert (found.status, found.n_crops) == (FileStatus.OK, 6)
    assert (tmp_path / "0.faces").stat().st_size == 6 * 40 * 40 * 3


@pytest.mark.skipif(not FULL.exists(), reason="there is no such device")
@pytest.mark.parametrize("size", [8, 224])
def test_a_full_disk_is_not_the_videos_fault(video: Path, size: int) -> None:
    """Small crops fit into the buffer, so that the disk refuses them when the file is closed."""
    with pytest.raises(StorageError, match=r"^/dev/full: No space left on device; free some space"):
        find_job_people(job(video, FULL, size))
