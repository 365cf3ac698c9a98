"""The page of verdicts: what is in it, and what it says."""

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark import TrainedModel
from benchmark.inference.page import media, page
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
        "Of 140 real val videos of FFPMS, 6 % score as high. From 50 % on a video looks fake.",
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
