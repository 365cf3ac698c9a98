"""Wording: in which seconds a person looks fake, and when nobody is there."""

import pytest

from benchmark.inference.verdict import FrameScore, Track
from benchmark.inference.wording import seconds_of

SAMPLED = [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("probs", "said"),
    [
        ({0: 0.9, 1: 0.9, 2: 0.9, 3: 0.9, 4: 0.9}, "throughout"),
        ({0: 0.9, 1: 0.9, 3: 0.9, 4: 0.9}, "at 0.0-1.0, 3.0-4.0 s"),
        ({1: 0.9, 2: 0.9, 3: 0.9}, "at 1.0-3.0 s"),
        ({0: 0.9, 1: 0.1, 2: 0.9, 4: 0.9}, "at 0.0, 2.0, 4.0 s"),
        ({0: 0.1, 1: 0.3}, "as a whole, no single frame (the highest at 1.0 s)"),
    ],
)
def test_nobody_looks_fake_where_nobody_is(probs: dict[int, float], said: str) -> None:
    frames = [FrameScore(i, SAMPLED[i], prob, None, (0, 0, 9, 9)) for i, prob in probs.items()]
    assert seconds_of(Track(0, 0.9, tuple(frames)), SAMPLED) == said
