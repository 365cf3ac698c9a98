"""Probing videos: what a file is, without decoding it."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import av

from ffpms.errors import MediaError
from ffpms.schema import Status

_CRF = re.compile(rb"x264 - core.{0,2000}? (?:crf|qp)=([0-9.]+)", re.DOTALL)  # lossless crf 0 is written as qp=0


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
        raise MediaError(path, f"cannot be read ({reason_of(error)}); download it again", Status.UNREADABLE) from error


def _probe(path: Path) -> Probe:
    with av.open(str(path), format="mp4") as container:
        stream = container.streams.video[0]
        crf, n_frames, corrupt = None, 0, False
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            if n_frames == 0:
                crf = _find_crf(bytes(packet))
            n_frames += not packet.is_discard
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
    with av.open(str(path), format="mp4") as container:
        for frame in container.decode(video=0):
            return int(frame.rotation)
    raise MediaError(path, "has no frame that can be decoded; download it again", Status.UNREADABLE)


def reason_of(error: Exception) -> str:
    """What a library says went wrong, in a few words."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
