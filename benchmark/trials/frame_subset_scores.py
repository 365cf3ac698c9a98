"""Frame subsets: scores the test bags with fewer of their frames (Li 2020, Fig. 7)."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.special import expit

from benchmark.training.predict import Score
from ffpms.dataset.bag import BagRecord
from ffpms.schema import NO_FACE_SCORE

FRAME_COUNTS = (1, 2, 4, 8, 12, 16, 20)
"""Numbers of frames; a set with fewer in a video has its own number as the last."""


def score_fewer(bags: Sequence[BagRecord], n_slots: int, score: Score) -> pd.DataFrame:
    """Scores bags with fewer frames: FEWER_SCORE rows without a run's name.

    A video without a face counts here too.
    """
    faceless = [bag for bag in bags if bag.faceless]
    rows: list[dict[str, object]] = []
    for number in frame_counts(n_slots):
        found = score([take_frames(bag, number) for bag in bags])
        rows += [_row(one.record, number, expit(one.video_logit)) for one in found]
        rows += [_row(bag, number, NO_FACE_SCORE) for bag in faceless]
    return pd.DataFrame(rows)


def frame_counts(n_slots: int) -> Iterator[int]:
    """Yields the numbers of frames to take of ``n_slots``.

    Example:
        >>> list(frame_counts(10))
        [1, 2, 4, 8, 10]
    """
    yield from (number for number in FRAME_COUNTS if number < n_slots)
    yield n_slots


def take_frames(bag: BagRecord, number: int) -> BagRecord:
    """Keeps ``number`` frames of a bag that have a face, evenly spaced, or all if there are fewer.

    Label and fake rate stay those of the video, though the frames left may all be real.
    """
    slots = list(dict.fromkeys(bag.slots))
    places = ((np.arange(number) + 0.5) * len(slots) / number).astype(int)
    kept = {slots[place] for place in places} if slots else set()
    return bag.with_faces(face for face in bag.instances if face[0] in kept)


def _row(bag: BagRecord, number: int, score: float) -> dict[str, object]:
    about = {name: getattr(bag, name) for name in ("bag_id", "manipulation", "pair_id", "fake_rate")}
    return about | {"y_true": bag.label, "n_frames": number, "score": score}
