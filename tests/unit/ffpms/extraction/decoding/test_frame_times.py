"""Times of frames are the stream's own, also in a trimmed file of a variable rate."""

from pathlib import Path

import numpy as np
import pytest

from ffpms.extraction.altered_frames import find_beyond
from ffpms.extraction.decoding import frame_times
from ffpms.extraction.decoding.frame_times import FrameTimes, read_times
from ffpms.extraction.decoding.probe import probe
from tests.helpers.odd_videos import X264, make_video, remux, run_ffmpeg

pytestmark = pytest.mark.usefixtures("ffmpeg_on_path")


def make_slow_then_fast(folder: Path) -> Path:
    """4 s of 10 frames each, then 4 s of 30."""
    slow, fast = (f"-f lavfi -i testsrc2=size=96x64:rate={rate}:duration=4" for rate in (10, 30))
    run_ffmpeg(folder, f"{slow} {fast} -filter_complex [0][1]concat=n=2 -fps_mode vfr {X264} made.mp4")
    return folder / "made.mp4"


def times_of(path: Path) -> FrameTimes:
    return read_times(path, probe(path).n_frames)


def test_packets_tell_the_times_where_each_is_a_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(frame_times, "decode_packets")
    times = times_of(make_slow_then_fast(tmp_path))
    expected = [*(np.arange(40) / 10), *(4 + np.arange(120) / 30)]
    np.testing.assert_allclose([*times.starts, times.end], [*expected, 8], atol=1e-5)


def test_a_trimmed_video_of_a_variable_rate_has_the_times_of_its_frames(tmp_path: Path) -> None:
    """An edit list leaves packets before the cut, which are decoded and not shown."""
    times = times_of(remux(make_slow_then_fast(tmp_path), "-ss 1.5"))
    expected = [*(np.arange(25) / 10), *(2.5 + np.arange(120) / 30)]
    np.testing.assert_allclose([*times.starts, times.end], [*expected, 6.5], atol=1e-5)


def test_the_rate_tells_the_times_of_frames_without_any(tmp_path: Path) -> None:
    run_ffmpeg(tmp_path, f"-f lavfi -i testsrc2=size=96x64:rate=25 -frames:v 24 {X264} -bf 0 made.h264")
    times = times_of(tmp_path / "made.h264")
    np.testing.assert_allclose(times.starts, np.arange(24) / 25, atol=1e-6)


def test_a_segment_may_last_as_long_as_the_last_frame(tmp_path: Path) -> None:
    """Of a frame in four seconds, the last one begins long before the video ends."""
    times = times_of(make_video(tmp_path, f"{X264} -vf settb=4,setpts=N -r 1/4", 3))
    assert times == FrameTimes([0.0, 4.0, 8.0], 12.0)
    assert find_beyond([(4, 12)], times) == ""
    assert find_beyond([(4, 13.5)], times) == "its segments 4-13.5 end long after its last frame at 8.00 s"
    assert find_beyond([(9, 12)], times) == "its segments 9-12 begin after its last frame at 8.00 s"
