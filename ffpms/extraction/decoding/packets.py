"""Packets: tells without decoding which frames come out of a video, and which packets they need.

Frames are counted as ffmpeg yields them. Where the packets leave that open, nothing is told.
"""

from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from ffpms.extraction.decoding.h264 import Numbering, Picture, read_numbering, read_picture

_MPEG4_HEAD = 16
"""No header of a picture in MPEG-4 Part 2 has more bytes, nor has one that is left out."""


class Packet(NamedTuple):
    """A packet; ``picture`` is None where it does not surely hold one whole frame.

    ``duration`` is how long its frame is shown; 0 if unknown.
    """

    time: int | None
    is_corrupt: bool
    picture: Picture | None
    duration: int


@dataclass(frozen=True)
class PacketList:
    """All packets of a video in the order of decoding; ``first`` is the first of them itself.

    ``track`` is the number of the video's stream in its file. ``frame_times`` are the times of the
    frames in the order in which they come out; empty if that is not sure.
    """

    track: int
    packets: list[Packet]
    first: "av.Packet[VideoStream] | None"
    frame_times: list[int]

    @classmethod
    def read(cls, container: InputContainer, stream: VideoStream) -> "PacketList":
        """Reads the packets of a video without decoding them."""
        packets, first, context = [], None, stream.codec_context
        numbering = _numbering(context)
        for packet in container.demux(stream):
            if packet.size or packet.dts is not None:
                first = first or packet
                picture = _picture(packet, context, numbering)
                packets.append(Packet(packet.pts, packet.is_corrupt, picture, packet.duration or 0))
        return cls(stream.index, packets, first, _frame_times(packets, numbering, context.has_b_frames))

    @classmethod
    def recall(cls, path: Path) -> "PacketList | None":
        """Returns the packets that :meth:`keep` kept of a file, if it is as it was then."""
        with suppress(OSError):
            return _KEPT[path][1] if path in _KEPT and _KEPT[path][0] == _state(path) else None
        return None

    def keep(self, path: Path) -> None:
        """Keeps the packets of a file for :meth:`recall`, and those of the last files before it."""
        _KEPT.pop(path, None)
        _KEPT[path] = _state(path), replace(self, first=None)
        if len(_KEPT) > _MOST_KEPT:
            del _KEPT[next(iter(_KEPT))]

    def rewind(self, container: InputContainer, stream: VideoStream) -> None:
        """Goes back to the first packet, if it was read here.

        A time of 0 may be that of a later one.
        """
        if self.first:
            container.seek(self.first.dts or 0, stream=stream)

    def needed(self, wanted: Container[int | None]) -> set[int | None]:
        """Returns the times of the wanted packets, and of all packets to which these may refer."""
        needed, referring = set(), False
        for time, _, picture, _ in reversed(self.packets):
            if picture and (time in wanted or (referring and picture.is_reference)):
                needed.add(time)
                referring = not picture.is_idr
        return needed


def _frame_times(packets: list[Packet], numbering: Numbering | None, has_b_frames: bool) -> list[int]:
    """Returns the times of the frames in the order in which they come out; empty if unsure.

    It is sure if decoding can start at the first picture, no picture is missing, and the order
    of the pictures is that of the times.
    """
    times = [packet.time for packet in packets if packet.time is not None]
    places = list(_places(packets, numbering)) if numbering else []
    if not len(packets) == len(times) == len(places):
        return []
    if places != sorted(places) and not has_b_frames:
        return []
    shown = [time for _, time in sorted(zip(places, times, strict=True))]
    return shown if all(a < b for a, b in pairwise(shown)) else []


def _places(packets: list[Packet], numbering: Numbering) -> Iterator[tuple[int, int]]:
    """Yields the place of each picture: the number of its stretch, and its order in there.

    A stretch begins where decoding can start. It ends early where a picture is missing
    (ITU-T H.264, 7.4.3 and 8.2.1).
    """
    stretch, last_num, last_order = 0, 0, 0
    for count, picture in enumerate(packet.picture for packet in packets):
        if picture is None:
            return
        if picture.is_idr:
            stretch, last_num, last_order = stretch + 1, -1, 0
        if stretch == 0 or picture.frame_num != (last_num + 1) % (1 << numbering.frame_num_bits):
            return
        step = _shortest(picture.order - last_order, numbering.order_bits)
        order = last_order + step if numbering.order_bits else count
        yield stretch, order
        if picture.is_reference:
            last_num, last_order = picture.frame_num, order


_MOST_KEPT = 32
"""A target has fewer files: each is probed first, and decoded when all are."""

_KEPT: dict[Path, tuple[tuple[int, ...], PacketList]] = {}
"""Packets of the files that were probed last, each with the state that its file had."""


def _state(path: Path) -> tuple[int, ...]:
    """Returns what changes when another file takes the place of one."""
    about = path.stat()
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


def _numbering(context: VideoCodecContext) -> Numbering | None:
    if context.name == "mpeg4" and not context.has_b_frames:
        return Numbering(0, 0, has_separate_planes=False, may_have_fields=False)
    return read_numbering(context.extradata or b"") if context.name == "h264" else None


def _picture(
    packet: "av.Packet[VideoStream]", context: VideoCodecContext, numbering: Numbering | None
) -> Picture | None:
    """Returns the one picture that a packet surely holds."""
    if numbering is None or packet.is_discard or packet.is_corrupt or packet.has_sidedata("new_extradata"):
        return None
    if context.name == "h264":
        return read_picture(bytes(packet), numbering, context.extradata or b"")
    n_blocks = -(-context.width // 16) * -(-context.height // 16)  # each has a bit at least
    is_whole = packet.size >= _MPEG4_HEAD + n_blocks // 8
    return Picture(packet.is_keyframe, True, 0, 0) if is_whole else None


def _shortest(step: int, n_bits: int) -> int:
    """Returns the step of the least size that leaves the same last ``n_bits``."""
    half = 1 << n_bits >> 1
    return (step + half) % (2 * half) - half if half else 0
