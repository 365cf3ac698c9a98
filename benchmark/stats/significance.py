"""Significance tests of a difference between two methods, and Holm's correction for many tests."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, stdtr

from ffpms.errors import ConfigError

ALPHA = 0.05


def mcnemar(wins: int, losses: int) -> float:
    """Two-sided p of McNemar's exact test on the videos that only one of two methods calls right.

    p = min(1, 2 P(X <= min(wins, losses))), X ~ Binomial(wins + losses, 1/2).

    Raises:
        ConfigError: a number of videos is negative.

    >>> mcnemar(wins=0, losses=5)
    0.0625
    """
    if wins < 0 or losses < 0:
        raise ConfigError(f"wins {wins}, losses {losses}: a number of videos is not negative")
    total = wins + losses
    return min(1.0, 2 * float(bdtr(min(wins, losses), total, 0.5))) if total else 1.0


def bootstrap_p(difference: float, samples: np.ndarray, n_pairs: int) -> float:
    """Two-sided p of a difference by its bootstrap standard error (Robin et al. 2011, pROC).

    p = 2 P(T > |difference| / error), T of Student's distribution with n - 1 degrees of freedom.
    The error is sqrt(n / (n - 1)) times that of the resamples of n pairs.

    A share of resamples beyond 0 would be 0 or at least 1 in their number. Holm's correction over
    many comparisons would let none through. A difference that never varies has p = 2^(1 - n), the
    least that n coins can show. NaN from a single pair, or if fewer than two resamples have a
    value.
    """
    defined = samples[np.isfinite(samples)]
    if defined.size < 2 or n_pairs < 2:
        return float("nan")
    error = float(defined.std(ddof=1)) * math.sqrt(n_pairs / (n_pairs - 1))
    if error < 1e-12:
        return 1.0 if abs(difference) < 1e-12 else 2.0 ** (1 - n_pairs)
    return 2 * float(stdtr(n_pairs - 1, -abs(difference) / error))


def holm(p: ArrayLike) -> np.ndarray:
    """Holm's step-down correction (1979) of p-values.

    The k-th smallest of m is multiplied by m - k + 1. Results never fall and are at most 1. NaN is
    no comparison and stays NaN.

    Shape: p (N,) -> (N,).

    Raises:
        ConfigError: a p is not in [0, 1].

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    found = np.asarray(p, dtype=np.float64)
    if found.ndim != 1 or (found < 0).any() or (found > 1).any():
        raise ConfigError("p-values are not a column of numbers in [0, 1]")
    adjusted = np.full(len(found), np.nan)
    there = np.flatnonzero(np.isfinite(found))
    order = there[np.argsort(found[there], kind="stable")]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(found[order] * factors))
    return adjusted
