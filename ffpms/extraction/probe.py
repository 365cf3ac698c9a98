"""Probing: reads the properties of a video file without decoding it."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import av
from av.codec.context import Flags

from ffpms.errors import MediaError
from ffpms.schema import Status

_CRF = re.compile(rb"x264 - core.{0,2000}? (?:crf|qp)=([0-9.]+)", re.DOTALL)  # lossless crf 0 is written as qp=0


@dataclass(frozen=True)
class VideoInfo:
    """Properties of a video file, read without decoding it.

    ``n_frames`` counts packets and does not trust the header. ``width`` and ``height`` are upright.
    ``crf`` comes from the x264 SEI and is None without one.
    """

    n_frames: int
    width: int
    height: int
    fps: float
    pix_fmt: str
    profile: str
    crf: float | None
    sha256: str


def probe(path: Path) -> VideoInfo:
    """Reads the properties of a video file.

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
        raise MediaError(path, f"cannot be read ({reason_of(error)}); download it again", Status.UNREADABLE) from error


def _probe(path: Path) -> VideoInfo:
    with av.open(str(path), format="mp4") as container:
        stream = container.streams.video[0]
        crf, first, n_frames, corrupt = None, None, 0, False
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            if n_frames == 0:
                crf = _find_crf(bytes(packet))
            first = packet.dts if first is None else first
            n_frames += not packet.is_discard
            corrupt = corrupt or packet.is_corrupt
        if corrupt or n_frames < stream.frames:
            readable = n_frames - corrupt
            reason = f"cut short ({readable} of {stream.frames} frames are there); download it again"
            raise MediaError(path, reason, Status.TRUNCATED)
        codec = stream.codec_context
        size, pix_fmt, profile = (codec.width, codec.height), codec.pix_fmt or "", codec.profile or ""
        rewind(container, first)
        width, height = size[::-1] if _rotation(path, container) % 180 else size
        rate = float(stream.average_rate or 0)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return VideoInfo(n_frames, width, height, rate, pix_fmt, profile, crf, digest)


def _find_crf(packet: bytes) -> float | None:
    found = _CRF.search(packet)
    return float(found.group(1)) if found else None


def rewind(container: av.container.InputContainer, first: int | None) -> None:
    """Seeks to the first packet, whose decoding time is ``first``.

    A time of 0 may be that of a later packet.
    """
    container.seek(first or 0, stream=container.streams.video[0])


def _rotation(path: Path, container: av.container.InputContainer) -> int:
    """Degrees, counter-clockwise, by which a player turns the first frame."""
    codec = container.streams.video[0].codec_context
    codec.thread_count = 1
    codec.flags |= Flags.low_delay  # gives the first frame at once, not in order
    for frame in container.decode(video=0):
        return int(frame.rotation)
    raise MediaError(path, "has no frame that can be decoded; download it again", Status.UNREADABLE)


def reason_of(error: Exception) -> str:
    """Returns the message of a library's exception in a few words."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
