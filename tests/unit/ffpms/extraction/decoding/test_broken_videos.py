"""What is wrong with a file is said, whichever decoder reads it; what is not wrong is read."""

import sys
from pathlib import Path

import numpy as np
import pytest

from ffpms.errors import ConfigError, MediaError
from ffpms.extraction.decoding.probe import probe
from ffpms.extraction.decoding.wanted_frames import DECODERS, read_frames
from ffpms.minicorpus.encode import write_video
from tests.helpers.odd_videos import X264, clear_bytes, flip_bytes, make_video, reference, remux, run_ffmpeg

pytestmark = pytest.mark.usefixtures("ffmpeg_on_path")

CODECS = {"h264": f"{X264} -crf 10", "mpeg4": "-c:v mpeg4 -q:v 2", "mpeg2": "-c:v mpeg2video -q:v 2"}
both_decoders = pytest.mark.parametrize("decoder", DECODERS)


@pytest.mark.parametrize("codec", CODECS)
def test_a_damaged_key_frame_is_seen_before_decoding(tmp_path: Path, codec: str) -> None:
    path = make_video(tmp_path, CODECS[codec])
    flip_bytes(path)
    with pytest.raises(MediaError, match="damaged: frame 0 is decoded with errors") as caught:
        probe(path)
    assert caught.value.status == "unreadable"


@both_decoders
@pytest.mark.parametrize("codec", CODECS)
def test_a_damaged_frame_is_seen_though_not_asked_for(tmp_path: Path, codec: str, decoder: str) -> None:
    path = make_video(tmp_path, f"{CODECS[codec]} -bf 0")
    flip_bytes(path, 5)
    with pytest.raises(MediaError, match=r"damaged.*download it again") as caught:
        read_frames(path, [9], decoder)
    assert caught.value.status == "unreadable"


@both_decoders
@pytest.mark.parametrize("n_bytes", [4, 100])
def test_a_hole_of_zeros_is_damage(tmp_path: Path, n_bytes: int, decoder: str) -> None:
    path = make_video(tmp_path, f"{CODECS['h264']} -bf 0")
    clear_bytes(path, 5, n_bytes)
    with pytest.raises(MediaError, match=r"damaged.*download it again") as caught:
        read_frames(path, [9], decoder)
    assert caught.value.status == "unreadable"


def test_damage_that_touches_no_wanted_frame_does_no_harm(tmp_path: Path) -> None:
    path = make_video(tmp_path, f"{CODECS['h264']} -bf 0 -g 8")
    expected = reference(path)
    flip_bytes(path, 12)
    assert np.array_equal(read_frames(path, [20])[20], expected[20])
    with pytest.raises(MediaError, match="damaged: frame 12 "):
        read_frames(path, [13])


@both_decoders
@pytest.mark.parametrize("second", ["48x32", "64x96"])
def test_a_size_that_changes_is_refused(tmp_path: Path, decoder: str, second: str) -> None:
    for name, size in (("a", "96x64"), ("b", second)):
        run_ffmpeg(tmp_path, f"-f lavfi -i testsrc2=size={size}:rate=25 -frames:v 8 {X264} {name}.mp4")
    (tmp_path / "list.txt").write_text("file a.mp4\nfile b.mp4\n")
    run_ffmpeg(tmp_path, "-f concat -i list.txt -c copy both.mp4")
    said = f"its size changes at frame 8 .from 96x64 to {second}."
    for read in (probe, lambda path: read_frames(path, [2, 12], decoder)):
        with pytest.raises(MediaError, match=said):
            read(tmp_path / "both.mp4")


COVERS = {
    "small track": ("96x32", ""),
    "large default track": ("640x480", "-disposition:v:0 default -disposition:v:1 0"),
    "attached": ("640x480", "-disposition:v:0 attached_pic"),
}


@pytest.mark.parametrize("cover", COVERS)
def test_a_cover_picture_is_not_the_video(tmp_path: Path, cover: str) -> None:
    path = make_video(tmp_path)
    size, options = COVERS[cover]
    run_ffmpeg(tmp_path, f"-f lavfi -i color=red:size={size} -frames:v 1 cover.png")
    maps = "-map 0 -map 1 -c copy -c:v:0 mjpeg -pix_fmt:v:0 yuvj420p"
    run_ffmpeg(tmp_path, f"-i cover.png -i made.mp4 {maps} {options} with_cover.mp4")
    assert probe(tmp_path / "with_cover.mp4").n_frames == 24
    expected = reference(path)
    for decoder in DECODERS:
        assert np.array_equal(read_frames(tmp_path / "with_cover.mp4", [3], decoder)[3], expected[3])


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    run_ffmpeg(tmp_path, "-f lavfi -i sine=d=0.2 -c:a aac sound.mp4")
    with pytest.raises(MediaError, match="no video is in it"):
        probe(tmp_path / "sound.mp4")


@pytest.mark.parametrize("name", ["list.mp4", "list.m3u8", "list.txt"])
@pytest.mark.parametrize("text", ["#EXTM3U\nmade.mp4\n", "\ufeff#EXTM3U\n", "ffconcat version 1.0\nfile made.mp4\n"])
def test_a_playlist_is_called_one(tmp_path: Path, name: str, text: str) -> None:
    make_video(tmp_path)
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(MediaError, match="it is a playlist, which holds no video: give the videos that it names"):
        probe(tmp_path / name)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_a_colon_in_a_path_makes_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "http:").mkdir()
    make_video(tmp_path).rename(tmp_path / "http:" / "concat:a.mp4")
    monkeypatch.chdir(tmp_path)
    for path in (Path("http:/concat:a.mp4"), Path("data:1.mp4")):
        path.exists() or path.symlink_to("http:/concat:a.mp4")
        assert probe(path).n_frames == 24
        for decoder in DECODERS:
            assert list(read_frames(path, [3], decoder)) == [3]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_a_video_is_written_below_a_folder_with_a_colon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_video(Path("http:/a.mp4"), [np.zeros((32, 32, 3), np.uint8)] * 2, 25, 40)
    assert probe(tmp_path / "http:" / "a.mp4").n_frames == 2


def test_tags_in_any_encoding_do_no_harm(tmp_path: Path) -> None:
    path = remux(make_video(tmp_path), after="-metadata title=AnyTitle")
    path.write_bytes(path.read_bytes().replace(b"AnyTitle", b"\xff\xfeCaf\xe9\x80!"))
    assert probe(path).n_frames == 24
    assert list(read_frames(path, [3])) == [3]


def test_a_file_cut_short_is_seen_with_an_edit_list_too(tmp_path: Path) -> None:
    path = remux(make_video(tmp_path), "-ss 0.2", "-movflags +faststart")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(MediaError, match=r"cut short .* of 24 frames are there") as caught:
        probe(path)
    assert caught.value.status == "truncated"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a script as a program")
@pytest.mark.parametrize(
    ("said", "error", "message"),
    [
        ("Unrecognized option 'fps_mode'.", ConfigError, "too old; install 5.1"),
        ("Killed", MediaError, "ffmpeg failed .Killed.; try --decoder pyav"),
    ],
)
def test_what_fails_in_ffmpeg_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, error: type[Exception], message: str
) -> None:
    path = make_video(tmp_path)
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "{said}" >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    with pytest.raises(error, match=message):
        read_frames(path, [3], "ffmpeg")
