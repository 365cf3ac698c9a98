"""Decoding: exactly the frames asked for, counted in decoded frames and never in time."""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import av
import ffmpeg
import numpy as np

from ffpms.errors import ConfigError, MediaError
from ffpms.extraction.boxes import Box
from ffpms.extraction.probe import probe, reason_of, rewind
from ffpms.schema import Status

_PLANAR = frozenset({"yuv444p", "yuv422p", "yuv420p", "yuvj444p", "yuvj422p", "yuvj420p"})
"""Pixel formats whose first plane is luma of 8 bits; H.264 has few others."""

_IDR = 5


@dataclass(frozen=True)
class Picture:
    """A decoded frame, upright, converted only when and to what is asked for."""

    frame: av.VideoFrame

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        width, height = self.frame.width, self.frame.height
        return (height, width) if self.frame.rotation % 180 else (width, height)

    def rgb(self) -> np.ndarray:
        """Shape: (H, W, 3) uint8."""
        return self._upright(self.frame.to_ndarray(format="rgb24", threads=1))

    def luma(self) -> np.ndarray:
        """The luma as it was coded, or as it would be: quicker than a conversion to RGB, to compare frames by.

        Shape: (H, W) uint8.
        """
        frame = self.frame
        if frame.format.name not in _PLANAR:
            frame = frame.reformat(format="yuv444p", threads=1)
        return self._upright(_plane(frame, 0))

    def luma_of(self, part: Box, every: int = 1) -> np.ndarray:
        """The luma within a box on whole pixels, in every so many rows and columns.

        Shape: (h, w) uint8.
        """
        return self.luma()[part.rows, part.columns][::every, ::every]

    def rgb_of(self, part: Box, every: int = 1) -> np.ndarray:
        """The pixels of :meth:`rgb` within a box on whole pixels, in every so many rows and columns; where every pixel
        has its own colours, as in FaceForensics++, no other is converted.

        Shape: (h, w, 3) uint8.
        """
        frame = self.frame
        if frame.format.name != "yuv444p" or frame.rotation:
            return self.rgb()[part.rows, part.columns][::every, ::every]
        small = av.VideoFrame(-(-int(part.w) // every), -(-int(part.h) // every), "yuv444p")
        for n in range(3):
            _plane(small, n)[:] = _plane(frame, n)[part.rows, part.columns][::every, ::every]
        small.colorspace, small.color_range = frame.colorspace, frame.color_range
        return small.to_ndarray(format="rgb24", threads=1)

    def _upright(self, pixels: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.rot90(pixels, k=self.frame.rotation // 90))


def _plane(frame: av.VideoFrame, n: int) -> np.ndarray:
    plane = frame.planes[n]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]


Pictures = Iterator[tuple[int, Picture]]
Decoder = Callable[[Path, list[int]], Pictures]
"""Path, strictly increasing indices -> each of them with its picture. Raises MediaError: the video ends or breaks
before the last index."""


def read_frames(path: Path, indices: list[int], decoder: str = "pyav") -> dict[int, np.ndarray]:
    """The frames as RGB, (H, W, 3) uint8, by index.

    Raises:
        MediaError: the video ends or breaks before the last index.
    """
    return {index: picture.rgb() for index, picture in DECODERS[decoder](path, indices)}


def decode_needed(path: Path, indices: list[int]) -> Pictures:
    """Decodes what the wanted frames need: packets are dropped that no other frame refers to, or none that is wanted,
    for the video starts anew before the next of those. Where that cannot be done (no H.264 with 4-byte lengths, two
    packets a frame) it decodes all."""
    waiting = list(indices)
    try:
        with av.open(str(path), format="mp4") as container:
            packets = _read_packets(container) if _can_skip(container.streams.video[0]) else []
            wanted = _times_of(packets, waiting)
            for time, picture in _decode(container, _needed(packets, wanted)) if wanted else ():
                if wanted.get(time) == waiting[0]:
                    yield waiting.pop(0), picture
                if not waiting:
                    return
    except av.error.FFmpegError as error:
        raise MediaError(path, f"breaks off ({reason_of(error)}); download it again", Status.UNREADABLE) from error
    yield from decode_all(path, waiting)


def decode_all(path: Path, indices: list[int]) -> Pictures:
    """Decodes every frame up to the last wanted one."""
    waiting = list(indices)
    try:
        with av.open(str(path), format="mp4") as container:
            for position, (_, picture) in enumerate(_decode(container, None)):
                if not waiting:
                    return
                if position == waiting[0]:
                    yield waiting.pop(0), picture
    except av.error.FFmpegError as error:
        raise MediaError(path, f"breaks off ({reason_of(error)}); download it again", Status.UNREADABLE) from error
    if waiting:
        raise MediaError(path, f"ends before frame {waiting[0]}; download it again", Status.TRUNCATED)


class _Packet(NamedTuple):
    time: int | None
    is_discard: bool
    is_reference: bool
    starts_anew: bool


def _can_skip(stream: av.VideoStream) -> bool:
    """Whether it is H.264 in mp4 with 4-byte NAL lengths (ISO/IEC 14496-15, 5.3.3.1)."""
    extra = stream.codec_context.extradata or b""
    return stream.codec_context.name == "h264" and len(extra) > 4 and extra[0] == 1 and extra[4] & 3 == 3


def _read_packets(container: av.container.InputContainer) -> list[_Packet]:
    """All packets of a video, in the order of decoding; goes back to the first."""
    packets: list[_Packet] = []
    first = None
    for packet in container.demux(container.streams.video[0]):
        if packet.size:
            first = first if packets else packet.dts
            slices = _slices(bytes(packet))
            packets.append(_Packet(packet.pts, packet.is_discard, _is_reference(slices), _starts_anew(slices)))
    rewind(container, first)
    return packets


def _times_of(packets: list[_Packet], indices: list[int]) -> dict[int | None, int]:
    """Presentation time -> index of the wanted frames; empty where packets have no times of their own."""
    times = [packet.time for packet in packets if not packet.is_discard]
    if None in times or len(set(times)) < len(times):
        return {}
    ordered = sorted(time for time in times if time is not None)
    return {ordered[i]: i for i in indices if i < len(ordered)}


def _needed(packets: list[_Packet], wanted: Container[int | None]) -> set[int | None]:
    """The times of the wanted packets, and of all to which these may refer."""
    needed, referring = set(), False
    for packet in reversed(packets):
        if packet.time in wanted or (referring and packet.is_reference):
            needed.add(packet.time)
            referring = not packet.starts_anew
    return needed


def _decode(
    container: av.container.InputContainer, needed: set[int | None] | None
) -> Iterator[tuple[int | None, Picture]]:
    """Presentation time and picture of the frames at the times needed, or of all."""
    stream = container.streams.video[0]
    stream.codec_context.thread_count = 1  # we run one process a video
    for packet in container.demux(stream):
        if needed is None or packet.pts in needed or not packet.size:
            for frame in packet.decode():
                yield frame.pts, Picture(frame)


def _slices(packet: bytes) -> list[tuple[int, int]]:
    """The nal_unit_type and nal_ref_idc of a packet's slices (ITU-T H.264, 7.4.1)."""
    slices, start = [], 0
    while start + 4 < len(packet):
        kind, importance = packet[start + 4] & 31, packet[start + 4] >> 5 & 3
        if 1 <= kind <= 5:
            slices.append((kind, importance))
        start += 4 + int.from_bytes(packet[start : start + 4], "big")
    return slices


def _is_reference(slices: list[tuple[int, int]]) -> bool:
    """Whether other frames may refer to this one: nal_ref_idc is not 0."""
    return all(importance for _, importance in slices)


def _starts_anew(slices: list[tuple[int, int]]) -> bool:
    """Whether no later frame refers to one before this: nal_unit_type is 5 (IDR)."""
    return bool(slices) and all(kind == _IDR for kind, _ in slices)


def decode_by_ffmpeg(path: Path, indices: list[int]) -> Pictures:
    """The ffmpeg program's select filter: the reference to hold the fast way against.

    Raises:
        ConfigError: there is no ffmpeg program on the PATH.
    """
    chosen = "+".join(f"eq(n,{i})" for i in indices)
    size = probe(path)
    stream = ffmpeg.input(str(path), format="mp4").filter("select", chosen)
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
    for index, frame in zip(indices, frames, strict=True):
        yield index, Picture(av.VideoFrame.from_ndarray(frame, format="rgb24"))


DECODERS: dict[str, Decoder] = {"pyav": decode_needed, "ffmpeg": decode_by_ffmpeg}
