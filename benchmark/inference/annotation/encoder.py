"""Encoder: the ffmpeg program, which takes frames with their times through a pipe.

Frames go in as NUT, a container that keeps a time for each, so that a variable rate stays one.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import av
import ffmpeg
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from benchmark.inference.annotation.formats import TICKS, Format, format_of
from benchmark.inference.annotation.sound import Source
from ffpms.cores import usable_cores
from ffpms.errors import ConfigError, MediaError, StorageError
from ffpms.extraction.any_video import FileStatus
from ffpms.storage import whole_file

_BT709 = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "color_range": "tv"}
_PIPE_BYTES = 1 << 20

Write = Callable[[float, np.ndarray], None]
"""Takes the seconds and the pixels of a frame, (H, W, 3) uint8."""


def find_ffmpeg() -> str:
    """Finds the ffmpeg program: on the PATH, else that of the package imageio-ffmpeg.

    Raises:
        ConfigError: there is none.
    """
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise ConfigError(
            "ffmpeg: no such program on the PATH; install it, or the package imageio-ffmpeg, to annotate"
        ) from None


@contextmanager
def encoding(source: Source, out: Path, size: tuple[int, int], comment: str) -> Iterator[Write]:
    """Encodes a video with the sound of another: yields a function that takes its frames.

    The file appears whole, or not at all. ``size`` is that of each frame, even both ways.

    Raises:
        ConfigError: there is no ffmpeg program, or one without the encoder.
        MediaError: ffmpeg ended before its input did.
        StorageError: the disk does not take the file.
    """
    with whole_file(out) as file, TemporaryFile() as log:
        process = _start(_command(source, format_of(out), file.name, comment), log)
        try:
            with suppress(BrokenPipeError):
                with _Feed.open(process.stdin, size) as feed:
                    yield feed.write
                process.stdin.close()
            process.wait()
        finally:
            process.kill()
            process.wait()
            with suppress(BrokenPipeError):
                process.stdin.close()
        if process.returncode:
            log.seek(0)
            raise _explain(out, source.path, process.returncode, log.read().decode(errors="replace"))


def _command(source: Source, form: Format, name: str, comment: str) -> list[str]:
    frames = ffmpeg.input("pipe:", format="nut")["v:0"]
    output = ffmpeg.output(
        frames,
        *source.tracks(),
        name,
        format=form.muxer,
        vf="scale=out_color_matrix=bt709:out_range=tv",
        pix_fmt="yuv420p",
        fps_mode="passthrough",
        enc_time_base=f"1:{TICKS}",
        threads=usable_cores(),
        map_metadata=-1,
        map_chapters=-1,
        metadata=f"comment={comment}",
        **{"c:v": form.encoder},
        **form.options,
        **source.options(form),
        **_BT709,
    )
    command = output.global_args("-v", "error", "-nostdin", "-copyts", "-y").compile(find_ffmpeg())
    return [str(word) for word in command]


def _start(command: list[str], log: IO[bytes]) -> Any:
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log)
    except OSError as error:
        raise ConfigError(f"{command[0]}: cannot be started ({error.strerror}); install ffmpeg anew") from error


@dataclass
class _Feed:
    """Frames on their way into ffmpeg, each with its time."""

    container: OutputContainer
    stream: VideoStream
    last: int = field(default=-1)

    @classmethod
    @contextmanager
    def open(cls, pipe: IO[bytes], size: tuple[int, int]) -> Iterator["_Feed"]:
        with av.open(pipe, "w", format="nut", buffer_size=_PIPE_BYTES) as container:
            stream = container.add_stream("rawvideo", rate=25)
            stream.width, stream.height = size
            stream.pix_fmt = "rgb24"
            stream.codec_context.time_base = stream.time_base = Fraction(1, TICKS)
            yield cls(container, stream)

    def write(self, seconds: float, pixels: np.ndarray) -> None:
        """Writes a frame; one that is due no later than the last is a tick later."""
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        self.last = max(round(seconds * TICKS), self.last + 1)
        frame.pts, frame.time_base = self.last, Fraction(1, TICKS)
        self.container.mux(self.stream.encode(frame))


def _explain(out: Path, path: Path, code: int, said: str) -> MediaError | ConfigError | StorageError:
    """Returns the error for what ffmpeg said before it ended."""
    first = next(iter(re.sub(r"\[[^]]*\] ", "", said.strip()).splitlines()), f"it ended with {code}")
    if "No space left" in said:
        return StorageError(f"{out}: No space left on device; free some space, then run the same command again")
    if missing := re.search(r"Unknown encoder '([^']+)'", said):
        return ConfigError(f"ffmpeg: has no encoder {missing[1]}; install one that has it, or write another kind of file")
    if "fps_mode" in said:
        return ConfigError("ffmpeg: too old; install 5.1 or newer")
    return MediaError(path, f"not annotated: ffmpeg failed ({first})", FileStatus.UNREADABLE)
