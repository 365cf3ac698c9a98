"""Decoding is exact, and what a file is is known before."""

import pickle
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ffpms.errors import MediaError
from ffpms.extraction.boxes import Box
from ffpms.extraction.decoding.packets import PacketList
from ffpms.extraction.decoding.probe import probe
from ffpms.extraction.decoding.video_file import open_video
from ffpms.extraction.decoding.wanted_frames import DECODERS, decode_all, read_frames
from tests.helpers.corpus import HEIGHT, WIDTH, encode, portrait


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "001.mp4"
    encode(path, list(portrait()))
    return path


@pytest.mark.usefixtures("ffmpeg_on_path")
@pytest.mark.parametrize("indices", [[0], [0, 1, 2], [3, 11, 24], list(range(25))])
def test_frames_are_those_of_ffmpeg(video: Path, indices: list[int]) -> None:
    ours, reference = read_frames(video, indices), read_frames(video, indices, "ffmpeg")
    assert list(ours) == list(reference) == indices
    for index in indices:
        assert np.array_equal(ours[index], reference[index])


@pytest.mark.usefixtures("ffmpeg_on_path")
def test_luma_is_in_coded_levels_whatever_the_decoder_hands_over(video: Path) -> None:
    """The program hands over RGB, of 256 levels; luma has 220."""
    ours, reference = (dict(DECODERS[name](video, [3]))[3].luma().astype(int) for name in ("pyav", "ffmpeg"))
    assert np.abs(ours - reference).mean() < 1


@pytest.mark.usefixtures("ffmpeg_on_path")
@pytest.mark.parametrize("name", ["rotated_90", "variable_frame_rate", "two_faces", "face_vanishes", "no_face"])
def test_awkward_files_decode_as_in_ffmpeg(grid_ff_bad: Path, name: str) -> None:
    path = grid_ff_bad / f"{name}.mp4"
    about = probe(path)
    indices = [0, 1, 17, 41, about.n_frames - 1]
    ours, reference = read_frames(path, indices), read_frames(path, indices, "ffmpeg")
    for index in indices:
        assert ours[index].shape == (about.height, about.width, 3)
        assert np.array_equal(ours[index], reference[index])


X264 = ("bframes=0", "b-pyramid=none", "keyint=5", "keyint=5:open-gop=1", "keyint=2", "keyint=1")
OPTIONS = [{}, {"crf": "0"}, *({"x264-params": text} for text in X264)]


@pytest.mark.parametrize("options", OPTIONS)
def test_dropped_packets_change_no_frame(tmp_path: Path, options: dict[str, str]) -> None:
    """Whatever refers to what, each frame alone is that of decoding all."""
    path = tmp_path / "a.mp4"
    write_h264(path, options)
    everything = {i: frame.rgb() for i, frame in decode_all(path, list(range(25)))}
    for index in range(25):
        assert np.array_equal(read_frames(path, [index])[index], everything[index]), index


@pytest.mark.parametrize(
    ("options", "wanted", "n_decoded"),
    [
        ("bframes=0:keyint=5:scenecut=0", [7], 3),
        ("bframes=0:keyint=5:scenecut=0", [5, 24], 6),
        ("bframes=0:scenecut=0", [24], 25),
        ("keyint=5:open-gop=1:b-pyramid=none:b-adapt=0:bframes=2:scenecut=0", [24], 11),
        ("b-pyramid=none:b-adapt=0:bframes=1:scenecut=0", [24], 13),
    ],
)
def test_only_what_the_wanted_frames_need_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, wanted: list[int], n_decoded: int
) -> None:
    """Not what no frame refers to, and not the rest of a stretch in which none is wanted."""
    write_h264(tmp_path / "a.mp4", {"x264-params": options})
    decoded: list[int] = []
    needed = PacketList.needed
    monkeypatch.setattr(PacketList, "needed", lambda *some: decoded.append(len(needed(*some))) or needed(*some))
    assert list(read_frames(tmp_path / "a.mp4", wanted)) == wanted
    assert decoded == [n_decoded]


