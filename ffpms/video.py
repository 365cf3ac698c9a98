"""Reading videos: what a file is, and exactly the frames asked for."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import ffmpeg
import numpy as np

from ffpms.errors import ConfigError, MediaError
from ffpms.schema import Status

_CRF = re.compile(rb"x264 - core.{0,2000}? (?:crf|qp)=([0-9.]+)", re.DOTALL)  # lossless crf 0 is written as qp=0

Frames = Iterator[tuple[int, np.ndarray]]
FrameReader = Callable[[Path, list[int]], Frames]


@dataclass(frozen=True)
class Probe:
    """What a file says of itself without decoding. ``n_frames`` counts packets, not what the header claims; ``width``
    and ``height`` are upright; ``crf`` comes from the x264 SEI and is None where there is none."""

    n_frames: int
    width: int
    height: int
    fps: float
    pix_fmt: str
    profile: str
    crf: float | None
    sha256: str


def probe(path: Path) -> Probe:
    """Reads a file once and tells what it is.

    Raises:
        MediaError: the file is missing, empty, unreadable or cut short.
    """
    if not path.is_file():
        raise MediaError(path, "not found; download it", Status.MISSING)
    if path.stat().st_size == 0:
        raise MediaError(path, "empty file; download it again", Status.UNREADABLE)
    try:
        return _probe(path)
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise MediaError(path, f"cannot be read ({_reason(error)}); download it again", Status.UNREADABLE) from error


def _probe(path: Path) -> Probe:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        crf, n_frames, corrupt = None, 0, False
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            if n_frames == 0:
                crf = _find_crf(bytes(packet))
            n_frames += 1
            corrupt = corrupt or packet.is_corrupt
        if corrupt or n_frames < stream.frames:
            readable = n_frames - corrupt
            reason = f"cut short ({readable} of {stream.frames} frames are there); download it again"
            raise MediaError(path, reason, Status.TRUNCATED)
        rate = stream.average_rate
        codec = stream.codec_context
        pix_fmt, profile = codec.pix_fmt or "", codec.profile or ""
    rotation = _rotation(path)
    width, height = (codec.height, codec.width) if rotation % 180 else (codec.width, codec.height)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Probe(n_frames, width, height, float(rate or 0), pix_fmt, profile, crf, digest)


def _find_crf(packet: bytes) -> float | None:
    found = _CRF.search(packet)
    return float(found.group(1)) if found else None


def _rotation(path: Path) -> int:
    """Degrees, counter-clockwise, by which a player turns the first frame."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            return int(frame.rotation)
    raise MediaError(path, "has no frame that can be decoded; download it again", Status.UNREADABLE)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def read_frames(path: Path, indices: list[int]) -> Frames:
    """Yields (index, RGB) for each of the strictly increasing indices, counted in decoded frames and never in time;
    turned upright.

    Shape: each (H, W, 3) uint8.

    Raises:
        MediaError: the video ends or breaks before the last index.
    """
    wanted = iter(indices)
    index = next(wanted, None)
    try:
        with av.open(str(path)) as container:
            container.streams.video[0].codec_context.thread_count = 1  # we run one process a video
            for position, frame in enumerate(container.decode(video=0)):
                if index is None:
                    return
                if position == index:
                    yield index, _upright(frame)
                    index = next(wanted, None)
    except av.error.FFmpegError as error:
        raise MediaError(path, f"breaks off ({_reason(error)}); download it again", Status.UNREADABLE) from error
    if index is not None:
        raise MediaError(path, f"ends before frame {index}; download it again", Status.TRUNCATED)


def _upright(frame: av.VideoFrame) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), k=frame.rotation // 90))


def read_frames_ffmpeg(path: Path, indices: list[int]) -> Frames:
    """As :func:`read_frames`, by the ffmpeg program's select filter: the reference to hold the fast way against.

    Raises:
        ConfigError: there is no ffmpeg program on the PATH.
        MediaError: the video ends or breaks before the last index.
    """
    chosen = "+".join(f"eq(n,{i})" for i in indices)
    size = probe(path)
    stream = ffmpeg.input(str(path)).filter("select", chosen)
    command = stream.output("pipe:", format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough")
    try:
        raw, _ = command.global_args("-threads", "1").run(capture_stdout=True, capture_stderr=True)
    except FileNotFoundError:
        raise ConfigError("ffmpeg: no such program on the PATH; install it or use --decoder pyav") from None
    except ffmpeg.Error as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise MediaError(path, f"ffmpeg failed ({''.join(last)}); download it again", Status.UNREADABLE) from error
    frames = np.frombuffer(raw, np.uint8).reshape(-1, size.height, size.width, 3)
    if len(frames) < len(indices):
        raise MediaError(path, f"ends before frame {indices[len(frames)]}; download it again", Status.TRUNCATED)
    yield from zip(indices, frames, strict=True)


DECODERS: dict[str, FrameReader] = {"pyav": read_frames, "ffmpeg": read_frames_ffmpeg}
