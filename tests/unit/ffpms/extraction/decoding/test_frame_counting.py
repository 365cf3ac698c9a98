"""Frame i is the i-th that ffmpeg yields, with both decoders, together or alone, and counted alike."""

from pathlib import Path

import numpy as np
import pytest

from ffpms.errors import MediaError
from ffpms.extraction.decoding.packets import PacketList
from ffpms.extraction.decoding.probe import probe
from ffpms.extraction.decoding.video_file import open_video
from ffpms.extraction.decoding.wanted_frames import read_frames
from tests.helpers.odd_videos import SIZE, X264, make_video, reference, remux, run_ffmpeg, shorten_edit

pytestmark = pytest.mark.usefixtures("ffmpeg_on_path")

OPEN = f"{X264} -x264-params keyint=8:bframes=2:open-gop=1:b-adapt=0:scenecut=0"
CLOSED = f"{X264} -x264-params keyint=8:bframes=3:b-adapt=0:scenecut=0"
SURE = {
    "b-frames": CLOSED,
    "open-gop": OPEN,
    "no-b-frames": f"{X264} -bf 0 -g 5",
    "as-ff++": "-c:v libx264 -pix_fmt yuv444p -crf 40",
    "422": "-c:v libx264 -pix_fmt yuv422p",
    "10-bit": "-c:v libx264 -pix_fmt yuv420p10le",
    "rgb": "-c:v libx264rgb -qp 0",
    "interlaced": f"{X264} -flags +ildct+ilme -x264-params tff=1",
    "variable-rate": f"{X264} -vf \"select='not(eq(mod(n,5),3))'\" -fps_mode passthrough",
    "2-fps": f"{X264} -vf settb=1/2,setpts=N -r 2",
    "slices": f"{X264} -x264-params slices=4:repeat-headers=1:keyint=8",
    "intra-refresh": f"{X264} -x264-params intra-refresh=1:keyint=8",
    "fragments": f"{X264} -movflags +frag_keyframe+empty_moov -g 8",
    "no-edit-list": f"{X264} -use_editlist 0",
    "mpeg4": "-c:v mpeg4 -g 8",
}
OTHERS = {
    "mpeg4-b-frames": "-c:v mpeg4 -bf 2",
    "mpeg2": "-c:v mpeg2video -bf 2",
    "hevc": "-c:v libx265 -x265-params log-level=none:keyint=8",
    "vp9": "-c:v libvpx-vp9",
    "411": "-c:v ffv1 -pix_fmt yuv411p",
    "410": "-c:v ffv1 -pix_fmt yuv410p",
    "440": "-c:v ffv1 -pix_fmt yuv440p",
}
COPIES = {
    "cut": ("-ss 0.2", ""),
    "cut-both": ("-ss 0.2", "-t 0.4"),
    "cut-end": ("", "-t 0.5"),
    "first-lost": ("", "-bsf:v \"noise=drop='eq(n,0)'\""),
    "key-lost": ("", "-bsf:v \"noise=drop='between(n,8,9)'\""),
    "reference-lost": ("", "-bsf:v \"noise=drop='eq(n,13)'\""),
}


def assert_as_ffmpeg(path: Path, size: tuple[int, int] = SIZE) -> int:
    """All frames, and each alone, with both decoders; returns how many there are."""
    expected = reference(path, size)
    about = probe(path)
    assert (about.n_frames, about.width, about.height) == (len(expected), *size)
    for decoder in ("pyav", "ffmpeg"):
        together = read_frames(path, list(range(len(expected))), decoder)
        assert np.array_equal(np.stack(list(together.values())), expected), decoder
    for index, frame in enumerate(expected):
        assert np.array_equal(read_frames(path, [index])[index], frame), index
    return len(expected)


def is_sure(path: Path) -> bool:
    with open_video(path) as (container, stream):
        return bool(PacketList.read(container, stream).frame_times)


@pytest.mark.parametrize("name", SURE)
def test_encodings_of_which_packets_tell_all(tmp_path: Path, name: str) -> None:
    path = make_video(tmp_path, SURE[name])
    assert is_sure(path)
    assert assert_as_ffmpeg(path) == 24


@pytest.mark.parametrize("name", OTHERS)
def test_encodings_that_are_decoded_whole(tmp_path: Path, name: str) -> None:
    path = make_video(tmp_path, OTHERS[name])
    assert not is_sure(path)
    assert assert_as_ffmpeg(path) == 24


