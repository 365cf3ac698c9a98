"""Decoding: decodes exactly the wanted frames, counted in decoded frames and never in time.

Frame i is the i-th that ``ffmpeg -i x -fps_mode passthrough -f rawvideo -`` yields, however it is
decoded. A file is refused if a decoded frame is damaged or has another size than the first.
"""

import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from itertools import count, zip_longest
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

import av
import ffmpeg
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from ffpms.errors import ConfigError, MediaError, writing
from ffpms.extraction.decoding.decoded_frame import DecodedFrame
from ffpms.extraction.decoding.packets import PacketList
from ffpms.extraction.decoding.video_file import SAFE, as_shown, counts_frames, open_video
from ffpms.schema import Status
from ffpms.storage import temp_folder

DecodedFrames = Iterator[tuple[int, DecodedFrame]]
Decoder = Callable[[Path, list[int]], DecodedFrames]
"""Path, strictly increasing indices -> each index with its frame.

Raises:
    MediaError: the video ends before the last index, or something that is decoded is damaged.
"""


def read_frames(path: Path, indices: list[int], decoder: str = "pyav") -> dict[int, np.ndarray]:
    """Reads the frames as RGB, (H, W, 3) uint8, by index.

    Raises:
        MediaError: the video ends before the last index, or something that is decoded is damaged.
    """
    return {index: frame.rgb() for index, frame in DECODERS[decoder](path, indices)}


def decode_needed(path: Path, indices: list[int]) -> DecodedFrames:
    """Decodes only the packets that the wanted frames need.

    Packets are dropped if no other frame refers to them. They are also dropped if no wanted frame
    does, because the video starts anew before the next wanted one. Where the packets do not surely
    tell which frames come out, all are decoded.
    """
    packets = PacketList.recall(path)
    with open_video(path, packets.track if packets else None) as (container, stream):
        if counts_frames(container):
            packets = packets or PacketList.read(container, stream)
            if times := packets.frame_times:
                packets.rewind(container, stream)
                needed = packets.needed({times[i] for i in indices if i < len(times)})
                frames = _in_order(path, decode_packets(container, stream, needed), times, needed)
                yield from _pick(path, frames, indices)
                return
    yield from decode_all(path, indices)


def decode_all(path: Path, indices: list[int]) -> DecodedFrames:
    """Decodes every frame up to the last wanted one."""
    with open_video(path) as (container, stream):
        yield from _pick(path, enumerate(decode_packets(container, stream)), indices)


class Measures(NamedTuple):
    """What decoding tells of a video: its number of frames, upright size, px, and coding."""

    n_frames: int
    width: int
    height: int
    pix_fmt: str
    profile: str


def measure(path: Path, packets: PacketList, container: InputContainer, stream: VideoStream) -> Measures:
    """Counts the frames of a video whose packets were read, and measures the first one.

    Nothing else is decoded where the packets surely tell which frames come out, as in mp4.

    Raises:
        MediaError: something that is decoded is damaged, or the size changes.
    """
    if counts_frames(container) and (times := packets.frame_times):
        frames = _check(path, enumerate([*stream.decode(packets.first), *stream.decode(None)]))
        return Measures(len(times), *_first_size(path, frames), *_coding(stream))
    with open_video(path) as (opened, anew):
        frames = _check(path, enumerate(decode_packets(opened, anew)))
        size = _first_size(path, frames)
        return Measures(1 + sum(1 for _ in frames), *size, *_coding(anew))


_Numbered = Iterator[tuple[int, av.VideoFrame]]


def _first_size(path: Path, frames: _Numbered) -> tuple[int, int]:
    for _, frame in frames:
        return DecodedFrame(as_shown(frame)).size
    raise MediaError(path, "has no frame that can be decoded; download it again", Status.UNREADABLE)


def _coding(decoded: VideoStream) -> tuple[str, str]:
    return decoded.codec_context.pix_fmt or "", decoded.codec_context.profile or ""


def decode_packets(
    container: InputContainer, stream: VideoStream, needed: set[int | None] | None = None
) -> Iterator[av.VideoFrame]:
    """Yields the frames of the packets of the times needed, or of all packets."""
    for packet in container.demux(stream):
        if packet.size and (needed is None or packet.pts in needed):
            yield from stream.decode(packet)
    yield from stream.decode(None)


