"""Cluster bootstrap. Videos a_b and b_a share faces, so what is drawn with replacement are the test *pairs*.

``counts`` (1 + R, C) says how often each of the C pairs is in each of the R resamples, after a first row of ones: the
test set as it is, so that a metric's value is the first of its samples. It depends on C alone: all methods, metrics and
manipulations of a data set are judged on the same resamples.
"""

import math
from functools import cache, lru_cache

import numpy as np
from scipy.special import ndtr, stdtrit

from benchmark.metrics.score_arrays import Rows

N_RESAMPLES = 10_000
LEVEL = 0.95


@lru_cache(maxsize=2)
def resample(n_pairs: int, n_resamples: int = N_RESAMPLES, seed: int = 0) -> np.ndarray:
    """Shape: -> (1 + n_resamples, n_pairs) float64 of whole numbers, rows sum to n_pairs. Not to be written to."""
    draw = np.random.default_rng(seed)
    drawn = draw.multinomial(n_pairs, np.full(n_pairs, 1 / n_pairs), size=n_resamples)
    counts = np.vstack([np.ones(n_pairs), drawn])
    counts.flags.writeable = False
    return counts


def interval(samples: np.ndarray, n_pairs: int) -> tuple[float, float]:
    """Expanded percentile interval at 95 % (Hesterberg 2015) of the resamples, all samples but the first, in which the
    metric is defined; NaN if in none, or from a single pair."""
    ordered = np.sort(samples[1:])  # with NaN last
    last = np.isfinite(ordered).sum() - 1
    if last < 0 or n_pairs < 2:
        return float("nan"), float("nan")
    tail = _tail(n_pairs)
    low, high = np.interp([last * tail, last * (1 - tail)], np.arange(last + 1), ordered[: last + 1])
    return float(low), float(high)


@cache
def _tail(n_pairs: int) -> float:
    """The share of resamples left out at either end: Phi(-sqrt(n / (n - 1)) t), t the 97.5 % quantile of Student's
    distribution with n - 1 degrees of freedom; 2.5 % of many clusters, less of few, whose resamples vary too little."""
    return float(ndtr(-math.sqrt(n_pairs / (n_pairs - 1)) * stdtrit(n_pairs - 1, (1 + LEVEL) / 2)))


def resample_mean(value: np.ndarray, pair: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The mean of a value a row in each resample; NaN where there is no row.

    Shape: value, pair (N,) -> (1 + R,).
    """
    total = _per_pair(value, pair, counts.shape[1])
    number = _per_pair(np.ones(len(pair)), pair, counts.shape[1])
    with np.errstate(invalid="ignore"):
        return np.asarray((counts @ total) / (counts @ number))


def resample_accuracy(rows: Rows, counts: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """The mean of both classes' accuracy in each resample; NaN where a class is missing."""
    right = (rows.score >= threshold) == (rows.label == 1)
    shares = [resample_mean(right[rows.label == y], rows.pair[rows.label == y], counts) for y in (0, 1)]
    return np.asarray((shares[0] + shares[1]) / 2)


def resample_auc(rows: Rows, counts: np.ndarray) -> np.ndarray:
    """The AUC in each resample, exactly: with W[a, b] the number of (fake of pair a, real of pair b) in the right
    order, ties counting half, the AUC of a resample c is c' W c over its number of such couples."""
    n_pairs = counts.shape[1]
    fakes, reals = (_per_pair(np.ones(len(rows.label)) * (rows.label == y), rows.pair, n_pairs) for y in (1, 0))
    with_fakes = np.flatnonzero(fakes)
    ranked = ((counts[:, with_fakes] @ _wins(rows)[with_fakes]) * counts).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(ranked / ((counts @ fakes) * (counts @ reals)))


def _wins(rows: Rows) -> np.ndarray:
    """W of :func:`resample_auc`: every pair's reals in order, and how many of them are below each fake."""
    _, rank = np.unique(rows.score, return_inverse=True)
    fake, first = rows.label == 1, (rank.max(initial=0) + 1) * np.arange(rows.n_pairs)
    reals = np.sort(first[rows.pair[~fake]] + rank[~fake])
    sought = first + rank[fake][:, None]  # (N_fake, C)
    below = (reals.searchsorted(sought, "left") + reals.searchsorted(sought, "right")) / 2 - reals.searchsorted(first)
    won = np.zeros((rows.n_pairs, rows.n_pairs))
    np.add.at(won, rows.pair[fake], below)
    return won


def _per_pair(value: np.ndarray, pair: np.ndarray, n_pairs: int) -> np.ndarray:
    return np.bincount(pair, weights=value, minlength=n_pairs)
