"""Annotated videos: their frames, times, sound and size, and what is drawn where."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from benchmark.inference.annotation import encoder
from benchmark.inference.annotation.annotate import annotate
from benchmark.inference.annotation.canvas import FAKE, PAPER, REAL, Canvas
from benchmark.inference.annotation.strip import draw_strip
from ffpms.errors import ConfigError, MediaError
from ffpms.storage import whole_file
from tests.helpers.odd_videos import run_ffmpeg
from tests.helpers.verdicts import make_verdict

pytestmark = pytest.mark.usefixtures("ffmpeg_on_path")

GREY = "-f lavfi -i color=gray:s=322x242:r=10:d=1"
TONE = "-f lavfi -i sine=440:duration=1"
BOXES = [(40.0, 80.0, 80.0, 80.0), (200.0, 80.0, 80.0, 80.0)]
TIMES = [0.05 + 0.1 * i for i in range(10)]


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    """Ten grey frames in one second, with sound that mp4 does not take."""
    run_ffmpeg(tmp_path, f"{GREY} {TONE} -c:v libx264 -c:a pcm_s16le in.mkv")
    return tmp_path / "in.mkv"


def read(path: Path) -> tuple[list[float], list[np.ndarray], dict[str, str]]:
    """The times and pixels of all frames, and the codecs by kind."""
    with av.open(str(path)) as container:
        codecs = {stream.type: stream.codec_context.name for stream in container.streams}
        frames = list(container.decode(video=0))
        return [float(frame.time or 0) for frame in frames], [f.to_ndarray(format="rgb24") for f in frames], codecs


def near(pixel: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() < 60)


@pytest.mark.parametrize(
    ("suffix", "codecs"),
    [
        (".mp4", {"video": "h264", "audio": "aac"}),
        (".mkv", {"video": "h264", "audio": "pcm_s16le"}),
        (".webm", {"video": "vp9", "audio": "opus"}),
    ],
)
def test_each_kind_keeps_frames_and_sound(grey: Path, suffix: str, codecs: dict[str, str]) -> None:
    out = grey.with_name(f"out{suffix}")
    assert annotate(make_verdict(grey, TIMES, (322, 242), BOXES), out)
    times, frames, found = read(out)
    assert (len(frames), found) == (10, codecs)
    assert frames[0].shape[0] % 2 == 0
    assert frames[0].shape[1] == 322
    assert times == pytest.approx([i / 10 for i in range(10)], abs=2e-3)
    assert sorted(path.name for path in grey.parent.iterdir()) == ["in.mkv", out.name]


def test_names_that_are_no_text(grey: Path) -> None:
    try:
        odd = grey.rename(os.fsdecode(os.fsencode(grey.parent) + b"/\xff.mkv"))
    except OSError:
        pytest.skip("this file system has names of text alone")
    out = odd.with_name(odd.name.replace("mkv", "mp4"))
    assert annotate(make_verdict(odd, TIMES, (322, 242), BOXES), out)
    assert read(out)[2] == {"video": "h264", "audio": "aac"}


def test_what_a_killed_process_left_goes_and_what_one_writes_now_stays(grey: Path) -> None:
    out = grey.with_name("out.mp4")
    left, other = out.with_name("out.mp4.12-0a1b2c3d.partial"), out.with_name("other.mp4.12-0a1b2c3d.partial")
    for path in (left, other):
        path.write_text("half")
    with whole_file(out) as file:
        annotate(make_verdict(grey, TIMES, (322, 242), BOXES), out)
        assert Path(file.name).exists()
    assert (left.exists(), other.exists()) == (False, True)


def test_the_strip_says_what_could_not_be_used(grey: Path) -> None:
    whole = make_verdict(grey, TIMES, (322, 242), BOXES)
    strips = [
        draw_strip(verdict, Canvas.of((322, 242)), 1.0).pixels
        for verdict in (whole, replace(whole, error="cut short: 10 of 20 frames are there"))
    ]
    assert strips[1].shape[0] > strips[0].shape[0]


def test_people_are_boxed_where_they_are_and_nothing_else_changes(grey: Path) -> None:
    out = grey.with_name("out.mp4")
    annotate(make_verdict(grey, TIMES, (322, 242), BOXES), out)
    _, frames, _ = read(out)
    before = read(grey)[1][0]
    assert near(frames[5][120, 42], FAKE)  # the left edges
    assert [y for y in range(90, 150) if near(frames[5][y, 201], REAL)]
    assert [y for y in range(90, 150) if near(frames[5][y, 201], before[0, 0])], "a broken line"
    assert not [y for y in range(90, 150) if near(frames[5][y, 42], before[0, 0])], "a whole one"
    assert np.abs(frames[5][100:140, 60:100].astype(int) - before[100:140, 60:100]).max() < 12  # the face
    assert near(frames[5][-1, 0], PAPER)
    assert not np.array_equal(frames[0][242:], frames[9][242:])  # the mark of the time moves


def test_who_is_gone_has_no_box(grey: Path) -> None:
    verdict = make_verdict(grey, TIMES[:4], (322, 242), BOXES[:1])
    gone = type(verdict)(**{**vars(verdict), "sampled": tuple(TIMES)})
    annotate(gone, grey.with_name("out.mp4"))
    _, frames, _ = read(grey.with_name("out.mp4"))
    assert [near(frame[120, 42], FAKE) for frame in frames] == [True] * 5 + [False] * 5  # half a step longer


def test_a_variable_rate_and_a_late_start_are_kept(tmp_path: Path) -> None:
    run_ffmpeg(tmp_path, f"{GREY} -vf select='not(eq(mod(n\\,4)\\,1))' -fps_mode vfr -c:v libx264 gaps.mp4")
    run_ffmpeg(tmp_path, f"-itsoffset 0.5 -i gaps.mp4 {TONE} -map 0 -map 1 -c:v copy -c:a aac in.mp4")
    annotate(make_verdict(tmp_path / "in.mp4", TIMES, (322, 242), BOXES), tmp_path / "out.mp4")
    expected = [0.5 + i / 10 for i in range(10) if i % 4 != 1]
    assert read(tmp_path / "out.mp4")[0] == pytest.approx(expected, abs=1e-3)


def test_sound_stays_with_the_picture_where_the_clock_starts_late(tmp_path: Path) -> None:
    run_ffmpeg(tmp_path, f"{GREY} -itsoffset 0.5 {TONE} -c:v libx264 -c:a aac in.ts")  # its clock starts at 1.4 s
    annotate(make_verdict(tmp_path / "in.ts", TIMES, (322, 242), BOXES), tmp_path / "out.mp4")
    starts = {}
    with av.open(str(tmp_path / "out.mp4")) as container:
        for packet in container.demux():
            starts.setdefault(packet.stream.type, float((packet.pts or 0) * packet.time_base))
    assert starts["audio"] - starts["video"] == pytest.approx(0.5, abs=0.05)
    assert starts["video"] == pytest.approx(0, abs=0.05)


def test_rotated_and_stretched_videos_are_drawn_as_shown(tmp_path: Path) -> None:
    run_ffmpeg(tmp_path, "-f lavfi -i testsrc=s=200x120:r=5:d=1 -vf setsar=2 -pix_fmt yuv420p -c:v libx264 plain.mp4")
    run_ffmpeg(tmp_path, "-display_rotation 90 -i plain.mp4 -c copy in.mp4")
    annotate(make_verdict(tmp_path / "in.mp4", TIMES[:5], (120, 200), []), tmp_path / "out.mp4")
    height, width, _ = read(tmp_path / "out.mp4")[1][0].shape
    assert width == 360
    assert height > 1200
    assert width % 2 == height % 2 == 0


def test_odd_sizes_and_small_ones_and_10_bit(tmp_path: Path) -> None:
    run_ffmpeg(tmp_path, "-f lavfi -i testsrc=s=97x65:r=5:d=1 -pix_fmt yuv444p10le -c:v libx265 in.mp4")
    annotate(make_verdict(tmp_path / "in.mp4", TIMES[:5], (97, 65), [(10, 10, 30, 30)]), tmp_path / "out.mkv")
    height, width, _ = read(tmp_path / "out.mkv")[1][0].shape
    assert width == 388
    assert height > 260


def test_what_shows_the_verdict_is_not_made_again(grey: Path) -> None:
    out, verdict = grey.with_name("out.mp4"), make_verdict(grey, TIMES, (322, 242), [])
    assert [annotate(verdict, out), annotate(verdict, out)] == [True, False]
    assert annotate(make_verdict(grey, TIMES, (322, 242), BOXES), out)


@pytest.fixture
def dying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A program in ffmpeg's place that dies after some bytes."""
    program = tmp_path / "dying"
    program.write_text("#!/bin/sh\nhead -c 100 > /dev/null\nkill -9 $$\n")
    program.chmod(0o755)
    monkeypatch.setattr(encoder, "find_ffmpeg", lambda: str(program))
    yield
    program.unlink()


@pytest.mark.usefixtures("dying")
def test_a_killed_ffmpeg_leaves_nothing(grey: Path) -> None:
    with pytest.raises(MediaError, match=r"in.mkv: not annotated: ffmpeg failed \(it ended with -9\)"):
        annotate(make_verdict(grey, TIMES, (322, 242), BOXES), grey.with_name("out.mp4"))
    assert sorted(path.name for path in grey.parent.iterdir()) == ["dying", "in.mkv"]


def test_an_encoder_that_is_not_there_is_named(grey: Path) -> None:
    error = encoder._explain(Path("o.mp4"), grey, 1, "[x @ 0] Unknown encoder 'libx264'\nError\n")
    assert str(error) == "ffmpeg: has no encoder libx264; install one that has it, or write another kind"


def test_without_a_program_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(encoder, "import_module", refuse)
    with pytest.raises(ConfigError, match="ffmpeg: no such program on the PATH; install it"):
        encoder.find_ffmpeg()
