"""Resamples metrics all at once, from counts of pairs multiplied into tables per pair.

``counts`` (1 + R, C) says how often each of the C pairs is in each resample. Its first row is all
ones, so that a metric's value is the first of its samples (:mod:`benchmark.stats.bootstrap`).
"""

import numpy as np

from benchmark.metrics.metric import Estimate
from benchmark.metrics.score_arrays import Rows


def estimate_mean(rows: Rows, value: np.ndarray, counts: np.ndarray) -> Estimate:
    """Estimates a metric that is the mean of a value a row."""
    return Estimate.of(rows, resample_mean(value, rows.pair, counts))


def resample_mean(value: np.ndarray, pair: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Computes the mean of a value a row in each resample; NaN where there is no row.

    Shape: value, pair (N,) -> (1 + R,).
    """
    total = _per_pair(value, pair, counts.shape[1])
    number = _per_pair(np.ones(len(pair)), pair, counts.shape[1])
    with np.errstate(invalid="ignore"):
        return np.asarray((counts @ total) / (counts @ number))


def resample_accuracy(rows: Rows, counts: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """Computes the mean of both classes' accuracy in each resample; NaN where one is missing."""
    right = (rows.score >= threshold) == (rows.label == 1)
    shares = [resample_mean(right[rows.label == y], rows.pair[rows.label == y], counts) for y in (0, 1)]
    return np.asarray((shares[0] + shares[1]) / 2)


def resample_auc(rows: Rows, counts: np.ndarray) -> np.ndarray:
    """Computes the AUC in each resample, exactly: c' W c over the number of couples.

    W[a, b] is the number of couples (fake of pair a, real of pair b) in the right order. Ties count
    half. A resample c has its own number of couples.
    """
    n_pairs = counts.shape[1]
    fakes, reals = (_per_pair(np.ones(len(rows.label)) * (rows.label == y), rows.pair, n_pairs) for y in (1, 0))
    with_fakes = np.flatnonzero(fakes)
    ranked = ((counts[:, with_fakes] @ _wins(rows)[with_fakes]) * counts).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(ranked / ((counts @ fakes) * (counts @ reals)))


def _wins(rows: Rows) -> np.ndarray:
    """Counts W of :func:`resample_auc`: how many reals of each pair are below each fake."""
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
