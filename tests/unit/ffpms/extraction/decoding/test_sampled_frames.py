"""Any video: the frames that ffmpeg yields, at the stream's times; and files that are none, or broken."""

import os
from pathlib import Path

import numpy as np
import pytest

from ffpms.errors import ConfigError, MediaError
from ffpms.extraction.decoding.any_video import FileStatus
from ffpms.extraction.decoding.sampled_frames import MiscountedError, SampledFrames, TimedFrame
from ffpms.extraction.sampling import Sampling
from tests.helpers.odd_videos import SIZE, X264, clear_bytes, flip_bytes, make_video, reference, remux, run_ffmpeg

pytestmark = pytest.mark.usefixtures("ffmpeg_on_path")

CONTAINERS = [
    ("mov", X264),
    ("mkv", X264),
    ("avi", X264),
    ("ts", X264),
    ("h264", X264),
    ("mp4", "-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le"),
    ("mkv", "-c:v libx265 -x265-params log-level=none"),
    ("webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"),
    ("webm", "-c:v libvpx-vp9 -auto-alt-ref 1 -lag-in-frames 16 -b:v 50k -cpu-used 8"),
    ("mp4", "-c:v libaom-av1 -cpu-used 8 -usage realtime"),
    ("avi", "-c:v mpeg4"),
    ("mp4", "-c:v mpeg4 -bf 2"),
    ("mp4", "-c:v libx264 -pix_fmt yuv444p10le"),
    ("mp4", f"{X264} -flags +ilme+ildct -vf setfield=tff"),
    ("mpg", "-c:v mpeg2video -q:v 3"),
    ("gif", ""),
]


def sample(path: Path, **sampling: float) -> tuple[SampledFrames, list[TimedFrame]]:
    """Goes through a video once, and once more if it was counted wrongly."""
    frames = SampledFrames(path, Sampling(**sampling))  # type: ignore[arg-type]
    try:
        return frames, list(frames)
    except MiscountedError as counted:
        frames = SampledFrames(path, frames.sampling, counted.times)
        return frames, list(frames)


def make(folder: Path, suffix: str, options: str, n_frames: int = 24) -> Path:
    path = folder / f"made.{suffix}"
    source = f"-f lavfi -i testsrc2=size={SIZE[0]}x{SIZE[1]}:rate=25 -frames:v {n_frames}"
    run_ffmpeg(folder, f"{source} {options} {path.name}")
    return path


@pytest.mark.parametrize(("suffix", "options"), CONTAINERS)
def test_sampled_frames_are_those_that_ffmpeg_yields(suffix: str, options: str, tmp_path: Path) -> None:
    path = make(tmp_path, suffix, options)
    expected = reference(path)
    frames, found = sample(path, frames=6)
    assert frames.n_frames == len(expected) == 24
    assert frames.faults == []
    assert [one.index for one in found] == [2, 6, 10, 14, 18, 22]
    assert all((one.frame.rgb() == expected[one.index]).all() for one in found)
    np.testing.assert_allclose(np.diff([one.seconds for one in found]), 4 / 25, atol=0.011)


def test_times_at_a_variable_rate_are_the_streams(tmp_path: Path) -> None:
    path = make(tmp_path, "mp4", rf"{X264} -vf 'select=not(between(n\,5\,14))' -fps_mode vfr", 20)
    _, found = sample(path, frames=20)
    assert [round(one.seconds * 25) for one in found] == [*range(5), *range(15, 30)]
    _, found = sample(path, every=0.2)
    assert [round(one.seconds * 25) for one in found] == [0, 15, 20, 25]  # nothing is there at 0.2 and 0.4 s


def test_times_begin_with_the_file_and_not_with_its_video(tmp_path: Path) -> None:
    make_video(tmp_path)
    run_ffmpeg(
        tmp_path,
        "-itsoffset 2 -i made.mp4 -f lavfi -i sine=duration=3 -map 0 -map 1 -c:v copy -c:a aac late.mkv",
    )
    _, found = sample(tmp_path / "late.mkv", frames=6)
    assert found[0].seconds == pytest.approx(2 + 2 / 25, abs=0.03)


def test_a_rotated_video_is_upright(tmp_path: Path) -> None:
    path = make_video(tmp_path)
    run_ffmpeg(tmp_path, f"-display_rotation 90 -i {path.name} -c copy turned.mov")
    _, found = sample(tmp_path / "turned.mov", frames=3)
    assert found[0].frame.size == SIZE[::-1]


def test_a_cut_file_gives_the_frames_there_are_and_says_so(tmp_path: Path) -> None:
    path = make(tmp_path, "mp4", f"{X264} -movflags +faststart -bf 0", 40)
    path.write_bytes(path.read_bytes()[: int(0.7 * path.stat().st_size)])
    frames, found = sample(path, frames=6)
    assert len(found) == 6
    assert frames.n_frames < 40
    assert frames.faults[0].startswith("cut short: ")


