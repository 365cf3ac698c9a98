"""How well scores are probabilities, before and after temperature scaling. Conventions: :mod:`benchmark.metrics`."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from benchmark.metrics.accuracy import validate
from benchmark.metrics.val_scores import ValScores

N_BINS = 15
_CLIP = 1e-12
"""A stored score of 0 or 1 has no logit; it counts as this far from it."""
_COLDEST, _HOTTEST = 0.01, 100.0


def brier(label: np.ndarray, score: np.ndarray) -> float:
    """Mean of (score - label)^2; 0 is best, 0.25 is what 0.5 for every video gives."""
    validate(label, score)
    return float(np.mean((score - label) ** 2)) if len(label) else float("nan")


def ece(label: np.ndarray, score: np.ndarray) -> float:
    """Expected calibration error: the mean over videos of |share of fakes - mean score| of their bin, in 15 bins of
    equal width, [0, 1/15) to [14/15, 1] (Guo et al., ICML 2017, on the score of the class fake)."""
    validate(label, score)
    if not len(label):
        return float("nan")
    off = np.bincount(bin_of(score), weights=label - score, minlength=N_BINS)
    return float(np.abs(off).sum() / len(label))


def bin_of(score: np.ndarray) -> np.ndarray:
    """The number of a score's bin, 0..14."""
    edges = np.arange(1, N_BINS) / N_BINS
    return np.searchsorted(edges, score, side="right")


def fit_temperature(val: ValScores) -> float:
    """The T that gives sigmoid(logit / T) the lowest negative log-likelihood on val videos (Guo et al., ICML 2017, with
    one scalar); between 0.01 and 100."""
    sign, val_logit = 2 * val.label - 1, _logit(val.score)

    def loss(log_t: float) -> float:
        return float(np.logaddexp(0, -sign * val_logit / np.exp(log_t)).mean())

    found = minimize_scalar(loss, bounds=np.log([_COLDEST, _HOTTEST]), method="bounded", options={"xatol": 1e-8})
    return float(np.exp(found.x))


def scale(score: np.ndarray, temperature: float) -> np.ndarray:
    """Scores after temperature scaling."""
    return np.asarray(expit(_logit(score) / temperature))


def _logit(score: np.ndarray) -> np.ndarray:
    return np.asarray(logit(np.clip(score, _CLIP, 1 - _CLIP)))
