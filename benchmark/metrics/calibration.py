"""Metrics of calibration: how well scores are probabilities, with and without a temperature."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from benchmark.metrics.accuracy import validate
from benchmark.metrics.metric import Estimate, Metric
from benchmark.metrics.resampling.pair_tables import estimate_mean
from benchmark.metrics.run_scores import CellScores
from benchmark.metrics.score_arrays import Rows
from benchmark.metrics.val_scores import ValScores

N_BINS = 15
_CLIP = 1e-12
"""Distance from 0 and 1 at which a stored 0 or 1 counts, since it has no logit."""
COLDEST, HOTTEST = 0.01, 100.0
"""The lowest and the highest temperature that is fitted."""


def brier(label: ArrayLike, score: ArrayLike) -> float:
    """Brier score: the mean of (score - label)^2.

    0 is best. The constant 0.5 gives 0.25.

    Shape: label, score (N,). NaN of no video.

    Raises:
        ConfigError: see :func:`~benchmark.metrics.accuracy.validate`.

    >>> brier([0, 1], [0.5, 1.0])
    0.125
    """
    labels, scores = validate(label, score)
    return float(np.mean((scores - labels) ** 2)) if len(labels) else float("nan")


def ece(label: ArrayLike, score: ArrayLike) -> float:
    """Expected calibration error: the mean of |share of fakes - mean score| of each video's bin.

    There are 15 bins of equal width, [0, 1/15) to [14/15, 1] (Guo et al., ICML 2017, on the score
    of the class fake). 0 is best. A constant score c gives |share of fakes - c|.

    Shape: label, score (N,). NaN of no video.

    Raises:
        ConfigError: see :func:`~benchmark.metrics.accuracy.validate`.

    >>> ece([0, 1, 1, 1], [0.5, 0.5, 0.5, 0.5])
    0.25
    """
    labels, scores = validate(label, score)
    if not len(labels):
        return float("nan")
    off = np.bincount(bin_of(scores), weights=labels - scores, minlength=N_BINS)
    return float(np.abs(off).sum() / len(labels))


def bin_of(score: np.ndarray) -> np.ndarray:
    """Returns the number of a score's bin, 0..14."""
    edges = np.arange(1, N_BINS) / N_BINS
    return np.searchsorted(edges, score, side="right")


def fit_temperature(val: ValScores) -> float:
    """Fits the temperature T: sigmoid(logit / T) has the lowest negative log-likelihood on val.

    It is one scalar between 0.01 and 100 (Guo et al., ICML 2017).
    """
    from scipy.optimize import minimize_scalar  # slow to import, and needed by nothing else

    sign, val_logit = 2 * val.label - 1, _logit(val.score)

    def loss(log_t: float) -> float:
        return float(np.logaddexp(0, -sign * val_logit / np.exp(log_t)).mean())

    found = minimize_scalar(loss, bounds=np.log([COLDEST, HOTTEST]), method="bounded", options={"xatol": 1e-8})
    return float(np.exp(found.x))


def scale(score: np.ndarray, temperature: float) -> np.ndarray:
    """Applies temperature scaling to scores."""
    return np.asarray(expit(_logit(score) / temperature))


def _logit(score: np.ndarray) -> np.ndarray:
    return np.asarray(logit(np.clip(score, _CLIP, 1 - _CLIP)))


def _scaled(cell: CellScores) -> Rows:
    """Returns the videos with their scores after temperature scaling."""
    return replace(cell.videos, score=scale(cell.videos.score, cell.run_scores.temperature or 1.0))


def _sample_brier(cell: CellScores, counts: np.ndarray) -> Estimate:
    return estimate_mean(cell.videos, (cell.videos.score - cell.videos.label) ** 2, counts)


def _sample_brier_scaled(cell: CellScores, counts: np.ndarray) -> Estimate:
    videos = cell.once(_scaled)
    found = estimate_mean(videos, (videos.score - videos.label) ** 2, counts)
    return found._replace(temperature=cell.run_scores.temperature)


def _estimate_ece_scaled(cell: CellScores, _: np.ndarray) -> Estimate:
    videos = cell.once(_scaled)
    found = Estimate.of(videos, np.array([ece(videos.label, videos.score)]))
    return found._replace(temperature=cell.run_scores.temperature)


METRICS = (
    Metric("brier", "Brier score", "video", brier, best=0.0, sample=_sample_brier),
    # ECE has no resamples. A mean of absolute values grows with the noise that resampling adds to
    # every bin, so that its percentiles may not contain the value.
    Metric("ece", "Expected calibration error", "video", ece, best=0.0),
    Metric(
        name="brier_scaled",
        title="Brier score after temperature scaling on val deepfakes",
        level="video",
        function=brier,
        best=0.0,
        needs_val=True,
        sample=_sample_brier_scaled,
    ),
    Metric(
        name="ece_scaled",
        title="Expected calibration error after temperature scaling on val deepfakes",
        level="video",
        function=ece,
        best=0.0,
        needs_val=True,
        sample=_estimate_ece_scaled,
    ),
)
