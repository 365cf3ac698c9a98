"""Decoding: decodes exactly the wanted frames, counted in decoded frames and never in time."""

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
"""The nal_unit_type of a frame at which decoding can start."""


@dataclass(frozen=True)
class DecodedFrame:
    """A decoded frame, upright; pixels are converted only when asked for."""

    av_frame: av.VideoFrame

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        width, height = self.av_frame.width, self.av_frame.height
        return (height, width) if self.av_frame.rotation % 180 else (width, height)

    def rgb(self) -> np.ndarray:
        """Returns the pixels as RGB.

        Shape: (H, W, 3) uint8.
        """
        return self._upright(self.av_frame.to_ndarray(format="rgb24", threads=1))

    def luma(self) -> np.ndarray:
        """Returns the luma as coded, or as it would be coded.

        To compare frames this is quicker than a conversion to RGB.

        Shape: (H, W) uint8.
        """
        frame = self.av_frame
        if frame.format.name not in _PLANAR:
            frame = frame.reformat(format="yuv444p", threads=1)
        return self._upright(_plane(frame, 0))

    def luma_of(self, part: Box, step: int = 1) -> np.ndarray:
        """Returns the luma in a box on whole pixels; every ``step``-th row and column.

        Shape: (h, w) uint8.
        """
        return self.luma()[part.rows, part.columns][::step, ::step]

    def rgb_of(self, part: Box, step: int = 1) -> np.ndarray:
        """Returns the pixels of :meth:`rgb` in a box on whole pixels; every ``step``-th row and
        column.

        Where every pixel has its own colours, as in FaceForensics++, no other pixel is converted.

        Shape: (h, w, 3) uint8.
        """
        frame = self.av_frame
        if frame.format.name != "yuv444p" or frame.rotation:
            return self.rgb()[part.rows, part.columns][::step, ::step]
        small = av.VideoFrame(-(-int(part.w) // step), -(-int(part.h) // step), "yuv444p")
        for n in range(3):
            _plane(small, n)[:] = _plane(frame, n)[part.rows, part.columns][::step, ::step]
        small.colorspace, small.color_range = frame.colorspace, frame.color_range
        return small.to_ndarray(format="rgb24", threads=1)

    def _upright(self, pixels: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.rot90(pixels, k=self.av_frame.rotation // 90))


def _plane(frame: av.VideoFrame, n: int) -> np.ndarray:
    plane = frame.planes[n]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]


DecodedFrames = Iterator[tuple[int, DecodedFrame]]
Decoder = Callable[[Path, list[int]], DecodedFrames]
"""Path, strictly increasing indices -> each index with its frame.

Raises:
    MediaError: the video ends or breaks before the last index.
"""


def read_frames(path: Path, indices: list[int], decoder: str = "pyav") -> dict[int, np.ndarray]:
    """Reads the frames as RGB, (H, W, 3) uint8, by index.

    Raises:
        MediaError: the video ends or breaks before the last index.
    """
    return {index: frame.rgb() for index, frame in DECODERS[decoder](path, indices)}


def decode_needed(path: Path, indices: list[int]) -> DecodedFrames:
    """Decodes only the packets that the wanted frames need.

    Packets are dropped if no other frame refers to them. They are also dropped if no wanted frame
    does, because the video starts anew before the next wanted one. Where this is not possible (no
    H.264 with 4-byte lengths, two packets a frame), all packets are decoded.
    """
    waiting = list(indices)
    try:
        with av.open(str(path), format="mp4") as container:
            packets = _read_packets(container) if _can_skip(container.streams.video[0]) else []
            wanted = _times_of(packets, waiting)
            for time, frame in _decode(container, _needed(packets, wanted)) if wanted else ():
                if wanted.get(time) == waiting[0]:
                    yield waiting.pop(0), frame
                if not waiting:
                    return
    except av.error.FFmpegError as error:
        raise MediaError(path, f"breaks off ({reason_of(error)}); download it again", Status.UNREADABLE) from error
    yield from decode_all(path, waiting)


def decode_all(path: Path, indices: list[int]) -> DecodedFrames:
    """Decodes every frame up to the last wanted one."""
    waiting = list(indices)
    try:
        with av.open(str(path), format="mp4") as container:
            for position, (_, frame) in enumerate(_decode(container, None)):
                if not waiting:
                    return
                if position == waiting[0]:
                    yield waiting.pop(0), frame
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
    """Whether a stream is H.264 in mp4 with 4-byte NAL lengths (ISO/IEC 14496-15, 5.3.3.1)."""
    extra = stream.codec_context.extradata or b""
    return stream.codec_context.name == "h264" and len(extra) > 4 and extra[0] == 1 and extra[4] & 3 == 3


def _read_packets(container: av.container.InputContainer) -> list[_Packet]:
    """Reads all packets of a video in the order of decoding, then goes back to the first."""
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
    """Maps presentation times to indices of the wanted frames; empty if packets share or lack
    times.
    """
    times = [packet.time for packet in packets if not packet.is_discard]
    if None in times or len(set(times)) < len(times):
        return {}
    ordered = sorted(time for time in times if time is not None)
    return {ordered[i]: i for i in indices if i < len(ordered)}


def _needed(packets: list[_Packet], wanted: Container[int | None]) -> set[int | None]:
    """Returns the times of the wanted packets, and of all packets to which these may refer."""
    needed, referring = set(), False
    for packet in reversed(packets):
        if packet.time in wanted or (referring and packet.is_reference):
            needed.add(packet.time)
            referring = not packet.starts_anew
    return needed


def _decode(
    container: av.container.InputContainer, needed: set[int | None] | None
) -> Iterator[tuple[int | None, DecodedFrame]]:
    """Yields presentation time and frame, at the times needed or at all times."""
    stream = container.streams.video[0]
    stream.codec_context.thread_count = 1  # we run one process a video
    for packet in container.demux(stream):
        if needed is None or packet.pts in needed or not packet.size:
            for frame in packet.decode():
                yield frame.pts, DecodedFrame(frame)


def _slices(packet: bytes) -> list[tuple[int, int]]:
    """Returns nal_unit_type and nal_ref_idc of each slice of a packet (ITU-T H.264, 7.4.1)."""
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


def decode_by_ffmpeg(path: Path, indices: list[int]) -> DecodedFrames:
    """Decodes with the select filter of the ffmpeg program; slower, and the reference for tests.

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
        yield index, DecodedFrame(av.VideoFrame.from_ndarray(frame, format="rgb24"))


DECODERS: dict[str, Decoder] = {"pyav": decode_needed, "ffmpeg": decode_by_ffmpeg}
"""Decoders by name."""
