"""Boxes between the frames that were looked at."""

from benchmark.inference.places import Places
from benchmark.inference.verdict import FrameScore, Track


def places(times: list[float], sampled: list[float]) -> Places:
    frames = [FrameScore(i, time, 0.5, None, (10.0 * i, 0.0, 8.0, 8.0)) for i, time in enumerate(times)]
    return Places(Track(0, 0.5, tuple(frames)), sampled)


def left(found: Places, seconds: float) -> float | None:
    box = found.at(seconds)
    return None if box is None else round(box[0], 6)


def test_a_box_moves_between_neighbours() -> None:
    found = places([1.0, 2.0, 4.0], [1.0, 2.0, 4.0])
    assert [left(found, time) for time in (1.0, 1.25, 2.0, 3.0, 4.0)] == [0, 2.5, 10, 15, 20]


def test_who_was_looked_for_and_not_found_has_none() -> None:
    found = places([1.0, 3.0], [1.0, 2.0, 3.0])
    assert [left(found, time) for time in (1.4, 1.6, 2.4, 2.6)] == [0, None, None, 10]


def test_no_box_far_from_any_look() -> None:
    found = places([5.0, 65.0], [5.0, 65.0])
    assert [left(found, time) for time in (3.9, 4.1, 5.9, 6.1, 63.9, 64.1, 66.1)] == [None, 0, 0, None, None, 10, None]


def test_nobody_is_anywhere() -> None:
    assert places([], [1.0]).at(1.0) is None
