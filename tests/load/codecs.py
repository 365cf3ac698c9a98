"""Writes a clip with every encoder and into every container that this ffmpeg has, and decodes each file.

A file must give the frames that ``ffmpeg -f rawvideo`` gives, or be refused in one line. Run it as
``python -m tests.load.codecs``. It prints a table for docs/reliability.md.
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import imageio_ffmpeg
import numpy as np

from ffpms.errors import MediaError
from ffpms.extraction.decoding.probe import probe
from ffpms.extraction.decoding.wanted_frames import DECODERS, read_frames

WIDTH, HEIGHT, FRAMES = 176, 144, 30
"""Size and length of the clip; H.261 and H.263 know no size much smaller."""

CONTAINERS = ("mp4", "mov", "m4v", "3gp", "mkv", "webm", "avi", "ts", "mpg", "flv", "ogv", "wmv", "nut", "mxf", "gif")
FORMATS = ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "gray", "rgb24")
"""Pixel formats that are asked for with the encoders that know them."""

_FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def encoders() -> list[str]:
    """Lists the video encoders of this ffmpeg."""
    shown = subprocess.run([_FFMPEG, "-hide_banner", "-encoders"], capture_output=True, text=True, check=True).stdout
    lines = shown.partition("------")[2].splitlines()[1:]
    return [line.split()[1] for line in lines if line.split()[0].startswith("V")]


def write_clips(folder: Path) -> Iterator[Path]:
    """Writes the clip in every way that works; a nut file can hold what any encoder makes."""
    for encoder in encoders():
        for pixels in FORMATS:
            if _write(folder / "probe.nut", encoder, pixels):
                for container in CONTAINERS:
                    path = folder / f"{encoder}-{pixels}.{container}"
                    if _write(path, encoder, pixels):
                        yield path
                    path.unlink(missing_ok=True)


def _write(path: Path, encoder: str, pixels: str) -> bool:
    source = f"testsrc2=size={WIDTH}x{HEIGHT}:rate=25,format={pixels}"
    command = [_FFMPEG, "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", str(FRAMES), "-c:v", encoder]
    try:
        done = subprocess.run([*command, "-strict", "-2", "-y", str(path)], capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and len(_reference(path)) >= 20


def _reference(path: Path) -> np.ndarray:
    """Decodes all frames with the ffmpeg program: (N, H, W, 3) uint8.

    With one thread, as several give other pixels of VC-2 each time.
    """
    command = [_FFMPEG, "-v", "error", "-threads", "1", "-i", str(path), "-map", "0:v:0", "-fps_mode", "passthrough"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True).stdout
    return np.frombuffer(raw[: len(raw) // (WIDTH * HEIGHT * 3) * WIDTH * HEIGHT * 3], np.uint8).reshape(
        -1, HEIGHT, WIDTH, 3
    )


def judge(path: Path) -> str:
    """Decodes a file in each way, and says what came of it."""
    expected = _reference(path)
    try:
        n_frames = probe(path).n_frames
    except MediaError as error:
        return "several lines" if "\n" in str(error) else "refused"
    if n_frames != len(expected):
        return f"counted {n_frames} of {len(expected)}"
    for decoder in DECODERS:
        for wanted in (list(range(n_frames)), list(range(0, n_frames, 7)), [n_frames - 1]):
            try:
                frames = read_frames(path, wanted, decoder)
            except MediaError:
                return f"refused by {decoder} after its probe"
            if worst := max(int(np.abs(frames[i].astype(int) - expected[i]).max()) for i in wanted):
                return f"{decoder} is {worst} levels off"
    return "equal"


@click.command()
def main() -> None:
    """Judges every way to write a clip; exits with 1 if a file was read wrongly."""
    found: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as programs:
        (Path(programs) / "ffmpeg").symlink_to(_FFMPEG)  # under its usual name, for --decoder ffmpeg
        os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
        for path in write_clips(Path(name)):
            result = judge(path)
            found[path.suffix[1:], result] += 1
            if result not in ("equal", "refused"):
                click.echo(f"{path.name}: {result}", err=True)
    click.echo("| container | read as ffmpeg does | refused in one line | read otherwise |\n|---|---|---|---|")
    for container in CONTAINERS:
        own = {result: n for (where, result), n in found.items() if where == container}
        equal, refused = own.get("equal", 0), own.get("refused", 0)
        click.echo(f"| {container} | {equal} | {refused} | {sum(own.values()) - equal - refused} |")
    sys.exit(any(result not in ("equal", "refused") for _, result in found))


if __name__ == "__main__":
    main()
