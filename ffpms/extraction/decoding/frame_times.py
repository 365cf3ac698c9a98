"""Times of frames: seconds from the beginning of the file, at any rate, as players count them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ffpms.extraction.decoding.packets import PacketList
from ffpms.extraction.decoding.video_file import open_video


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


def frame_seconds(path: Path, n_frames: int, fps: float) -> list[float]:
    """Returns the seconds of each frame, from the beginning of the file as players count.

    Where packets are not surely frames, the frame rate tells them.

    Raises:
        MediaError: the file cannot be opened or read.
    """
    with open_video(path) as (container, stream):
        packets, clock = PacketList.read(container, stream), Clock.of(container, stream)
    times = sorted(clock.seconds(packet.time) for packet in packets.packets if packet.time is not None)
    return times if len(times) == n_frames else [index / (fps or clock.rate) for index in range(n_frames)]
