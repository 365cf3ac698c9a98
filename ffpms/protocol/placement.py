"""Placement: the order in which the slots of a bag turn fake, at random or in segments."""

from bisect import bisect
from collections.abc import Sequence
from itertools import count

PLACEMENTS = ("random", "contiguous", "segments")
"""Where the fake frames of a bag lie: anywhere, in one segment, or in several."""


def grow_segments(drawn: Sequence[int], n_segments: int) -> tuple[int, ...]:
    """Orders slots so that the first n of them lie in min(``n_segments``, n, K - n + 1) segments.

    K slots are given in an order that was drawn. The first 2 ``n_segments`` - 1 of them are marks.
    In time they are by turns a seed, where a segment begins to grow, and a divider. The seeds turn
    fake first, the dividers last. Each other slot, as it was drawn, adds a slot to the segment
    between the same dividers: the next one left of the seed if it lies there itself, else the next
    one right of it.

    Example:
        >>> grow_segments([5, 0, 3, 1, 2, 4, 6], 1)  # grows from 5, to the left first
        (5, 4, 3, 2, 1, 0, 6)
        >>> grow_segments([5, 0, 3, 1, 2, 4, 6], 2)  # grows from 0 and 5; 3 is between them
        (5, 0, 1, 2, 4, 6, 3)
    """
    marks, later = drawn[: 2 * n_segments - 1], drawn[2 * n_segments - 1 :]
    in_time = sorted(marks)
    seeds, dividers = in_time[::2], in_time[1::2]
    left, right = ([count(seed + step, step) for seed in seeds] for step in (-1, 1))
    places = ((slot, bisect(dividers, slot)) for slot in later)
    grown = [next((left if slot < seeds[place] else right)[place]) for slot, place in places]
    return (*(slot for slot in marks if slot in seeds), *grown, *(slot for slot in marks if slot in dividers))


def fitting_segments(n_slots: int) -> int:
    """Returns the most segments that fit into a bag, with a real slot between every two.

    Example:
        >>> fitting_segments(20), fitting_segments(5)
        (10, 3)
    """
    return (n_slots + 1) // 2
