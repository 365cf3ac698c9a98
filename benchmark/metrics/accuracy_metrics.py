"""Metrics of the decision real or fake at a threshold."""

import numpy as np
from numpy.typing import ArrayLike

from benchmark.metrics.accuracy import THRESHOLD, accuracy, validate
from benchmark.metrics.metric import Estimate, Metric
from benchmark.metrics.resampling.pair_tables import estimate_mean, resample_accuracy
from benchmark.metrics.run_scores import CellScores


def accuracy_plain(label: ArrayLike, score: ArrayLike, threshold: float = THRESHOLD) -> float:
    """Share of videos called right, however many of each class there are.

    A constant score gives the share of one class.

    Shape: label, score (N,). NaN of no video.

    Raises:
        ConfigError: see :func:`~benchmark.metrics.accuracy.validate`.

    >>> accuracy_plain([0, 1, 1, 1], [0.9, 0.9, 0.9, 0.9])
    0.75
    """
    labels, scores = validate(label, score)
    return float(((scores >= threshold) == (labels == 1)).mean()) if len(labels) else float("nan")


def _sample_accuracy(cell: CellScores, counts: np.ndarray) -> Estimate:
    return Estimate.of(cell.videos, resample_accuracy(cell.videos, counts, THRESHOLD), THRESHOLD)


def _sample_accuracy_val(cell: CellScores, counts: np.ndarray) -> Estimate | None:
    threshold = cell.run_scores.threshold
    if threshold is None:
        return None
    return Estimate.of(cell.videos, resample_accuracy(cell.videos, counts, threshold), threshold)


def _sample_accuracy_plain(cell: CellScores, counts: np.ndarray) -> Estimate:
    right = (cell.videos.score >= THRESHOLD) == (cell.videos.label == 1)
    return estimate_mean(cell.videos, right, counts)._replace(threshold=THRESHOLD)


METRICS = (
    Metric("accuracy", "Video accuracy at 0.5", "video", accuracy, compared=True, sample=_sample_accuracy),
    Metric(
        name="accuracy_val",
        title="Video accuracy at the threshold chosen on val deepfakes",
        level="video",
        function=accuracy,
        needs_val=True,
        sample=_sample_accuracy_val,
    ),
    Metric(
        name="accuracy_plain",
        title="Share of videos called right at 0.5",
        level="video",
        function=accuracy_plain,
        sample=_sample_accuracy_plain,
    ),
)
