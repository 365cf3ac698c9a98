"""Times of frames: seconds from the beginning of the file, at any rate, as players count them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ffpms.extraction.decoding.packets import Packet, PacketList
from ffpms.extraction.decoding.video_file import open_video
from ffpms.extraction.decoding.wanted_frames import decode_packets


@dataclass(frozen=True)
class Clock:
    """Seconds of a stream's times, from the beginning of the file as players count."""

    unit: float
    start: float
    rate: float

    @classmethod
    def of(cls, container: InputContainer, stream: VideoStream) -> "Clock":
        """Reads the clock of a stream; the file begins where its first track does."""
        unit = float(stream.time_base or 1)
        start, rate = container.start_time, float(stream.average_rate or stream.guessed_rate or 25)
        return cls(unit, start / av.time_base if start is not None else (stream.start_time or 0) * unit, rate)

    def seconds(self, time: int) -> float:
        """Returns the seconds of a time of the stream."""
        return round(max(time * self.unit - self.start, 0.0), 6)

    def end(self, packets: Iterable[Packet]) -> float:
        """Returns the seconds at which the last frame of packets ends; 0 if none has a time.

        How long it is shown is told by its packet, or else by the frame rate.
        """
        timed = [(packet.time, packet.duration) for packet in packets if packet.time is not None]
        if not timed:
            return 0.0
        time, duration = max(timed)
        return round(self.seconds(time) + (duration * self.unit or 1 / self.rate), 6)


@dataclass
class Counter:
    """Numbers frames as they come out, and notes their times."""

    clock: Clock
    times: list[float] = field(default_factory=list)

    def count(self, frames: Iterable[av.VideoFrame]) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yields each frame with its number; where it has no time, the frame rate gives it."""
        for index, frame in enumerate(frames):
            self.times.append(index / self.clock.rate if frame.pts is None else self.clock.seconds(frame.pts))
            yield index, frame


class FrameTimes(NamedTuple):
    """Seconds from the beginning of a file at which each frame begins, and the last one ends."""

    starts: list[float]
    end: float


def read_times(path: Path, n_frames: int) -> FrameTimes:
    """Returns the times of a video's frames, whose number is known.

    Where packets are not surely frames, as in a trimmed file, the frames are decoded to tell them.

    Raises:
        MediaError: the file cannot be opened or read.
    """
    with open_video(path) as (container, stream):
        packets, clock = PacketList.read(container, stream).packets, Clock.of(container, stream)
    timed = [packet for packet in packets if packet.time is not None]
    starts = sorted(clock.seconds(packet.time or 0) for packet in timed)
    if not len(packets) == len(timed) == n_frames:
        starts = _decoded_times(path, clock)
    shown = [packet for packet in timed if clock.seconds(packet.time or 0) <= starts[-1]]
    return FrameTimes(starts, max(clock.end(shown), starts[-1]))


def _decoded_times(path: Path, clock: Clock) -> list[float]:
    with open_video(path) as (container, stream):
        counter = Counter(clock)
        for _ in counter.count(decode_packets(container, stream)):
            pass
    return sorted(counter.times)
