"""Scores of the test bags when fewer of their frames are looked at (Li 2020, Fig. 7)."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.special import expit

from benchmark.training.predict import Score
from ffpms.dataset.bag import BagRecord
from ffpms.schema import NO_FACE_SCORE, Status

NUMBERS = (1, 2, 4, 8, 12, 16, 20)
"""Frames looked at; a set with fewer in a video has its own number as the last."""


def score_fewer(bags: Sequence[BagRecord], n_slots: int, score: Score) -> pd.DataFrame:
    """FEWER_SCORE rows without a run's name; a video without a face counts here too."""
    faceless = [bag for bag in bags if bag.status == Status.NO_FACE]
    rows: list[dict[str, object]] = []
    for number in numbers_of(n_slots):
        found = score([thin(bag, number) for bag in bags])
        rows += [_row(one.record, number, expit(one.video_logit)) for one in found]
        rows += [_row(bag, number, NO_FACE_SCORE) for bag in faceless]
    return pd.DataFrame(rows)


def numbers_of(n_slots: int) -> Iterator[int]:
    """The numbers of frames to look at of ``n_slots``."""
    yield from (number for number in NUMBERS if number < n_slots)
    yield n_slots


def thin(bag: BagRecord, number: int) -> BagRecord:
    """The bag with ``number`` of its frames that have a face, evenly spaced, or all if it has no more; its label and
    fake rate stay the video's, though the frames left may all be real."""
    slots = list(dict.fromkeys(bag.slots))
    places = ((np.arange(number) + 0.5) * len(slots) / number).astype(int)
    kept = {slots[place] for place in places} if slots else set()
    return bag.with_faces(face for face in bag.instances if face[0] in kept)


def _row(bag: BagRecord, number: int, score: float) -> dict[str, object]:
    about = {name: getattr(bag, name) for name in ("bag_id", "manipulation", "pair_id", "fake_rate")}
    return about | {"y_true": bag.label, "n_frames": number, "score": score}
