"""Metrics of each video by itself: are a fake video's fake frames found among its real ones?

A row is a face; ``video`` (N,) names its video. Videos whose frames are all real or all fake are
left out: no order of theirs is right or wrong.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from benchmark.metrics.accuracy import validate
from benchmark.metrics.metric import Estimate, Metric, Sampler
from benchmark.metrics.resampling.pair_tables import estimate_mean
from benchmark.metrics.run_scores import CellScores, RunScores
from benchmark.metrics.score_arrays import Rows, number

Ranking = Callable[[np.ndarray, np.ndarray], float]


def auc_within(label: ArrayLike, score: ArrayLike, video: ArrayLike) -> float:
    """Mean over videos of the AUC of their frames. A constant score gives 0.5.

    Shape: label, score, video (N,). NaN if no video has real and fake frames.

    Raises:
        ConfigError: ``video`` is of another length; see also
            :func:`~benchmark.metrics.accuracy.validate`.

    >>> auc_within([0, 1, 0, 1], [0.1, 0.3, 0.8, 0.9], video=["a", "a", "b", "b"])
    1.0
    """
    return _mean(by_video(video_auc, label, score, video)[1])


def ap_within(label: ArrayLike, score: ArrayLike, video: ArrayLike) -> float:
    """Mean over videos of the average precision of their frames.

    A constant score gives the mean share of fakes.

    Shape: label, score, video (N,). NaN if no video has real and fake frames.

    Raises:
        ConfigError: ``video`` is of another length; see also
            :func:`~benchmark.metrics.accuracy.validate`.

    >>> ap_within([0, 1, 0, 1], [0.3, 0.1, 0.8, 0.9], video=["a", "a", "b", "b"])
    0.75
    """
    return _mean(by_video(video_ap, label, score, video)[1])


def video_auc(fake: np.ndarray, real: np.ndarray) -> float:
    """AUC of a video's fake and real scores: quicker than sorting for some 20 frames."""
    above = fake[:, None] > real
    return float((above.mean() + (fake[:, None] >= real).mean()) / 2)


def video_ap(fake: np.ndarray, real: np.ndarray) -> float:
    """Average precision of a video's fake and real scores.

    It is the mean over fakes of the precision at their score.
    """
    hits, alarms = (fake >= fake[:, None]).sum(axis=1), (real >= fake[:, None]).sum(axis=1)
    return float((hits / (hits + alarms)).mean())


def by_video(ranking: Ranking, label: ArrayLike, score: ArrayLike, video: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Ranks each video that has both classes: the place of its first row, and its value."""
    labels, scores = validate(label, score)
    videos = number(video, len(labels), "video")
    order = np.argsort(videos, kind="stable")
    starts = np.flatnonzero(np.diff(videos[order], prepend=-1))
    first, values = [], []
    for rows in np.split(order, starts[1:]) if len(order) else []:
        fake = labels[rows] == 1
        if fake.any() and not fake.all():
            first.append(rows[0])
            values.append(ranking(scores[rows][fake], scores[rows][~fake]))
    return np.array(first, dtype=np.int64), np.array(values)


def summarise_videos(ranking: Ranking, frames: Rows) -> Rows:
    """Summarises each video in a row, with its value for a score."""
    first, values = by_video(ranking, frames.label, frames.score, frames.bag)
    return replace(frames.where(first), score=values)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _sampler(ranking: Ranking) -> Sampler:
    def summarise(run_scores: RunScores) -> Rows:
        return summarise_videos(ranking, run_scores.frames)

    def sample(cell: CellScores, counts: np.ndarray) -> Estimate:
        videos = cell.of(cell.run_scores.once(summarise))
        return estimate_mean(videos, videos.score, counts)

    return sample


METRICS = (
    Metric("frame_auc_within", "Frame AUC within fake videos", "frame", auc_within, sample=_sampler(video_auc)),
    Metric(
        name="frame_ap_within",
        title="Frame average precision within fake videos",
        level="frame",
        function=ap_within,
        sample=_sampler(video_ap),
    ),
)
