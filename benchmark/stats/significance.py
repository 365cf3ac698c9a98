"""What of a difference between two methods is chance: tests, and their correction when there are many."""

import math

import numpy as np
from scipy.special import bdtr, stdtr

ALPHA = 0.05


def mcnemar(wins: int, losses: int) -> float:
    """Two-sided p of McNemar's exact test: of the videos that only one of two methods calls right, each is as likely
    to be the other's. p = min(1, 2 P(X <= min(wins, losses))), X ~ Binomial(wins + losses, 1/2)."""
    total = wins + losses
    return min(1.0, 2 * float(bdtr(min(wins, losses), total, 0.5))) if total else 1.0


def bootstrap_p(difference: float, samples: np.ndarray, n_pairs: int) -> float:
    """Two-sided p of a difference by its bootstrap standard error, as pROC has it (Robin et al. 2011): a share of
    resamples beyond 0 is 0 or at least 1 in their number, and Holm's correction over many comparisons would let none
    through. p = 2 P(T > |difference| / error), T of Student's distribution with n - 1 degrees of freedom, the error
    sqrt(n / (n - 1)) times that of the resamples of n pairs; of a difference that never varies 2^(1 - n), the least
    that n coins can show. NaN from a single pair, or if fewer than two resamples have a value."""
    defined = samples[np.isfinite(samples)]
    if defined.size < 2 or n_pairs < 2:
        return float("nan")
    error = float(defined.std(ddof=1)) * math.sqrt(n_pairs / (n_pairs - 1))
    if error < 1e-12:
        return 1.0 if abs(difference) < 1e-12 else 2.0 ** (1 - n_pairs)
    return 2 * float(stdtr(n_pairs - 1, -abs(difference) / error))


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down correction (1979): the k-th smallest of m times m - k + 1, never falling, at most 1. NaN is no
    comparison and stays NaN."""
    adjusted = np.full(len(p), np.nan)
    there = np.flatnonzero(np.isfinite(p))
    order = there[np.argsort(p[there], kind="stable")]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * factors))
    return adjusted
