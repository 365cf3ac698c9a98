"""Offsets: finds the offset in time between a fake and its real video, whole and in parts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ffpms.extraction.alignment.timing import MAX_OFFSET, OFFSETS
from ffpms.schema import CONFIDENT

_CONFIDENT_PART = 0.99
"""Share of resamples needed to call a part of a video late: there are 28 of them."""

_NEAREST = np.array(sorted(OFFSETS, key=abs))
_RESAMPLES = 200
_FOLDS = 5

_EIGHTHS = 8
"""Number of equal pieces of a video: a part is two or more of them in a row."""
_SHORTEST = len(OFFSETS)
"""Least number of frames of a part: in fewer a moment decides, and a codec may lag for that."""
_CLEAR = 3
"""Number of sampled frames in a row that must not fit better at another offset than at 0."""

_LEAST_MOTION = np.array([2.0, 1.0])
"""Least change of the real video over four frames, in levels, in all and outside the face.

Less is the codec's own: still heads with noise, encoded at crf 40, had up to 1.4 in all.
"""
_LEAST_GAIN = 0.05
"""Least gain of an offset over 0, as a share of that change; 1 is all of it."""


@dataclass(frozen=True)
class Differences:
    """How frames of a fake, in the order of time, differ from the real ones at each offset.

    ``cost`` is ``|fake[i] - real[i + k]|``, ``motion`` is ``|real[i] - real[i + k]|``.

    Shape: index (frames,), cost and motion (frames, offsets, 2): in and around the face, and
    outside it alone.
    """

    index: np.ndarray
    cost: np.ndarray
    motion: np.ndarray

    def part(self, first: int, end: int) -> "Differences":
        """Returns some of the frames, by their places in the order."""
        return Differences(self.index[first:end], self.cost[first:end], self.motion[first:end])

    def gain(self, offset: int) -> np.ndarray:
        """By how much each frame fits better at an offset than at 0.

        Shape: -> (frames, 2).
        """
        return np.asarray(self.cost[:, MAX_OFFSET] - self.cost[:, MAX_OFFSET + offset])


@dataclass(frozen=True)
class Shift:
    """A part of a fake, from frame ``first`` to frame ``last``, that runs some frames off.

    ``starts`` and ``ends`` say whether it reaches to the beginning and to the end of the fake.
    """

    first: int
    last: int
    offset: int
    certainty: float
    starts: bool
    ends: bool

    def describe(self, real: str) -> str:
        """Returns by how much it runs off and where.

        Example:
            >>> Shift(143, 290, 3, 0.99, starts=False, ends=True).describe("original_953")
            '+3 frames off original_953 from frame 143 on'
        """
        more = " or more" if abs(self.offset) == MAX_OFFSET else ""
        where = f" in frames {self.first} to {self.last}"
        if self.starts or self.ends:
            where = f" from frame {self.first} on" if self.ends else f" up to frame {self.last}"
        return f"{self.offset:+d}{more} frames off {real}{'' if self.starts and self.ends else where}"


def best_offset(seen: Differences) -> tuple[int, float | None]:
    """Returns the time offset of a fake, and how certain it is.

    The offset is the k with the least mean ``|fake[i] - real[i + k]|`` in and around the face. The
    certainty, in 0..1, is that the two are synchronous (k = 0) or not (k other than 0). Without a
    frame, and where hardly anything moves, nobody can tell: the result is 0 and None. An offset
    other than 0 must also show outside the face: a reenacted face may be more like the real one of
    another time.

    Example:
        >>> costs = np.tile(np.abs(np.arange(-4, 5) - 2.0)[:, None], (10, 1, 2))
        >>> best_offset(Differences(np.arange(10), costs, costs + 9))
        (2, 1.0)
    """
    if not len(seen.index) or not _moves(seen)[0]:
        return 0, None
    offset = _offset(seen)
    return offset, _share_off(seen) if offset else _share_together(seen.cost[..., 0])


def is_clear(seen: Differences) -> bool:
    """Whether a fake is in step with its real video all along, and certainly so.

    No three frames in a row may together fit better at another offset than at 0.
    """
    offset, certainty = best_offset(seen)
    if offset or certainty is None or certainty < CONFIDENT:
        return False
    return not any(_gains(seen.part(i, i + _CLEAR)) for i in range(max(1, len(seen.index) - _CLEAR + 1)))


def find_shift(seen: Differences) -> Shift | None:
    """Returns the part of a fake that certainly runs some frames off its real video, if any.

    Every part is judged like a whole video, but must be surer. Of those that are certain it is the
    one that gains most by its offset. Its ends are where the sum of the gains is greatest.
    """
    best, most = None, 0.0
    for first, end in _parts(len(seen.index)):
        part = seen.part(first, end)
        offset = _offset(part)
        gained = float(part.gain(offset).sum(axis=0).min())
        enough = CONFIDENT if end - first == len(seen.index) else _CONFIDENT_PART
        if offset and gained > most and (certainty := _share_off(part)) >= enough:
            best, most = _bounded(seen, offset, certainty), gained
    return best


def _parts(n: int) -> Iterator[tuple[int, int]]:
    """Places of the first frame of every part and of the first after it."""
    cuts = np.linspace(0, n, _EIGHTHS + 1).astype(int).tolist()
    for i, first in enumerate(cuts):
        yield from ((first, end) for end in cuts[i + 2 :] if end - first >= _SHORTEST)


def _bounded(seen: Differences, offset: int, certainty: float) -> Shift:
    """Finds the run of frames whose gains by an offset have the greatest sum (Bentley, 1984)."""
    total = np.concatenate([[0.0], seen.gain(offset)[:, 0].cumsum()])
    lowest = np.minimum.accumulate(total)
    end = int(np.argmax(total - lowest))
    first = int(np.argmin(total[: end + 1]))
    n = len(seen.index)
    edge = n // _EIGHTHS
    return Shift(int(seen.index[first]), int(seen.index[end - 1]), offset, certainty, first < edge, end > n - edge)


def _moves(seen: Differences) -> np.ndarray:
    """Whether the real video changes enough over four frames to tell time by it.

    If it changes by more than the fake differs from it at best, that is enough as well.

    Shape: -> (2,) bool.
    """
    change = seen.motion[:, [0, -1]].mean(axis=(0, 1))
    return np.asarray(change > np.minimum(_LEAST_MOTION, seen.cost.mean(axis=0).min(axis=0)))


def _offset(seen: Differences) -> int:
    """Offset of the least mean cost in and around the face."""
    return int(_least(seen.cost[..., 0].mean(axis=0)))


def _gains(seen: Differences) -> bool:
    """Whether the best offset is not 0 and better by enough, in all pixels and outside the face."""
    offset = _offset(seen)
    gain, motion = seen.gain(offset).sum(axis=0), seen.motion[:, MAX_OFFSET + offset].sum(axis=0)
    return offset != 0 and bool((gain >= _LEAST_GAIN * motion).all())


def _share_off(seen: Differences) -> float:
    """Certainty that the best offset is not 0, by all pixels and by those outside the face."""
    if not _moves(seen).all() or not _gains(seen):
        return 0.0
    return min(_share_apart(seen.cost[..., 0]), _share_apart(seen.cost[..., 1]))


def _share_together(cost: np.ndarray) -> float:
    """Share of resamples of the frames that have the least cost at offset 0.

    Shape: cost (frames, offsets).
    """
    return float(np.mean(_least(_resampled_means(cost)) == 0))


def _share_apart(cost: np.ndarray) -> float:
    """Share of resamples in which the best offset is better than 0.

    It is counted in frames that had no part in choosing the offset. In the chosen ones the best of
    nine equals would always seem better.

    Shape: cost (frames, offsets).
    """
    gains = []
    for fold in np.array_split(np.arange(len(cost)), min(_FOLDS, len(cost))):
        others = np.delete(cost, fold, axis=0)
        k = int(_least(others.mean(axis=0))) if len(others) else 0
        gains.append(cost[fold, MAX_OFFSET] - cost[fold, MAX_OFFSET + k])
    return float(np.mean(_resampled_means(np.concatenate(gains)) > 0))


def _resampled_means(values: np.ndarray) -> np.ndarray:
    draws = np.random.default_rng(0).integers(0, len(values), (_RESAMPLES, len(values)))
    return np.asarray(values[draws].mean(axis=1))


def _least(cost: np.ndarray) -> np.ndarray:
    """Offset of the least cost; among equals the one nearest to 0.

    Shape: (..., offsets) -> (...).
    """
    return np.asarray(_NEAREST[cost[..., _NEAREST + MAX_OFFSET].argmin(axis=-1)])
