"""Places of a person's face in time: boxes between the frames that were looked at."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmark.inference.verdict import FrameScore, Track
from ffpms.extraction.people import FILL_S

PlacedBox = tuple[float, float, float, float]

HELD_S = FILL_S / 2
"""Longest time, in seconds, for which a box stays where no frame near it was looked at."""

_EPSILON = 1e-6


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
        after = bisect_right(self._times, seconds + _EPSILON)
        before, following = self._frame(after - 1), self._frame(after)
        if before and following and self._are_neighbours(before, following):
            share = (seconds - before.seconds) / (following.seconds - before.seconds)
            moved = (a + share * (b - a) for a, b in zip(before.box, following.box, strict=True))
            x, y, w, h = moved
            return x, y, w, h
        near = [f for f in (before, following) if f and abs(f.seconds - seconds) <= self._reach(f, seconds) + _EPSILON]
        return min(near, key=lambda frame: abs(frame.seconds - seconds)).box if near else None

    @cached_property
    def _times(self) -> list[float]:
        return [frame.seconds for frame in self.track.frames]

    def _frame(self, index: int) -> FrameScore | None:
        return self.track.frames[index] if 0 <= index < len(self.track.frames) else None

    def _are_neighbours(self, a: FrameScore, b: FrameScore) -> bool:
        looked_at = bisect_right(self.sampled, b.seconds - _EPSILON) - bisect_right(self.sampled, a.seconds + _EPSILON)
        return not looked_at and b.seconds - a.seconds <= FILL_S

    def _reach(self, frame: FrameScore, seconds: float) -> float:
        """Returns for how long the box of a frame stays, on the side of a time."""
        next_place = bisect_right(self.sampled, frame.seconds + _EPSILON)
        place = next_place if seconds > frame.seconds else next_place - 2
        if not 0 <= place < len(self.sampled):
            return HELD_S
        return min(abs(self.sampled[place] - frame.seconds) / 2, HELD_S)