def test_packets_are_read_once_and_anew_where_the_file_is_another(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    path.write_bytes(video.read_bytes())
    encode(other, list(portrait())[::-1][:20])
    expected = read_frames(path, [3, 11])
    probe(path)
    with monkeypatch.context() as patch:
        patch.setattr(PacketList, "read", None)
        again = read_frames(path, [3, 11])
    assert all(np.array_equal(again[i], expected[i]) for i in (3, 11))
    other.replace(path)
    assert not np.array_equal(read_frames(path, [3])[3], expected[3])
    with pytest.raises(MediaError, match="ends before frame 24"):
        read_frames(path, [24])


NO_VUI = {"x264-params": "bframes=5:b-adapt=0:bitstream-restriction=0"}


@pytest.mark.parametrize(("codec", "options"), [*(("libx264", one) for one in [*OPTIONS, NO_VUI]), ("mpeg4", {})])
def test_a_file_that_was_probed_gives_the_same_frames(tmp_path: Path, codec: str, options: dict[str, str]) -> None:
    """It is opened without a look at its first frame then."""
    path = tmp_path / "a.mp4"
    write_h264(path, options, codec)
    expected = {i: frame.rgb() for i, frame in decode_all(path, list(range(25)))}
    probe(path)
    for wanted in ([0], [3, 11, 24], list(range(25))):
        found = read_frames(path, wanted)
        assert all(np.array_equal(found[i], expected[i]) for i in wanted)


def test_a_known_track_is_opened_without_decoding_a_frame(video: Path) -> None:
    with open_video(video) as (_, described), open_video(video, described.index) as (_, known):
        assert described.codec_context.pix_fmt == "yuv444p"
        assert known.codec_context.pix_fmt is None
        assert (known.index, known.frames) == (described.index, described.frames)


def test_what_is_no_h264_in_mp4_is_decoded_whole(tmp_path: Path) -> None:
    write_h264(tmp_path / "a.mp4", {}, codec="mpeg4")
    frames = read_frames(tmp_path / "a.mp4", [3, 24])
    assert np.abs(frames[24].astype(int) - portrait()[24]).mean() < 12


def write_h264(path: Path, options: dict[str, str], codec: str = "libx264") -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.pix_fmt = "yuv420p"
        stream.height, stream.width = portrait()[0].shape[:2]
        for frame in portrait():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


@given(st.integers(0, 330), st.integers(0, 240), st.integers(1, 90), st.integers(1, 90), st.integers(1, 5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_part_has_the_pixels_of_the_whole(video: Path, x: int, y: int, w: int, h: int, every: int) -> None:
    frame = next(iter(decode_all(video, [3])))[1]
    part = Box(x, y, w, h).within(WIDTH, HEIGHT)
    assert np.array_equal(frame.rgb_of(part, every), frame.rgb()[part.rows, part.columns][::every, ::every])


def test_probe(video: Path) -> None:
    about = probe(video)
    assert (about.n_frames, about.width, about.height) == (25, WIDTH, HEIGHT)
    assert (about.fps, about.pix_fmt, about.crf) == (25, "yuv444p", 40)
    assert about.profile == "High 4:4:4 Predictive"


@pytest.mark.parametrize("crf", [0, 23, 40])
def test_the_crf_is_read_from_the_stream(tmp_path: Path, crf: int) -> None:
    encode(tmp_path / "a.mp4", list(portrait()[:3]), crf)
    assert probe(tmp_path / "a.mp4").crf == crf


@pytest.mark.usefixtures("ffmpeg_on_path")
@pytest.mark.parametrize("decoder", DECODERS)
def test_a_video_that_ends_too_early_says_so(video: Path, decoder: str) -> None:
    with pytest.raises(MediaError, match="ends before frame 25") as caught:
        list(DECODERS[decoder](video, [3, 25]))
    assert caught.value.status == "truncated"


@pytest.mark.parametrize(("keep", "status"), [(0, "unreadable"), (0.5, "unreadable"), (None, "missing")])
def test_a_file_that_cannot_be_read_has_a_status(video: Path, tmp_path: Path, keep: float | None, status: str) -> None:
    damaged = tmp_path / "000.mp4"
    if keep is not None:
        damaged.write_bytes(video.read_bytes()[: int(keep * video.stat().st_size)])
    with pytest.raises(MediaError) as caught:
        probe(damaged)
    assert caught.value.status == status
    assert str(damaged) in str(caught.value)


def test_a_file_cut_short_is_known_by_its_packets(grid_ff_bad: Path) -> None:
    with pytest.raises(MediaError, match="17 of 75 frames") as caught:
        probe(grid_ff_bad / "truncated_tail.mp4")
    assert caught.value.status == "truncated"


def test_a_media_error_crosses_a_process_border() -> None:
    error = pickle.loads(pickle.dumps(MediaError("a.mp4", "gone", "missing")))
    assert (str(error), error.status) == ("a.mp4: gone", "missing")
