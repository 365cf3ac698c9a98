"""Crops of a stranger's set: square PNGs inside the set, or one line; no other program starts."""

import io
import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ffpms
from ffpms.dataset.crops import read_crop, read_own_crop
from ffpms.errors import ManifestError
from ffpms.extraction.png import encode_png
from ffpms.hashing import digest
from tests.helpers.tiny_set import STORED, found, put_crop

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 16 16\n%%EndComments\n0 0 16 16 rectfill\nshowpage\n%%EOF\n"
PIXELS = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)


def picture(kind: str, mode: str = "RGB", side: int = 16) -> bytes:
    """A picture in a format of Pillow's."""
    file = io.BytesIO()
    Image.new(mode, (side, side)).save(file, kind)
    return file.getvalue()


def png_of_zeros(width: int, height: int) -> bytes:
    """A valid PNG of any size in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*own) for own in chunks)


def bad_crc() -> bytes:
    """A PNG in whose pixels a byte was changed."""
    data = bytearray(encode_png(PIXELS))
    data[60] ^= 1
    return bytes(data)


BAD = {
    "eps": (EPS, "not a PNG file", "unreadable"),
    "gif": (picture("GIF", "P"), "not a PNG file", "unreadable"),
    "jpeg": (picture("JPEG"), "not a PNG file", "unreadable"),
    "tiff": (picture("TIFF"), "not a PNG file", "unreadable"),
    "empty": (b"", "not a PNG file", "unreadable"),
    "17x17": (picture("PNG", side=17), "17x17 px, no square of at most 16x16", "size"),
    "no square": (encode_png(np.zeros((8, 16, 3), np.uint8)), "16x8 px, no square of at most 16x16", "size"),
    "bomb": (png_of_zeros(60_000, 60_000), "not a PNG file", "unreadable"),
    "grey": (picture("PNG", "L"), "a picture of mode L, not RGB", "unreadable"),
    "palette": (picture("PNG", "P"), "a picture of mode P, not RGB", "unreadable"),
    "alpha": (picture("PNG", "RGBA"), "a picture of mode RGBA, not RGB", "unreadable"),
    "16 bits": (picture("PNG", "I;16"), "a picture of mode I;16, not RGB", "unreadable"),
    "cut": (encode_png(PIXELS)[:-30], "a damaged PNG", "unreadable"),
    "check sum": (bad_crc(), "a damaged PNG", "unreadable"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_crop_of_the_set_is_one_line(tmp_path: Path, name: str) -> None:
    content, said, _ = BAD[name]
    (tmp_path / STORED).parent.mkdir(parents=True)
    (tmp_path / STORED).write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        read_crop(tmp_path, STORED, digest(content), 16)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / STORED))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["eps", "17x17", "no square", "palette", "check sum"])
def test_verify_finds_what_training_refuses(data: Path, name: str) -> None:
    content, _, kind = BAD[name]
    put_crop(data, content)
    assert found(data) == {(STORED, kind)}
    bags = [bag for bag in ffpms.load(data).bags("test") if STORED in bag.crops]
    assert bags
    for bag in bags:
        with pytest.raises(ManifestError):
            bag.faces()


@pytest.mark.skipif(sys.platform == "win32", reason="a program here is a shell script")
def test_ghostscript_is_never_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow starts ``gs`` for any file that begins as EPS does, if it may take the file for that."""
    (tmp_path / "gs").write_text(f"#!/bin/sh\necho x >> {tmp_path}/started\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)
    with pytest.raises(OSError, match="cannot identify image file"):
        Image.open(io.BytesIO(EPS)).load()
    assert (tmp_path / "started").exists(), "else this test shows nothing"
    (tmp_path / "started").unlink()
    (tmp_path / STORED).parent.mkdir(parents=True)
    (tmp_path / STORED).write_bytes(EPS)
    for read in (read_crop, read_own_crop):
        with pytest.raises(ManifestError, match="not a PNG file"):
            read(tmp_path, STORED, digest(EPS), 16)
    assert not (tmp_path / "started").exists()


OUTSIDE = ("../a.png", "crops/../../a.png", "crops/004/../a.png", "/etc/hostname", "a.png", "crops/a.png", "", None)


@pytest.mark.parametrize("path", [*OUTSIDE, "crops/004/DF_004_005/a.eps", "C:/a/b/c.png", "crops\\a\\b\\c.png"])
def test_a_path_that_no_build_writes_is_one_line(tmp_path: Path, path: str) -> None:
    root = tmp_path / "data"
    root.mkdir()
    for place in (tmp_path, root):
        (place / "a.png").write_bytes(encode_png(PIXELS))
    with pytest.raises(ManifestError, match=r"a table names .* as a crop; 'ffpms build' writes no such set"):
        read_crop(root, path, digest(encode_png(PIXELS)), 16)


@pytest.mark.parametrize("linked", [STORED, "crops/004"])
def test_a_link_out_of_the_set_is_refused_but_for_a_builds_own_crops(tmp_path: Path, linked: str) -> None:
    root, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    (root / STORED).parent.mkdir(parents=True)
    (root / STORED).write_bytes(encode_png(PIXELS))
    (root / linked).rename(elsewhere)
    (root / linked).symlink_to(elsewhere)
    sha256 = digest(encode_png(PIXELS))
    with pytest.raises(ManifestError, match="leads out of the built set by a link"):
        read_crop(root, STORED, sha256, 16)
    assert np.array_equal(read_own_crop(root, STORED, sha256, 16), PIXELS)


def test_the_folder_of_crops_may_be_a_link_and_nothing_below_it(tmp_path: Path) -> None:
    """People keep crops on a larger disk. A link there leads out of the set, though not out of the disk."""
    root, disk, sha256 = tmp_path / "data", tmp_path / "disk", digest(encode_png(PIXELS))
    (root / STORED).parent.mkdir(parents=True)
    (root / STORED).write_bytes(encode_png(PIXELS))
    (root / "crops").rename(disk)
    (root / "crops").symlink_to(disk)
    assert np.array_equal(read_crop(root, STORED, sha256, 16), PIXELS)
    stored = (root / STORED).resolve()
    stored.rename(tmp_path / "secret.png")
    stored.symlink_to(tmp_path / "secret.png")
    with pytest.raises(ManifestError, match="leads out of the built set by a link"):
        read_crop(root, STORED, sha256, 16)


def test_a_pipe_and_a_file_without_end_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / STORED
    file.parent.mkdir(parents=True)
    os.mkfifo(file)
    with pytest.raises(ManifestError, match="a pipe, no file"):
        read_own_crop(tmp_path, STORED, "", 16)
    file.unlink()
    with file.open("wb") as large:
        large.truncate(10**12)
    with pytest.raises(ManifestError, match="not the crop that was built"):
        read_own_crop(tmp_path, STORED, "", 16)


def test_noise_is_no_file_without_end(tmp_path: Path) -> None:
    """Pixels that do not compress are larger as PNG than raw."""
    noise = encode_png(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8))
    (tmp_path / STORED).parent.mkdir(parents=True)
    (tmp_path / STORED).write_bytes(noise)
    assert read_crop(tmp_path, STORED, digest(noise), 16).shape == (16, 16, 3)
    wide = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), np.uint8)
    assert len(encode_png(wide)) < 2 * wide.size
