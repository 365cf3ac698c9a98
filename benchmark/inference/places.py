"""Places of a person's face in time: boxes between the frames that were looked at."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from benchmark.inference.verdict import FrameScore, Track
from ffpms.extraction.people import FILL_S

PlacedBox = tuple[float, ...]
"""Left, top, width and height of a box, px."""

HELD_S = FILL_S / 2
"""Longest time, in seconds, for which a box stays where no frame near it was looked at."""

_EPSILON = 1e-6


class Stretch(NamedTuple):
    """A time, in seconds, in which a box moves evenly from that of one frame to that of another.

    ``first`` and ``second`` are places in the track's frames.
    """

    start: float
    end: float
    first: int
    second: int


@dataclass(frozen=True)
class Places:
    """Where a person's face is at any time, as far as that was seen.

    Between two neighbouring frames that were looked at a box moves evenly, if they are at most 2 s
    apart. Elsewhere it stays for half the time to the next frame looked at, and at most for 1 s:
    further off nobody has looked, and the person may have moved or gone.

    Example:
        >>> scores = [FrameScore(i, i / 2, 0.9, None, (10.0 * i, 0.0, 8.0, 8.0)) for i in range(2)]
        >>> places = Places(Track(0, 0.9, tuple(scores)), (0.0, 0.5, 1.0))
        >>> places.at(0.25), places.at(0.6), places.at(0.9)
        ((5.0, 0.0, 8.0, 8.0), (10.0, 0.0, 8.0, 8.0), None)
    """

    track: Track
    sampled: Sequence[float]

    def at(self, seconds: float) -> PlacedBox | None:
        """Returns the box at a time, None where the person was not seen."""
        index = bisect_right(self._starts, seconds + _EPSILON) - 1
        if index < 0 or seconds > self.stretches[index].end + _EPSILON:
            return None
        start, end, first, second = self.stretches[index]
        share = (seconds - start) / (end - start) if end > start else 0.0
        boxes = self.track.frames[first].box, self.track.frames[second].box
        return tuple(a + share * (b - a) for a, b in zip(*boxes, strict=True))

    @cached_property
    def stretches(self) -> list[Stretch]:
        """The times in which the person is in the picture, in their order."""
        return list(self._stretches())

    @cached_property
    def _starts(self) -> list[float]:
        return [stretch.start for stretch in self.stretches]

    def _stretches(self) -> Iterator[Stretch]:
        frames = self.track.frames
        for i, frame in enumerate(frames):
            follows = i > 0 and self._are_neighbours(frames[i - 1], frame)
            if not follows:
                yield Stretch(frame.seconds - self._reach(frame, -1), frame.seconds, i, i)
            if i + 1 < len(frames) and self._are_neighbours(frame, frames[i + 1]):
                yield Stretch(frame.seconds, frames[i + 1].seconds, i, i + 1)
            else:
                yield Stretch(frame.seconds, frame.seconds + self._reach(frame, +1), i, i)

    def _are_neighbours(self, a: FrameScore, b: FrameScore) -> bool:
        between = bisect_left(self.sampled, b.seconds - _EPSILON) - bisect_right(self.sampled, a.seconds + _EPSILON)
        return between <= 0 and b.seconds - a.seconds <= FILL_S

    def _reach(self, frame: FrameScore, side: int) -> float:
        """Returns for how long the box of a frame stays, before (-1) or after it (+1)."""
        place = bisect_left(self.sampled, frame.seconds - _EPSILON) + side
        if not 0 <= place < len(self.sampled):
            return HELD_S
        return min(abs(self.sampled[place] - frame.seconds) / 2, HELD_S)
