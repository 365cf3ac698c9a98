"""Wording: in which seconds a person looks fake, and when nobody is there."""

from dataclasses import replace

import pytest

from benchmark.inference.annotation.boxes import make_boxes
from benchmark.inference.annotation.canvas import Canvas
from benchmark.inference.page.media import Pictures
from benchmark.inference.page.sections import make_person
from benchmark.inference.sayings import headline
from benchmark.inference.verdict import FileVerdict, FrameScore, Track
from benchmark.inference.wording import compare, seconds_of

SAMPLED = [0.0, 1.0, 2.0, 3.0, 4.0]
FRAME = FrameScore(0, 0.0, 0.9, None, (0, 0, 9, 9))


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


def verdict_of(
    frame: FrameScore = FRAME, probability: float = 0.8, threshold: float = 0.5, **about: int
) -> FileVerdict:
    track = Track(0, probability, (frame,))
    return FileVerdict("a.mp4", "ok", "", probability, (track,), "", "FFPMS", threshold, **{"n_real_val": 0} | about)


@pytest.mark.parametrize(("probability", "said"), [(0.797, "79.7 %"), (0.8, "80 %"), (0.8004, "80.04 %")])
def test_a_person_is_on_the_side_of_the_threshold_that_is_said(probability: float, said: str) -> None:
    """The headline did, and the person below it had 80 % and did not look fake from 80 % on."""
    verdict = verdict_of(probability=probability, threshold=0.8)
    (track,) = verdict.tracks
    assert headline(verdict).endswith(f": {said}")
    assert make_person(track, verdict, Pictures(), 1.0).label == f"person 0: {said}"
    (box,) = make_boxes(verdict, Canvas.of((99, 99)))
    assert box.words == f"person 0: {said}"


@pytest.mark.parametrize(("probability", "said"), [(0.497, "49.7 % fake"), (0.5, "50 % fake"), (0.31, "31 % fake")])
def test_a_frame_is_on_the_side_of_the_line_that_is_drawn(probability: float, said: str) -> None:
    frame = replace(FRAME, probability=probability)
    verdict = verdict_of(frame)
    person = make_person(verdict.tracks[0], verdict, Pictures(faces={(0, frame.box): ""}), 1.0)
    assert person.say_score(frame) == said
    assert [f"{face.score} fake" for face in person.faces] == [said]


@pytest.mark.parametrize(
    ("n", "total", "said"),
    [
        (1, 280, "under 1 % score"),
        (0, 280, "0 % score"),
        (3, 280, "1 % score"),
        (279, 280, "over 99 % score"),
        (280, 280, "100 % score"),
        (1, 12, "1 scores"),
    ],
)
def test_few_are_not_none_and_most_not_all(n: int, total: int, said: str) -> None:
    words = compare(verdict_of(n_real_val=total, real_val_as_high=n))
    assert words == f"of {total} real val videos of FFPMS, {said} as high"
