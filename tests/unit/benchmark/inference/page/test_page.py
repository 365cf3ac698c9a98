"""The page of verdicts: what is in it, and what it says."""

import base64
import html
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import av
import pytest

from benchmark import TrainedModel
from benchmark.inference.page import clean_copy, media, page
from benchmark.inference.page.page import render_page
from ffpms.extraction.sampling import Sampling
from tests.helpers.odd_videos import run_ffmpeg
from tests.helpers.verdicts import make_verdict

pytestmark = pytest.mark.usefixtures("ffmpeg_on_path")

TIMES = [0.1, 0.3, 0.5, 0.7, 0.9]
BOXES = [(40.0, 80.0, 80.0, 80.0), (200.0, 80.0, 80.0, 80.0)]
SAMPLING = Sampling(5)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    run_ffmpeg(tmp_path, "-f lavfi -i testsrc=s=320x240:r=10:d=1 -pix_fmt yuv420p -c:v libx264 in.mp4")
    return tmp_path / "in.mp4"


def text_of(written: str) -> str:
    """What a reader sees, in one line."""
    bare = re.sub(r"<(script|style).*?</\1>", " ", written, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", bare)).split())


def test_it_says_the_verdict_and_what_it_rests_on(model: TrainedModel, video: Path) -> None:
    text = text_of(render_page([make_verdict(video, TIMES, (320, 240), BOXES)], model, SAMPLING))
    for said in (
        "Looks fake: 90 %",
        "Of 140 real val videos of FFPMS, 6 % score as high (the highest of 2 people). From 50 % on a video",
        "person 0: 90 %, looks fake",
        "person 1: 20 %, does not look fake",
        "Looks fake throughout. Seen in 5 of 5 frames looked at.",
        "a hint, no proof",
        model.run_id,
        model.trained_on.dataset,
    ):
        assert said in text


def test_the_faces_that_decided_come_first(model: TrainedModel, video: Path) -> None:
    written = render_page([make_verdict(video, TIMES, (320, 240), BOXES[:1])], model, SAMPLING)
    seconds = re.findall(r'data-seconds="([\d.]+)"', written)
    assert seconds == ["0.9", "0.7", "0.5", "0.3", "0.1"]  # weights rise, probabilities fall a little
    assert written.count('class="face is-fake"') == 5


def test_a_method_without_weights_shows_none(model: TrainedModel, video: Path) -> None:
    written = render_page([make_verdict(video, TIMES, (320, 240), BOXES, weights=False)], model, SAMPLING)
    assert "weight " not in text_of(written).replace("weight times", "").replace("A weight is", "")


def test_a_small_video_is_in_it_and_else_its_frames(model: TrainedModel, video: Path) -> None:
    verdict = make_verdict(video, TIMES, (320, 240), BOXES)
    written = render_page([verdict], model, SAMPLING)
    assert ("<video" in written, 'data-kind="video/mp4"' in written, '<img class="frame"' in written) == (
        *(True, True),
        False,
    )
    run_ffmpeg(video.parent, "-i in.mp4 -pix_fmt yuv420p -c:v mpeg4 in.avi")
    written = render_page([replace(verdict, path=str(video.with_name("in.avi")))], model, SAMPLING)
    assert ("<video" in written, '<img class="frame"' in written) == (False, True)


SECRETS = (
    "-metadata title=Secret -metadata comment=Secret -metadata location=+48.1371+011.5754/ -metadata make=Secret"
    " -metadata creation_time=2024-05-05T10:10:10Z -metadata:s:v handler_name=Secret -metadata:s:a title=Secret"
)


@pytest.mark.parametrize(
    ("options", "suffix"),
    [
        (f"-c:v libx264 -bf 2 -c:a aac -timecode 01:00:00:00 {SECRETS} -movflags use_metadata_tags", "mp4"),
        (f"-c:v libx264 -c:a aac {SECRETS} -movflags use_metadata_tags", "mov"),
        (f"-c:v libvpx-vp9 -cpu-used 8 -c:a libopus {SECRETS}", "webm"),
    ],
)
def test_a_video_in_a_page_tells_nothing_but_picture_and_sound(tmp_path: Path, options: str, suffix: str) -> None:
    source = "-f lavfi -i testsrc=s=320x240:r=10:d=1 -f lavfi -i sine=d=1 -pix_fmt yuv420p"
    path = tmp_path / f"in.{suffix}"
    run_ffmpeg(tmp_path, f"{source} {options} {path.name}")
    assert b"Secret" in path.read_bytes()
    video = media.read_video(path, 10**9)
    assert video is not None
    shown = base64.b64decode(video.base64)
    assert not any(word in shown for word in (b"Secret", b"+48.1371"))
    with av.open(BytesIO(shown)) as copy, av.open(path) as own:
        told = [copy.metadata, *(track.metadata for track in copy.streams)]
        assert not any("time" in key or "date" in key or "location" in key for tags in told for key in tags)
        assert [track.type for track in copy.streams] == ["video", "audio"]
        for a, b in zip(copy.decode(video=0), own.decode(video=0), strict=True):
            assert a.time == pytest.approx(b.time, abs=2e-3)
            assert (a.to_ndarray() == b.to_ndarray()).all()


def test_a_video_in_a_page_begins_and_is_turned_as_it_was(video: Path) -> None:
    for flags in ("-itsoffset 0.5 -i in.mp4 -f lavfi -i sine=d=1 -map 0:v -map 1:a", "-display_rotation 90 -i in.mp4"):
        run_ffmpeg(video.parent, f"{flags} -c:v copy odd.mp4")
        path = video.with_name("odd.mp4")
        found = media.read_video(path, 10**9)
        assert found is not None
        with av.open(BytesIO(base64.b64decode(found.base64))) as copy, av.open(path) as own:
            assert [(f.time, f.rotation) for f in copy.decode(video=0)] == [
                (f.time, f.rotation) for f in own.decode(video=0)
            ]


def test_a_copy_with_other_times_is_not_shown(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean_copy, "_copy_packets", lambda *args, own=clean_copy._copy_packets: (own(*args)[0][1:], 0))
    assert media.read_video(video, 10**9) is None


def test_a_large_video_is_not_in_it(model: TrainedModel, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "VIDEO_BYTES", 1000)
    assert "<video" not in render_page([make_verdict(video, TIMES, (320, 240), BOXES)], model, SAMPLING)


def test_a_file_that_is_gone_or_none_has_a_section_all_the_same(model: TrainedModel, tmp_path: Path) -> None:
    gone = make_verdict(tmp_path / "gone.mp4", TIMES, (320, 240), BOXES)
    none = replace(make_verdict(tmp_path / "a.mp3", [], (0, 0), []), status="no_video", error="no video is in it")
    text = text_of(render_page([gone, none], model, SAMPLING))
    assert "No verdict (no video): no video is in it" in text
    assert "Looks fake: 90 %" in text


def test_names_are_no_markup(model: TrainedModel, tmp_path: Path) -> None:
    path = tmp_path / "<script>alert(1)<\nscript>.mp4"
    written = render_page([make_verdict(path, TIMES, (320, 240), BOXES)], model, SAMPLING)
    assert "<script>alert" not in written
    assert "&lt;script&gt;alert(1)&lt;\\nscript&gt;" in written


def test_of_many_videos_the_most_fake_are_shown(
    model: TrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MOST_SECTIONS", 2)
    verdicts = [
        replace(make_verdict(tmp_path / f"{n}.mp4", TIMES, (320, 240), BOXES), probability=prob)
        for n, prob in enumerate([0.2, 0.9, 0.8])
    ]
    written = render_page(verdicts, model, SAMPLING)
    assert re.findall(r'<section class="video" id="([^"]+)"', written) == ["video-1", "video-2"]
    assert "The other 1 have a row here" in text_of(written)