def test_odd_sizes(tmp_path: Path) -> None:
    path = make_video(tmp_path, "-c:v libx264 -vf format=yuv444p,crop=95:63")
    assert assert_as_ffmpeg(path, (95, 63)) == 24


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("options", [CLOSED, OPEN, OTHERS["mpeg4-b-frames"]], ids=["closed", "open", "mpeg4"])
def test_copies_without_some_packets(tmp_path: Path, options: str, copy: str) -> None:
    """Of a clip cut without encoding it anew, some frames are decoded and not shown, or lack what they refer to."""
    before, after = COPIES[copy]
    assert 0 < assert_as_ffmpeg(remux(make_video(tmp_path, options), before, after)) < 24


def test_times_that_contradict_the_order_of_frames(tmp_path: Path) -> None:
    """AVI has no times of showing: those that ffmpeg makes up are of another order."""
    path = remux(remux(make_video(tmp_path, CLOSED), suffix="avi"))
    assert not is_sure(path)
    assert assert_as_ffmpeg(path) == 24


CONTAINERS = {
    "avi": "-c:v mpeg4 -g 8",
    "avi-b-frames": "-c:v mpeg4 -bf 2",
    "avi-h264": CLOSED,
    "mkv": CLOSED,
    "mkv-open-gop": OPEN,
    "mkv-variable-rate": SURE["variable-rate"],
    "webm": "-c:v libvpx-vp9 -auto-alt-ref 1 -lag-in-frames 8",
    "mov": CLOSED,
    "ts": CLOSED,
    "mpg": "-c:v mpeg2video -bf 2",
    "flv": "-c:v flv1",
    "wmv": "-c:v wmv2",
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_other_containers_are_counted_as_ffmpeg_counts(tmp_path: Path, name: str) -> None:
    suffix = name.partition("-")[0]
    run_ffmpeg(tmp_path, f"-f lavfi -i testsrc2=size=96x64:rate=25 -frames:v 24 {CONTAINERS[name]} made.{suffix}")
    assert 22 <= assert_as_ffmpeg(tmp_path / f"made.{suffix}") <= 24


def test_a_file_that_leads_to_others_is_refused(tmp_path: Path) -> None:
    make_video(tmp_path)
    (tmp_path / "list.ffconcat").write_text("ffconcat version 1.0\nfile made.mp4\n")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nmade.mp4\n#EXT-X-ENDLIST\n")
    for name in ("list.ffconcat", "list.m3u8"):
        with pytest.raises(MediaError, match="cannot be read"):
            probe(tmp_path / name)


def test_a_video_of_another_kind_than_its_name_is_told(tmp_path: Path) -> None:
    path = remux(make_video(tmp_path), suffix="mkv").rename(tmp_path / "odd.mp4")
    with pytest.raises(MediaError, match=r"it is Matroska or WebM: name it so$"):
        probe(path)


@pytest.mark.parametrize("options", [CLOSED, f"{X264} -bf 0"])
def test_an_edit_list_that_ends_before_the_last_frame(tmp_path: Path, options: str) -> None:
    path = make_video(tmp_path, options)
    shorten_edit(path, 0.05)
    assert assert_as_ffmpeg(path) in (22, 23)


@pytest.mark.parametrize("angle", [0, 90, 180, 270, 30, 359])
@pytest.mark.parametrize("mirror", ["", "-display_hflip"])
def test_display_matrices_are_obeyed_as_ffmpeg_does(tmp_path: Path, angle: int, mirror: str) -> None:
    """With colours at half the columns a rotation before the conversion gives other pixels than one after it."""
    options = "-c:v libx264 -pix_fmt yuv422p" if mirror else X264
    path = remux(make_video(tmp_path, options, n_frames=3), f"-display_rotation {angle} {mirror}")
    assert assert_as_ffmpeg(path, SIZE[::-1] if angle in (90, 270) else SIZE) == 3


def test_the_reference_takes_any_number_of_indices(tmp_path: Path) -> None:
    path = make_video(tmp_path, n_frames=260)
    indices = list(range(0, 260, 2))
    ours, theirs = read_frames(path, indices), read_frames(path, indices, "ffmpeg")
    assert list(ours) == list(theirs) == indices
    assert all(np.array_equal(ours[index], theirs[index]) for index in indices)
