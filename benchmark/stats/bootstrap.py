"""Cluster bootstrap: resamples test pairs with replacement, for videos a_b and b_a share faces.

``counts`` (1 + R, C) says how often each of the C pairs is in each of the R resamples. Its first
row is all ones: the test set as it is, so that a metric's value is the first of its samples. It
depends on C alone. So all methods, metrics and manipulations of a data set are judged on the same
resamples.
"""

import math
from functools import cache, lru_cache

import numpy as np
from scipy.special import ndtr, stdtrit

N_RESAMPLES = 10_000
LEVEL = 0.95


@lru_cache(maxsize=2)
def resample(n_pairs: int, n_resamples: int = N_RESAMPLES, seed: int = 0) -> np.ndarray:
    """Draws the resamples of test pairs; the result must not be written to.

    Shape: -> (1 + n_resamples, n_pairs) float64 of whole numbers; rows sum to n_pairs.
    """
    draw = np.random.default_rng(seed)
    drawn = draw.multinomial(n_pairs, np.full(n_pairs, 1 / n_pairs), size=n_resamples)
    counts = np.vstack([np.ones(n_pairs), drawn])
    counts.flags.writeable = False
    return counts


def interval(samples: np.ndarray, n_pairs: int) -> tuple[float, float]:
    """Computes the expanded percentile interval at 95 % (Hesterberg 2015).

    It takes the resamples, all samples but the first, in which the metric is defined. It is NaN if
    there are none, or if there is a single pair.
    """
    ordered = np.sort(samples[1:])  # with NaN last
    last = np.isfinite(ordered).sum() - 1
    if last < 0 or n_pairs < 2:
        return float("nan"), float("nan")
    tail = _tail(n_pairs)
    low, high = np.interp([last * tail, last * (1 - tail)], np.arange(last + 1), ordered[: last + 1])
    return float(low), float(high)


@cache
def _tail(n_pairs: int) -> float:
    """Returns the share of resamples left out at either end: Phi(-sqrt(n / (n - 1)) t).

    t is the 97.5 % quantile of Student's distribution with n - 1 degrees of freedom. The share is
    2.5 % of many clusters, and less of few, whose resamples vary too little.
    """
    return float(ndtr(-math.sqrt(n_pairs / (n_pairs - 1)) * stdtrit(n_pairs - 1, (1 + LEVEL) / 2)))