def test_the_frames_of_a_cut_file_are_counted_once_and_half_a_frame_is_none(tmp_path: Path) -> None:
    path = make(tmp_path, "mp4", f"{X264} -movflags +faststart -bf 0", 40)
    path.write_bytes(path.read_bytes()[: int(0.7 * path.stat().st_size)])
    frames, _ = sample(path, frames=6)
    assert frames.faults == [f"cut short: {frames.n_frames} of 40 frames are there"]
    with pytest.raises(MediaError, match=rf"^.*: {frames.n_frames} frames, fewer than the 40 to look at"):
        sample(path, frames=40)


@pytest.mark.parametrize("suffix", ["mkv", "wmv", "flv", "mp4", "ts"])
def test_a_clock_that_begins_late_is_no_cut(suffix: str, tmp_path: Path) -> None:
    codec = "-c:v wmv2" if suffix == "wmv" else X264
    frames, found = sample(make(tmp_path, suffix, f"{codec} -output_ts_offset 5"), frames=6)
    assert (frames.faults, found[0].seconds) == ([], pytest.approx(2 / 25, abs=0.011))


SLOW = {
    "mp4": X264,
    "mov": f"{X264} -bf 0",
    "mkv": X264,
    "webm": "-c:v libvpx-vp9 -cpu-used 8",
    "flv": X264,
    "wmv": "-c:v wmv2",
    "avi": "-c:v mpeg4",
    "ts": X264,
    "gif": "",
}


@pytest.mark.parametrize("suffix", SLOW)
def test_the_last_frame_of_a_slow_video_lasts_as_long_as_the_others(suffix: str, tmp_path: Path) -> None:
    source = "-f lavfi -i testsrc2=size=96x64:rate=1 -frames:v 6"
    run_ffmpeg(tmp_path, f"{source} {SLOW[suffix]} made.{suffix}")
    frames, _ = sample(tmp_path / f"made.{suffix}", frames=3)
    assert (frames.n_frames, frames.faults) == (6, [])


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "gif"])
def test_a_last_picture_that_is_held_is_no_cut(suffix: str, tmp_path: Path) -> None:
    made = make(tmp_path, suffix, f"{SLOW[suffix]} -bf 0" if SLOW[suffix] else "")
    path = remux(made, after="-bsf:v \"setts=duration='if(eq(N,23),5/TB,DURATION)'\"", suffix=suffix)
    frames, _ = sample(path, frames=3)
    assert (frames.n_frames, frames.faults) == (24, [])


@pytest.mark.parametrize(("share", "said"), [(0.85, "5.0 s"), (0.65, "3.0 s")])
def test_a_slow_video_that_is_cut_is_told(share: float, said: str, tmp_path: Path) -> None:
    source = "-f lavfi -i testsrc2=size=96x64:rate=1 -frames:v 6"
    run_ffmpeg(tmp_path, f"{source} -c:v mjpeg made.mkv")
    path = tmp_path / "made.mkv"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    frames, _ = sample(path, every=1.0)
    assert frames.faults == [f"its frames end at {said}, its header says 6.0 s"]


def test_damaged_frames_are_left_out_and_counted(tmp_path: Path) -> None:
    path = make_video(tmp_path, f"{X264} -g 1")
    flip_bytes(path, 6)
    frames, found = sample(path, frames=6)
    assert [one.index for one in found] == [2, 10, 14, 18, 22]
    assert frames.faults == ["damaged: 1 of the 6 frames to look at cannot be decoded"]


def test_frames_that_never_come_out_do_not_count(tmp_path: Path) -> None:
    path = make_video(tmp_path, f"{X264} -g 1")
    clear_bytes(path, 6, 200)
    frames, found = sample(path, frames=6)
    assert frames.n_frames == len(reference(path)) == 23
    assert len(found) == 6
    assert frames.faults == ["damaged: 1 of its frames cannot be decoded"]


@pytest.mark.parametrize("n_frames", [10, 24])
def test_a_video_of_which_no_frame_can_be_decoded_is_given_up(n_frames: int, tmp_path: Path) -> None:
    made = make(tmp_path, "webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8", n_frames)
    with pytest.raises(MediaError) as error:
        sample(remux(made, after="-bsf:v noise=amount=1", suffix="mkv"), frames=20)
    assert error.value.status == FileStatus.UNREADABLE
    assert error.value.reason == "none of its frames can be decoded; give a whole file"