def _in_order(path: Path, frames: Iterator[av.VideoFrame], times: list[int], needed: set[int | None]) -> _Numbered:
    """Numbers frames by their times, and sees that none fails to come out."""
    expected = ((index, time) for index, time in enumerate(times) if time in needed)
    for due, frame in zip_longest(expected, frames):
        index, time = due or (len(times), None)
        if frame is None or frame.pts != time:
            raise MediaError(path, f"damaged: frame {index} cannot be decoded; download it again", Status.UNREADABLE)
        yield index, frame


def _check(path: Path, frames: Iterable[tuple[int, av.VideoFrame]]) -> _Numbered:
    """Passes on frames that are sound and of one size."""
    size = None
    for index, frame in frames:
        if frame.is_corrupt:
            reason = f"damaged: frame {index} is decoded with errors; download it again"
            raise MediaError(path, reason, Status.UNREADABLE)
        size = size or (frame.width, frame.height)
        if (frame.width, frame.height) != size:
            sizes = f"from {size[0]}x{size[1]} to {frame.width}x{frame.height}"
            reason = f"its size changes at frame {index} ({sizes}); encode it with one size"
            raise MediaError(path, reason, Status.UNREADABLE)
        yield index, frame


def _pick(path: Path, frames: Iterable[tuple[int, av.VideoFrame]], indices: list[int]) -> DecodedFrames:
    """Yields the wanted of all frames that are decoded, upright, up to the last one."""
    waiting = list(indices)
    for index, frame in _check(path, frames) if waiting else ():
        if index == waiting[0]:
            yield waiting.pop(0), DecodedFrame(as_shown(frame))
            if not waiting:
                return
    if waiting:
        raise _too_early(path, waiting[0])


def _too_early(path: Path, index: int) -> MediaError:
    return MediaError(path, f"ends before frame {index}; ask for fewer frames or download it again", Status.TRUNCATED)


def decode_by_ffmpeg(path: Path, indices: list[int]) -> DecodedFrames:
    """Decodes all frames with the ffmpeg program; slower, and the reference for tests.

    Damage is seen wherever it is.

    Raises:
        ConfigError: there is no ffmpeg program on the PATH, or one that is too old.
        StorageError: the folder of temporary files cannot be written to.
    """
    with open_video(path) as (container, stream):
        _, width, height, *_ = measure(path, PacketList.read(container, stream), container, stream)
        track, demuxer = str(stream.index), container.format.name.partition(",")[0]
    source = ffmpeg.input(str(path.absolute()), format=demuxer, threads=1, **SAFE)[track]
    output = source.output("pipe:", format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough")
    waiting = list(indices)
    with _open_log() as log:
        with _start(output.global_args("-v", "error", "-xerror").compile(), log) as process:
            assert process.stdout
            for index in count():
                pixels = process.stdout.read(3 * width * height)
                if len(pixels) < 3 * width * height:
                    break
                if index in waiting[:1]:
                    array = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
                    yield waiting.pop(0), DecodedFrame(av.VideoFrame.from_ndarray(array, format="rgb24"))
        log.seek(0)
        if process.returncode:
            raise _failure(path, log.read().decode(errors="replace"))
    if waiting:
        raise _too_early(path, waiting[0])


def _open_log() -> IO[bytes]:
    with writing(temp_folder()):
        return TemporaryFile()


def _start(command: list[str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
    except FileNotFoundError:
        raise ConfigError("ffmpeg: no such program on the PATH; install it or use --decoder pyav") from None


def _failure(path: Path, said: str) -> MediaError | ConfigError:
    """Returns the error for what ffmpeg said before it ended."""
    if "fps_mode" in said:
        return ConfigError("ffmpeg: too old; install 5.1 or newer, or use --decoder pyav")
    first = re.sub(r"\[[^]]*\] ", "", said.strip()).splitlines()[:1] or ["it says nothing"]
    if "corrupt decoded frame" in said or "Invalid data" in said:
        return MediaError(path, f"damaged (ffmpeg: {first[0]}); download it again", Status.UNREADABLE)
    return MediaError(path, f"ffmpeg failed ({first[0]}); try --decoder pyav", Status.UNREADABLE)


DECODERS: dict[str, Decoder] = {"pyav": decode_needed, "ffmpeg": decode_by_ffmpeg}
"""Decoders by name."""
