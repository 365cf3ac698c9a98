"""Intervals. Videos a_b and b_a share faces, so what is drawn with replacement are the test *pairs*, not the videos."""

import numpy as np

N_RESAMPLES = 2000
LEVEL = 0.95


def resample(n_clusters: int, n_resamples: int = N_RESAMPLES, seed: int = 0) -> np.ndarray:
    """How often each cluster is drawn in each resample, the same for every method.

    Shape: -> (n_resamples, n_clusters) float64, rows sum to n_clusters.
    """
    draw = np.random.default_rng(seed)
    return draw.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=n_resamples).astype(np.float64)


def resample_accuracy(
    label: np.ndarray, score: np.ndarray, cluster: np.ndarray, counts: np.ndarray, threshold: float = 0.5
) -> np.ndarray:
    """The mean of both classes' accuracy in each resample; NaN where a class is missing.

    Shape: label, score, cluster (N,) with cluster in 0..C-1; counts (R, C) -> (R,).
    """
    right = (score >= threshold) == (label == 1)
    shares = []
    for y in (0, 1):
        total = _per_cluster(label == y, cluster, counts.shape[1])
        hits = _per_cluster(right & (label == y), cluster, counts.shape[1])
        with np.errstate(invalid="ignore"):
            shares.append((counts @ hits) / (counts @ total))
    return np.asarray((shares[0] + shares[1]) / 2)


def resample_auc(label: np.ndarray, score: np.ndarray, cluster: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The AUC in each resample, exactly: with W[a, b] the number of (fake of cluster a, real of cluster b) in the right
    order, ties counting half, and n[a, b] their number, the AUC of a resample c is (c' W c) / (c' n c).

    Shape: as :func:`resample_accuracy`.
    """
    n_clusters = counts.shape[1]
    won = _wins(label, score, cluster, n_clusters)
    fakes, reals = (_per_cluster(label == y, cluster, n_clusters) for y in (1, 0))
    with np.errstate(invalid="ignore"):
        ranked = np.einsum("ra,ab,rb->r", counts, won, counts, optimize=True)
        return np.asarray(ranked / ((counts @ fakes) * (counts @ reals)))


def _wins(label: np.ndarray, score: np.ndarray, cluster: np.ndarray, n_clusters: int) -> np.ndarray:
    """W of :func:`resample_auc`, by walking up the distinct scores: O(N C), no N x N table."""
    _, level = np.unique(score, return_inverse=True)
    reals = np.zeros((level.max() + 1, n_clusters))
    np.add.at(reals, (level[label == 0], cluster[label == 0]), 1.0)
    below = np.cumsum(reals, axis=0) - reals / 2  # (levels, C): reals under each score, half of those at it
    won = np.zeros((n_clusters, n_clusters))
    np.add.at(won, cluster[label == 1], below[level[label == 1]])
    return won


def _per_cluster(chosen: np.ndarray, cluster: np.ndarray, n_clusters: int) -> np.ndarray:
    return np.bincount(cluster[chosen], minlength=n_clusters).astype(np.float64)


def interval(samples: np.ndarray) -> tuple[float, float]:
    """The central 95 % of the resamples in which the metric is defined; NaN if it is in none."""
    defined = samples[np.isfinite(samples)]
    if defined.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
