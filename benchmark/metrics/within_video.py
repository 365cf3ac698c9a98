"""Are a fake video's fake frames found among its real ones? Metrics of each video by itself.

Conventions: as :mod:`benchmark.metrics`, a row a face; ``video`` (N,) is the number of its video. Videos whose frames
are all real or all fake are left out: no order of theirs is right or wrong.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmark.metrics.accuracy import validate
from benchmark.metrics.score_arrays import Rows

Ranking = Callable[[np.ndarray, np.ndarray], float]


def auc_within(label: np.ndarray, score: np.ndarray, video: np.ndarray) -> float:
    """Mean over videos of the AUC of their frames."""
    return _mean(by_video(video_auc, label, score, video)[1])


def ap_within(label: np.ndarray, score: np.ndarray, video: np.ndarray) -> float:
    """Mean over videos of the average precision of their frames."""
    return _mean(by_video(video_ap, label, score, video)[1])


def video_auc(fake: np.ndarray, real: np.ndarray) -> float:
    """AUC of a video's fake and real scores: quicker than sorting for some 20 frames."""
    above = fake[:, None] > real
    return float((above.mean() + (fake[:, None] >= real).mean()) / 2)


def video_ap(fake: np.ndarray, real: np.ndarray) -> float:
    """Average precision of a video's fake and real scores: the mean over fakes of the precision at their score."""
    hits, alarms = (fake >= fake[:, None]).sum(axis=1), (real >= fake[:, None]).sum(axis=1)
    return float((hits / (hits + alarms)).mean())


def by_video(
    ranking: Ranking, label: np.ndarray, score: np.ndarray, video: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each video that has both classes: the place of its first row, and its value."""
    validate(label, score)
    order = np.argsort(video, kind="stable")
    starts = np.flatnonzero(np.diff(video[order], prepend=-1))
    first, values = [], []
    for rows in np.split(order, starts[1:]) if len(order) else []:
        fake = label[rows] == 1
        if fake.any() and not fake.all():
            first.append(rows[0])
            values.append(ranking(score[rows][fake], score[rows][~fake]))
    return np.array(first, dtype=np.int64), np.array(values)


def summarise_videos(ranking: Ranking, frames: Rows) -> Rows:
    """A row a video, with its value for a score."""
    first, values = by_video(ranking, frames.label, frames.score, frames.bag)
    return replace(frames.where(first), score=values)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
