"""Videos of every kind that the ffmpeg program can write, and damaged ones."""

import shlex
import struct
import subprocess
from pathlib import Path

import av
import numpy as np

SIZE = (96, 64)
X264 = "-c:v libx264 -pix_fmt yuv420p"


def run_ffmpeg(folder: Path, arguments: str) -> bytes:
    """Runs ffmpeg in a folder; returns what it writes to its output."""
    command = ["ffmpeg", "-nostdin", "-y", "-v", "error", *shlex.split(arguments)]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout


def make_video(folder: Path, options: str = X264, n_frames: int = 24, size: tuple[int, int] = SIZE) -> Path:
    """A test picture of a second or less; every frame differs from the others."""
    source = f"-f lavfi -i testsrc2=size={size[0]}x{size[1]}:rate=25"
    run_ffmpeg(folder, f"{source} -frames:v {n_frames} {options} made.mp4")
    return folder / "made.mp4"


def remux(path: Path, before: str = "", after: str = "", suffix: str = "mp4") -> Path:
    """Copies a video's packets into another file, with options for the input and the output."""
    name = f"{path.stem}-{suffix}.{suffix}"
    run_ffmpeg(path.parent, f"{before} -i {path.name} {after} -c copy {name}")
    return path.with_name(name)


def reference(path: Path, size: tuple[int, int] = SIZE) -> np.ndarray:
    """All frames as ffmpeg writes them, (n, H, W, 3)."""
    raw = run_ffmpeg(path.parent, f"-i {path.name} -fps_mode passthrough -pix_fmt rgb24 -f rawvideo -")
    return np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0], 3)


def flip_bytes(path: Path, n_packet: int = 0) -> None:
    """Damages a packet, counted in the order of decoding, in its middle."""
    start, last = _bytes_of(path, n_packet)
    first = start + (last - start) // 3
    content = np.frombuffer(path.read_bytes(), np.uint8).copy()
    content[first : min(first + 200, last)] ^= 255
    path.write_bytes(content.tobytes())


def clear_bytes(path: Path, n_packet: int, n_bytes: int) -> None:
    """Makes the first bytes of a packet zeros, as in a download of which a part never came."""
    first, _ = _bytes_of(path, n_packet)
    content = bytearray(path.read_bytes())
    content[first : first + n_bytes] = bytes(n_bytes)
    path.write_bytes(content)


def _bytes_of(path: Path, n_packet: int) -> tuple[int, int]:
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][n_packet]
        assert packet.pos is not None
        return packet.pos, packet.pos + packet.size


def shorten_edit(path: Path, seconds: float) -> None:
    """Makes the edit list of a file end earlier, so that its last frames are not shown."""
    content = bytearray(path.read_bytes())
    place = content.index(b"elst") + 12  # version, flags, number of entries
    (duration,) = struct.unpack_from(">I", content, place)
    struct.pack_into(">I", content, place, duration - round(1000 * seconds))
    path.write_bytes(content)