def test_frames_of_another_size_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "ts", X264, 12).rename(tmp_path / "small.ts")
    large = "-f lavfi -i testsrc2=size=128x96:rate=25 -frames:v 12"
    run_ffmpeg(tmp_path, f"{large} {X264} -output_ts_offset 0.48 large.ts")
    (tmp_path / "both.ts").write_bytes((tmp_path / "small.ts").read_bytes() + (tmp_path / "large.ts").read_bytes())
    frames, found = sample(tmp_path / "both.ts", frames=6)
    assert {one.frame.size for one in found} == {SIZE}
    assert frames.faults == [f"its size changes: {6 - len(found)} of the 6 frames to look at are left out"]


@pytest.mark.parametrize(
    ("n_frames", "sampling", "reason"),
    [
        (1, {"frames": 20}, "1 frame, and no one is judged by fewer than 3; give a longer video"),
        (2, {"every": 0.01}, "2 frames, and no one is judged by fewer than 3; give a longer video"),
        (3, {"frames": 20}, "3 frames, fewer than the 20 to look at; give fewer --frames"),
        (24, {"frames": 25}, "24 frames, fewer than the 25 to look at; give fewer --frames"),
        (24, {"every": 0.6}, "2 frames at one in 0.6 s, fewer than 3; give a smaller --every"),
    ],
)
def test_too_short_a_video(n_frames: int, sampling: dict[str, float], reason: str, tmp_path: Path) -> None:
    with pytest.raises(MediaError) as error:
        sample(make_video(tmp_path, n_frames=n_frames), **sampling)
    assert (error.value.status, error.value.reason) == (FileStatus.TOO_SHORT, reason)


def test_sound_and_covers_are_no_video(tmp_path: Path) -> None:
    run_ffmpeg(tmp_path, "-f lavfi -i sine=duration=1 -c:a aac sound.mp4")
    run_ffmpeg(tmp_path, "-f lavfi -i testsrc2=size=96x64 -frames:v 1 cover.png")
    run_ffmpeg(tmp_path, "-i sound.mp4 -i cover.png -map 0 -map 1 -c copy -disposition:v:0 attached_pic song.m4a")
    for name, reason in {
        "sound.mp4": "no video is in it",
        "song.m4a": "a cover picture, but no video, is in it",
    }.items():
        with pytest.raises(MediaError) as error:
            sample(tmp_path / name)
        assert (error.value.status, error.value.reason) == (FileStatus.NO_VIDEO, reason)


def test_a_cover_beside_a_video_is_passed_over(tmp_path: Path) -> None:
    make_video(tmp_path)
    run_ffmpeg(tmp_path, "-f lavfi -i testsrc2=size=640x480 -frames:v 1 cover.png")
    run_ffmpeg(tmp_path, "-i cover.png -i made.mp4 -map 0 -map 1 -c copy -disposition:v:0 attached_pic with.mp4")
    frames, _ = sample(tmp_path / "with.mp4", frames=3)
    assert frames.n_frames == 24


PLAYLIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:3\n#EXTINF:1,\nmade.ts\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile made.mp4\n"
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
MPD = '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"></MPD>'


@pytest.mark.parametrize("text", [PLAYLIST, CONCAT, SDP, MPD, "hello\n"])
@pytest.mark.parametrize("name", ["list.m3u8", "list.ffconcat", "list.sdp", "list.mpd", "list.mp4", "frame%03d.png"])
def test_what_points_elsewhere_is_refused(name: str, text: str, tmp_path: Path) -> None:
    made = make_video(tmp_path)
    remux(made, suffix="ts").rename(tmp_path / "made.ts")
    (tmp_path / name).write_text(text)
    with pytest.raises(MediaError, match="cannot be read as a video") as error:
        sample(tmp_path / name)
    assert error.value.status == FileStatus.UNREADABLE


@pytest.mark.parametrize(
    "name", ["a:b.mp4", "file:x.mp4", "http:", "new\nline.mp4", "📹.mp4", "-i.mp4", "pipe:0", "%03d.mp4"]
)
def test_odd_names_are_names(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_video(tmp_path).rename(tmp_path / name)
    assert len(sample(Path(name), frames=3)[1]) == 3


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = make_video(tmp_path)
    try:
        odd = path.rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp4"))
    except OSError:
        pytest.skip("this file system has names of text alone")
    assert len(sample(odd, frames=3)[1]) == 3


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "empty.mp4").touch()
    for name, reason in {"pipe.mp4": "a pipe, no file", "empty.mp4": "empty file", "gone.mp4": "not found"}.items():
        with pytest.raises(MediaError, match=reason):
            sample(tmp_path / name)


@pytest.mark.parametrize(
    "bad", [{"frames": 2}, {"every": 0.0}, {"every": -1.0}, {"every": float("nan")}, {"every": float("inf")}]
)
def test_samplings_out_of_range(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Sampling(**bad)  # type: ignore[arg-type]
