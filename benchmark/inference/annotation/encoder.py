"""Encoder: the ffmpeg program, which takes frames with their times through a pipe.

Frames go in as NUT, a container that keeps a time for each, so that a variable rate stays one.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import av
import ffmpeg
import numpy as np
from av.container import OutputContainer

from benchmark.inference.annotation.formats import TICKS, Format, format_of
from benchmark.inference.annotation.sound import ITSELF, Source
from ffpms.errors import ConfigError, MediaError, StorageError
from ffpms.extraction.decoding.any_video import FileStatus
from ffpms.machine.cores import usable_cores
from ffpms.storage import whole_file

_BT709 = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "color_range": "tv"}
_PIPE_BYTES = 1 << 20
_TICK = Fraction(1, TICKS)
_OUT = "<out>"

Write = Callable[[float], None]
"""Writes the frame as it is now, for a time in seconds."""


def find_ffmpeg() -> str:
    """Finds the ffmpeg program: on the PATH, else that of the package imageio-ffmpeg.

    Raises:
        ConfigError: there is none.
    """
    if found := shutil.which("ffmpeg"):
        return found
    try:
        return str(import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise ConfigError(
            "ffmpeg: no such program on the PATH; install it, or the package imageio-ffmpeg, to annotate"
        ) from None


@contextmanager
def encoding(source: Source, out: Path, size: tuple[int, int], comment: str) -> Iterator[tuple[np.ndarray, Write]]:
    """Encodes a video with the sound of another: yields a frame to draw in, and what writes it.

    The file appears whole, or not at all. ``size`` is that of each frame, even both ways.

    Shape: the frame is (H, W, 3) uint8, RGB; black at first, and never cleared.

    Raises:
        ConfigError: there is no ffmpeg program, or one without the encoder.
        MediaError: ffmpeg ended before its input did.
        StorageError: the disk does not take the file.
    """
    with whole_file(out) as file, TemporaryFile() as log:
        process = _start(_command(source, format_of(out), file.name, comment), log)
        pipe = _Pipe(process.stdin)
        try:
            with av.open(pipe, "w", format="nut", buffer_size=_PIPE_BYTES) as container:
                feed = _Feed(container, size)
                yield feed.pixels, feed.write
            pipe.close()
            process.wait()
        except (BrokenPipeError, av.error.FFmpegError):
            if not pipe.is_broken:
                raise
        finally:
            process.kill()
            process.wait()
            pipe.close()
        if process.returncode or pipe.is_broken:
            log.seek(0)
            raise _explain(out, source.path, process.returncode, log.read().decode(errors="replace"))


def _command(source: Source, form: Format, name: str, comment: str) -> list[str]:
    frames = ffmpeg.input("pipe:", format="nut")["v:0"]
    output = ffmpeg.output(
        frames,
        *source.tracks(),
        _OUT,
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
    names = {_OUT: name, ITSELF: str(source.path.absolute())}
    return [names.get(str(word), str(word)) for word in command]


def _start(command: list[str], log: IO[bytes]) -> Any:
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log)
    except OSError as error:
        raise ConfigError(f"{command[0]}: cannot be started ({error.strerror}); install ffmpeg anew") from error


class _Pipe:
    """A pipe that fails once: what a broken one gets after that is lost, so it can be closed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.is_broken = file, False

    def write(self, data: bytes) -> int:
        """Writes bytes.

        Raises:
            BrokenPipeError: nobody reads them any more.
        """
        try:
            return len(data) if self.is_broken else self._file.write(data)
        except BrokenPipeError:
            self.is_broken = True
            raise

    def close(self) -> None:
        """Closes it, so that the program at its end knows that this was all."""
        try:
            self._file.close()
        except BrokenPipeError:
            self.is_broken = True


class _Feed:
    """The way of frames into ffmpeg: one frame that is drawn anew, and sent with each time."""

    def __init__(self, container: OutputContainer, size: tuple[int, int]) -> None:
        self._container, self._last = container, -1
        self._stream = container.add_stream("rawvideo", rate=25)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "rgb24"
        self._stream.codec_context.time_base = self._stream.time_base = _TICK
        self._frame = av.VideoFrame(*size, "rgb24")
        self._frame.time_base = _TICK
        self.pixels = view_pixels(self._frame)
        self.pixels[:] = 0

    def write(self, seconds: float) -> None:
        """Writes the frame; one that is due no later than the last is a tick later."""
        self._frame.pts = self._last = max(round(seconds * TICKS), self._last + 1)
        self._container.mux(self._stream.encode(self._frame))


def view_pixels(frame: av.VideoFrame) -> np.ndarray:
    """Returns the pixels of an RGB frame, not copied.

    Shape: (H, W, 3) uint8.
    """
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(frame.height, plane.line_size)
    return np.lib.stride_tricks.as_strided(rows, (frame.height, frame.width, 3), (plane.line_size, 3, 1))


def _explain(out: Path, path: Path, code: int, said: str) -> MediaError | ConfigError | StorageError:
    """Returns the error for what ffmpeg said before it ended."""
    first = next(iter(re.sub(r"\[[^]]*\] ", "", said.strip()).splitlines()), f"it ended with {code}")
    if "No space left" in said:
        return StorageError(f"{out}: No space left on device; free some space, then run the same command again")
    if missing := re.search(r"Unknown encoder '([^']+)'", said):
        return ConfigError(f"ffmpeg: has no encoder {missing[1]}; install one that has it, or write another kind")
    if "fps_mode" in said:
        return ConfigError("ffmpeg: too old; install 5.1 or newer")
    return MediaError(path, f"not annotated: ffmpeg failed ({first})", FileStatus.UNREADABLE)
