"""Probing: reads the properties of a video file, and decodes as little of it as will do."""

import re
from dataclasses import dataclass
from pathlib import Path

from ffpms.errors import MediaError
from ffpms.extraction.decoding.packets import PacketList
from ffpms.extraction.decoding.video_file import counts_frames, is_named_mp4, open_video
from ffpms.extraction.decoding.wanted_frames import measure
from ffpms.extraction.decoding.wholeness import check_structure
from ffpms.hashing import file_digest
from ffpms.schema import Status

_CRF = re.compile(rb"x264 - core.{0,2000}? (?:crf|qp)=([0-9.]+)", re.DOTALL)  # lossless crf 0 is written as qp=0


@dataclass(frozen=True)
class VideoInfo:
    """Properties of a video file.

    ``n_frames`` counts the frames that come out of the decoder and does not trust the header.
    ``width`` and ``height`` are upright. ``crf`` comes from the x264 SEI and is None without one.
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
        MediaError: the file is missing, empty, damaged or cut short, or its size changes.
    """
    with open_video(path, described=not is_named_mp4(path)) as (container, stream):
        packets = PacketList.read(container, stream)
        if counts_frames(container):
            packets.keep(path)
        _check_whole(path, packets, stream.frames if counts_frames(container) else 0)
        check_structure(path, container.format.name)
        rate, crf = float(stream.average_rate or 0), _find_crf(packets)
        measures = measure(path, packets, container, stream)
        sha256 = file_digest(path)
    return VideoInfo(**measures._asdict(), fps=rate, crf=crf, sha256=sha256)


def _check_whole(path: Path, packets: PacketList, promised: int) -> None:
    """Checks that the packets that the header promises are there, those of an edit list too.

    Where it promises no number, that none of those that are there is damaged.
    """
    if len(packets.packets) < promised:
        with open_video(path, ignore_editlist="1") as (container, stream):
            packets = PacketList.read(container, stream)
    n_readable, n_all = sum(not packet.is_corrupt for packet in packets.packets), max(promised, len(packets.packets))
    if n_readable < n_all:
        what = "cut short" if promised else "damaged or cut short"
        reason = f"{what} ({n_readable} of {n_all} frames are {'there' if promised else 'whole'}); download it again"
        raise MediaError(path, reason, Status.TRUNCATED)


def _find_crf(packets: PacketList) -> float | None:
    found = _CRF.search(bytes(packets.first)) if packets.first else None
    return float(found.group(1)) if found else None
