"""What a point of a curve is: a metric over all pairs and seeds, with its interval."""

import numpy as np

from benchmark.scoring import steps
from benchmark.scoring.estimates import THRESHOLD
from benchmark.scoring.resamples import interval, resample, resample_accuracy
from benchmark.scoring.rows import Rows

METRICS = {
    "accuracy": "video accuracy at 0.5",
    "auc": "video AUC",
    "tpr": "fake videos found at 0.5; at rate 0: false alarms",
}


def sample(metric: str, videos: Rows) -> np.ndarray:
    """Accuracy or AUC of the videos in each resample."""
    counts = resample(videos.n_pairs)
    if metric == "accuracy":
        return resample_accuracy(videos, counts, THRESHOLD)
    return steps.resample_steps(videos.label, videos.score, videos.pair, counts, {"auc": steps.auc})["auc"]


def summarise(samples: np.ndarray, n_pairs: int) -> tuple[float, float, float]:
    """Value and interval; none from a single pair."""
    low, high = interval(samples) if n_pairs > 1 else (float("nan"), float("nan"))
    return float(samples[0]), low, high
