"""A file that is cut short, or has a hole, is seen whatever its kind is; a whole one is read."""

from pathlib import Path

import pytest

from ffpms.errors import MediaError
from ffpms.extraction.decoding.probe import probe
from tests.helpers.odd_videos import X264, run_ffmpeg

N_FRAMES = 40
VP8 = "-c:v libvpx -g 12 -b:v 300k"
KINDS = {
    "mp4": X264,
    "mov": f"{X264} -movflags +faststart",
    "fragmented.mp4": f"{X264} -g 12 -movflags frag_keyframe+empty_moov",
    "mkv": "sound",
    "piped.mkv": f"{X264} -f matroska -live 1",
    "webm": VP8,
    "live.webm": f"{VP8} -f webm -live 1",
    "avi": X264,
    "mjpeg.avi": "-c:v mjpeg",
    "ts": X264,
    "m2ts": X264,
    "gif": "",
    "ogv": "-c:v libtheora",
}


@pytest.fixture(scope="module", params=KINDS)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, ffmpeg_on_path: None) -> Path:
    """A whole video of each kind."""
    folder, name = tmp_path_factory.mktemp("kinds"), f"whole.{request.param}"
    picture, options = "-f lavfi -i testsrc2=size=96x64:rate=25", KINDS[request.param]
    sound, options = ("-f lavfi -i sine=d=1.6", X264) if options == "sound" else ("", options)
    run_ffmpeg(folder, f"{picture} {sound} -frames:v {N_FRAMES} {options} {name}")
    return folder / name


def test_a_whole_one_is_read(whole: Path) -> None:
    assert probe(whole).n_frames == N_FRAMES


@pytest.mark.parametrize("percent", [30, 60, 95])
def test_one_that_is_cut_is_not(whole: Path, tmp_path: Path, percent: int) -> None:
    path = tmp_path / whole.name
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * percent // 100 | 1])  # no whole packets of ts
    with pytest.raises(MediaError, match=r"cut short.*again") as caught:
        probe(path)
    assert caught.value.status in ("truncated", "unreadable")


def test_nor_one_with_a_hole_of_zeros(whole: Path, tmp_path: Path) -> None:
    if whole.suffix == ".ogv":
        pytest.skip("a page has 64 KB, and Theora decodes anything")
    content = bytearray(whole.read_bytes())
    middle, length = len(content) // 2, len(content) // 8
    content[middle : middle + length] = bytes(length)
    (tmp_path / whole.name).write_bytes(content)
    with pytest.raises(MediaError, match=r"(damaged|cut short).*again"):
        probe(tmp_path / whole.name)


def test_an_end_of_zeros_is_a_hole_too(whole: Path, tmp_path: Path) -> None:
    """A download that was given its full length beforehand."""
    content = whole.read_bytes()
    n_there = len(content) * 2 // 3
    (tmp_path / whole.name).write_bytes(content[:n_there] + bytes(len(content) - n_there))
    with pytest.raises(MediaError, match=r"(damaged|cut short).*again"):
        probe(tmp_path / whole.name)


@pytest.mark.parametrize("kind", ["mkv", "gif", "avi"])
def test_bytes_after_the_end_do_no_harm(tmp_path: Path, ffmpeg_on_path: None, kind: str) -> None:
    run_ffmpeg(tmp_path, f"-f lavfi -i testsrc2=size=96x64:rate=25 -frames:v 24 a.{kind}")
    path = tmp_path / f"a.{kind}"
    path.write_bytes(path.read_bytes() + bytes(999))
    assert probe(path).n_frames == 24
