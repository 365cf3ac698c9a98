"""The metric that also chooses an epoch: its source is part of a run's identity. All others are in ``scoring/``.

Conventions, of every metric: ``label`` (N,) of 0 real and 1 fake; ``score`` (N,) in [0, 1], higher is more fake; a
score at the threshold counts as fake. Where one of the classes that a metric needs is missing its value is NaN.
"""

import numpy as np

from ffpms.errors import ManifestError


def validate(label: np.ndarray, score: np.ndarray) -> None:
    """Raises:
    ManifestError: lengths differ, a label is neither 0 nor 1, or a score is not in [0, 1].
    """
    if label.shape != score.shape or label.ndim != 1:
        raise ManifestError(f"labels {label.shape} and scores {score.shape} are not two columns of one length")
    if not np.isin(label, (0, 1)).all():
        raise ManifestError("labels are not all 0 (real) or 1 (fake)")
    if not ((score >= 0) & (score <= 1)).all():
        raise ManifestError("scores are not all numbers in [0, 1]")


def accuracy(label: np.ndarray, score: np.ndarray, threshold: float = 0.5) -> float:
    """Mean of the shares of real and of fake videos that are called right: the paper's accuracy, whose 140 real and 140
    fake videos a manipulation weigh the same; also known as balanced accuracy."""
    validate(label, score)
    if len(set(label.tolist())) < 2:
        return float("nan")
    right = (score >= threshold) == (label == 1)
    return float((right[label == 0].mean() + right[label == 1].mean()) / 2)
