"""Sampled frames of any video, with their times; damaged frames are left out and counted.

Frames are counted as in :mod:`ffpms.extraction.decoding.wanted_frames`. Times are those of the
stream, so that they hold at a variable rate too.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ffpms.errors import MediaError
from ffpms.extraction.decoding.any_video import FileStatus, length_of, open_any_video
from ffpms.extraction.decoding.decoded_frame import DecodedFrame
from ffpms.extraction.decoding.frame_times import Clock, Counter
from ffpms.extraction.decoding.packets import PacketList
from ffpms.extraction.decoding.video_file import as_shown, counts_frames
from ffpms.extraction.sampling import Sampling

_AS_CODED = "yuv444p"
"""The pixel format of which a part of a frame is quicker to convert than all of it."""


@dataclass(frozen=True)
class TimedFrame:
    """A frame with its index, and its time in seconds from the beginning of the file."""

    index: int
    seconds: float
    frame: DecodedFrame


class MiscountedError(Exception):
    """A video has another number of frames than packets; ``times`` are those of its frames."""

    def __init__(self, times: list[float]) -> None:
        super().__init__(f"{len(times)} frames")
        self.times = times


@dataclass
class SampledFrames:
    """Yields the sampled frames of a video; ``faults`` then say what of it could not be used.

    ``times`` are those of its frames, if they were counted before. ``alive`` is called while it
    decodes, for a watchdog. ``n_sampled`` is the number of frames that are wanted, and ``n_broken``
    that of packets that cannot be decoded; ``n_halves`` of these are the end of a cut file.
    """

    path: Path
    sampling: Sampling
    times: list[float] | None = None
    alive: Callable[[], object] = lambda: None
    n_sampled: int = 0
    n_frames: int = 0
    n_broken: int = 0
    n_halves: int = 0
    faults: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[TimedFrame]:
        """Decodes the video.

        Raises:
            MediaError: the file cannot be opened, has no video, or is too short.
            MiscountedError: what was yielded is not the sample: go through it again, with times.
        """
        with open_any_video(self.path) as (container, stream):
            packets = PacketList.read(container, stream)
            clock = Clock.of(container, stream)
            self._note_cut(container, stream, packets, clock)
            if packets.frame_times:
                packets.rewind(container, stream)
                yield from self._needed_frames(container, stream, packets, clock)
                return
        yield from self._all_frames(self._expected_times(packets, clock) if self.times is None else self.times)

    def _needed_frames(
        self, container: InputContainer, stream: VideoStream, packets: PacketList, clock: Clock
    ) -> Iterator[TimedFrame]:
        """Decodes what the sampled frames need, where the packets surely tell what that is."""
        times = packets.frame_times
        wanted = self._choose([clock.seconds(time) for time in times])
        place = {time: i for i, time in enumerate(times)}
        needed = packets.needed({times[i] for i in wanted})
        frames = self._decode(container, stream, needed)
        yield from self._sound(((place.get(frame.pts or 0, -1), frame) for frame in frames), wanted)

    def _all_frames(self, seconds: list[float]) -> Iterator[TimedFrame]:
        """Decodes and counts all frames, where the packets may tell another number."""
        wanted = self._choose(seconds)
        with open_any_video(self.path) as (container, stream):
            counter = Counter(Clock.of(container, stream))
            yield from self._sound(counter.count(self._decode(container, stream)), wanted)
        if len(counter.times) != len(seconds) and self.times is None:
            raise MiscountedError(sorted(counter.times))

    def _expected_times(self, packets: PacketList, clock: Clock) -> list[float]:
        """Returns the times of the frames if each packet is one.

        Raises:
            MiscountedError: some packets have no time, or would be too few; so frames are counted.
        """
        times = sorted(clock.seconds(packet.time) for packet in packets.packets if packet.time is not None)
        enough = len(times) == len(packets.packets) and not self._shortage(times)
        if enough:
            return times
        with open_any_video(self.path) as (container, stream):
            counter = Counter(clock)
            for _ in counter.count(self._decode(container, stream)):
                pass
        raise MiscountedError(sorted(counter.times))

    def _shortage(self, times: list[float]) -> str:
        return self.sampling.too_short(len(times), len(self.sampling.indices(times)) if times else 0)

    def _choose(self, times: list[float]) -> dict[int, float]:
        """Chooses the frames, and returns their times by index."""
        self.n_frames = len(times)
        if not times:
            raise MediaError(self.path, "none of its frames can be decoded; give a whole file", FileStatus.UNREADABLE)
        if reason := self._shortage(times):
            raise MediaError(self.path, reason, FileStatus.TOO_SHORT)
        indices = self.sampling.indices(times)
        self.n_sampled = len(indices)
        return {i: times[i] for i in indices}

    def _sound(self, frames: Iterable[tuple[int, av.VideoFrame]], wanted: dict[int, float]) -> Iterator[TimedFrame]:
        """Yields the wanted frames that are sound and of the first one's size, upright."""
        size, n_sound, changed = None, 0, 0
        for index, frame in frames:
            if index not in wanted or frame.is_corrupt:
                continue
            shown = as_shown(frame)
            size = size or (shown.width, shown.height)
            if (shown.width, shown.height) == size:
                n_sound += 1
                yield TimedFrame(index, wanted[index], _in_rgb(shown))
            else:
                changed += 1
        self._note_missing(len(wanted) - n_sound - changed, changed)

    def _decode(
        self, container: InputContainer, stream: VideoStream, needed: set[int | None] | None = None
    ) -> Iterator[av.VideoFrame]:
        """Yields the frames of the packets of the times needed, or of all; passes over damage."""
        for n, packet in enumerate(_packets(container, stream)):
            if n % _ALIVE_EVERY == 0:
                self.alive()
            if packet.size and (needed is None or packet.pts in needed):
                yield from self._frames_of(stream, packet)
        yield from self._frames_of(stream, None)

    def _frames_of(self, stream: VideoStream, packet: "av.Packet[VideoStream] | None") -> list[av.VideoFrame]:
        try:
            return stream.decode(packet)
        except av.error.FFmpegError:
            self.n_broken += 1
            return []

    def _note_cut(self, container: InputContainer, stream: VideoStream, packets: PacketList, clock: Clock) -> None:
        """Notes that there is less in the file than its header says; half a packet is no frame."""
        whole = [packet for packet in packets.packets if not packet.is_corrupt]
        end, promised = clock.end(whole), length_of(container)
        if counts_frames(container) and len(whole) < stream.frames:
            self.faults.append(f"cut short: {len(whole)} of {stream.frames} frames are there")
        elif promised - end > max(_SLACK_S, 0.1 * promised):
            self.faults.append(f"its frames end at {end:.1f} s, its header says {promised:.1f} s")
        self.n_halves = len(packets.packets) - len(whole) if self.faults else 0

    def _note_missing(self, n_damaged: int, n_changed: int) -> None:
        if n_damaged:
            self.faults.append(f"damaged: {n_damaged} of the {self.n_sampled} frames to look at cannot be decoded")
        elif self.n_broken > self.n_halves:
            self.faults.append(f"damaged: {self.n_broken - self.n_halves} of its frames cannot be decoded")
        if n_changed:
            self.faults.append(f"its size changes: {n_changed} of the {self.n_sampled} frames to look at are left out")


_SLACK_S = 0.5
"""Seconds by which frames may end before the file does, as they do where sound goes on."""


_ALIVE_EVERY = 100
"""Number of decoded packets between two signs of life."""


def _packets(container: InputContainer, stream: VideoStream) -> "Iterator[av.Packet[VideoStream]]":
    """Yields the packets up to the end or to where the file cannot be read further."""
    with suppress(av.error.FFmpegError):
        yield from container.demux(stream)


def _in_rgb(frame: av.VideoFrame) -> DecodedFrame:
    """Converts a frame to RGB at once, where each look at a part of it would convert all."""
    return DecodedFrame(frame if frame.format.name == _AS_CODED else frame.reformat(format="rgb24", threads=1))
