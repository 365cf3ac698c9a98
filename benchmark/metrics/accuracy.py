"""Accuracy, and the check of labels and scores with which every metric begins.

Accuracy also chooses an epoch, so this file is part of a run's identity: after a change to it every
run is trained anew. :mod:`benchmark.metrics.accuracy_metrics` registers it for the leaderboard.
"""

import numpy as np
from numpy.typing import ArrayLike

from ffpms.errors import ConfigError

THRESHOLD = 0.5
"""A video whose score is at least this is called fake."""


def validate(label: ArrayLike, score: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Checks labels and scores, and returns them as arrays of int64 and float64.

    Shape: label, score (N,) -> (N,), (N,).

    Raises:
        ConfigError: lengths differ, a label is neither 0 nor 1, or a score is not in [0, 1].
    """
    labels, scores = np.asarray(label), np.asarray(score)
    if labels.shape != scores.shape or labels.ndim != 1:
        raise ConfigError(f"labels {labels.shape} and scores {scores.shape} are not two columns of one length")
    if not np.isin(labels, (0, 1)).all():
        raise ConfigError("labels are not all 0 (real) or 1 (fake)")
    try:
        scores = scores.astype(np.float64)
    except (TypeError, ValueError):
        raise ConfigError("scores are not all numbers in [0, 1]") from None
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ConfigError("scores are not all numbers in [0, 1]")
    return labels.astype(np.int64), scores


def accuracy(label: ArrayLike, score: ArrayLike, threshold: float = THRESHOLD) -> float:
    """Balanced accuracy: the mean of the shares of real and of fake videos called right (Li 2020).

    Each of the paper's manipulations has 140 real and 140 fake videos. A constant score gives 0.5.

    Shape: label, score (N,). NaN where a class is missing.

    Raises:
        ConfigError: see :func:`validate`.

    >>> accuracy([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9])
    0.75
    """
    labels, scores = validate(label, score)
    if len(set(labels.tolist())) < 2:
        return float("nan")
    right = (scores >= threshold) == (labels == 1)
    return float((right[labels == 0].mean() + right[labels == 1].mean()) / 2)
