"""Significance tests of a difference between two methods, and Holm's correction for many tests."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, stdtr, stdtrit

from benchmark.stats.bootstrap import LEVEL
from ffpms.errors import ConfigError

ALPHA = 0.05
_NO_ERROR = 1e-12
"""Standard errors and differences below it are rounding."""


class Component(NamedTuple):
    """A part of a difference's variance, and the degrees of freedom of its estimate."""

    variance: float
    degrees: int


class Verdict(NamedTuple):
    """The 95 % interval of a difference, and its two-sided p."""

    low: float
    high: float
    p: float


NO_VERDICT = Verdict(math.nan, math.nan, math.nan)


def mcnemar(wins: int, losses: int) -> float:
    """Two-sided p of McNemar's exact test on the videos that only one of two models calls right.

    p = min(1, 2 P(X <= min(wins, losses))), X ~ Binomial(wins + losses, 1/2). It compares two
    trained models. Of two methods, whose other trainings differ, it says nothing.

    Raises:
        ConfigError: a number of videos is negative.

    >>> mcnemar(wins=0, losses=5)
    0.0625
    """
    if wins < 0 or losses < 0:
        raise ConfigError(f"wins {wins}, losses {losses}: a number of videos is not negative")
    total = wins + losses
    return min(1.0, 2 * float(bdtr(min(wins, losses), total, 0.5))) if total else 1.0


def over_pairs(samples: np.ndarray, n_pairs: int) -> Component:
    """Estimates the variance from n test pairs: n / (n - 1) times that of their resamples.

    NaN from a single pair, or if fewer than two resamples have a value.
    """
    defined = samples[np.isfinite(samples)]
    if defined.size < 2 or n_pairs < 2:
        return Component(math.nan, n_pairs - 1)
    return Component(float(defined.var(ddof=1)) * n_pairs / (n_pairs - 1), n_pairs - 1)


def over_trainings(values: np.ndarray) -> Component:
    """Estimates the variance of the mean of S trainings from their spread: s^2 / S."""
    return Component(float(values.var(ddof=1)) / len(values), len(values) - 1)


def welch(difference: float, pairs: Component, *trainings: Component) -> Verdict:
    """Tests a difference whose variance is the sum of its components.

    p = 2 P(T > |difference| / error), T of Student's distribution. Its degrees of freedom are
    Welch-Satterthwaite's, (sum of v)^2 / (sum of v^2 / degrees). With the test pairs alone it is
    pROC's bootstrap test (Robin et al. 2011).

    A difference that never varies has p = 2^(1 - n), the least that the coins of n pairs can show.
    """
    components = (pairs, *trainings)
    variance = math.fsum(one.variance for one in components)
    if math.isnan(variance):
        return NO_VERDICT
    error = math.sqrt(variance)
    if error < _NO_ERROR:
        return Verdict(difference, difference, 1.0 if abs(difference) < _NO_ERROR else 2.0**-pairs.degrees)
    degrees = variance**2 / math.fsum(one.variance**2 / one.degrees for one in components)
    reach = float(stdtrit(degrees, (1 + LEVEL) / 2)) * error
    return Verdict(difference - reach, difference + reach, 2 * float(stdtr(degrees, -abs(difference) / error)))


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
