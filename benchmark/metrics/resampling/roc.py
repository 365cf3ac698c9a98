"""The ROC curve of every resample at once, from which AUC, AP, EER and TPR at an FPR follow.

A curve bends only at the scores of fakes. Let K of them be distinct. The numbers of fakes and reals
at or above each, in resample c, are a product of c with a (C, K) table. That holds for any number
of resamples. ``tests/property/test_interval_laws.py`` compares each resample with scikit-learn.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

_CHUNK = 1 << 17
"""Numbers in a table of a chunk of resamples: 0.5 MB stay in a cache, for any number of them."""


@dataclass(frozen=True)
class Steps:
    """The curve's corners, one a distinct score of a fake, from the highest.

    ``hits`` are the fakes at or above the score, ``new`` those at it. ``alarms`` are the reals at
    or above it, ``before`` those above. ``fakes`` and ``reals`` are all of them.

    Shape: ``hits``, ``new``, ``alarms``, ``before`` (R, K); ``fakes``, ``reals`` (R, 1).
    """

    hits: np.ndarray
    new: np.ndarray
    alarms: np.ndarray
    before: np.ndarray
    fakes: np.ndarray
    reals: np.ndarray


def auc(steps: Steps) -> np.ndarray:
    """Area under the curve: sums over fakes the reals below, those at the same score by half."""
    won = steps.new * (2 * steps.reals - steps.alarms - steps.before)
    return np.asarray(_sum(won) / (2 * steps.fakes * steps.reals)[:, 0])


def ap(steps: Steps) -> np.ndarray:
    """Average precision: sums precision times the step in recall."""
    return np.asarray(_sum(steps.new * _precision(steps)) / steps.fakes[:, 0])


def envelope_ap(steps: Steps) -> np.ndarray:
    """Interpolated average precision, as temporal localisation has it (ActivityNet).

    The precision of each recall is the highest of any recall at least as large. ``fakes`` may be
    more than the hits: no proposal found the others.
    """
    precision = np.maximum.accumulate(_precision(steps)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(_sum(steps.new * precision) / steps.fakes[:, 0])


def eer(steps: Steps) -> np.ndarray:
    """Equal error rate: walks to the first corner with FPR + TPR >= 1, then back to the crossing.

    It goes back along the line or step that leads to the corner.
    """
    past = steps.alarms * steps.fakes + steps.hits * steps.reals >= steps.fakes * steps.reals
    at = np.argmax(past, axis=1)[:, None]
    hits, new, alarms, before = (
        np.take_along_axis(table, at, 1).astype(np.float64)
        for table in (steps.hits, steps.new, steps.alarms, steps.before)
    )
    couples = steps.fakes * steps.reals  # whole numbers, so that what lies on the line is found to lie on it
    short = couples - before * steps.fakes - (hits - new) * steps.reals
    over = alarms * steps.fakes + hits * steps.reals - couples
    sloped = (before + (alarms - before) * short / np.where(short > 0, short + over, 1)) / steps.reals
    return np.asarray(np.where(short > 0, sloped, 1 - (hits - new) / steps.fakes)[:, 0])


def tpr_at_fpr(steps: Steps, highest: float) -> np.ndarray:
    """TPR at an FPR: the fakes found before there are too many alarms."""
    return np.asarray(_sum(steps.new * (steps.alarms <= highest * steps.reals + 1e-3)) / steps.fakes[:, 0])


def _precision(steps: Steps) -> np.ndarray:
    return np.asarray(steps.hits / np.maximum(steps.hits + steps.alarms, 1))


def _sum(table: np.ndarray) -> np.ndarray:
    """Sums in double precision, so that the order does not show.

    It is einsum, twice as quick as sum() where columns are few.
    """
    return np.asarray(np.einsum("rk->r", table, dtype=np.float64))


Statistic = Callable[[Steps], np.ndarray]


def resample_steps(
    label: np.ndarray,
    score: np.ndarray,
    pair: np.ndarray,
    counts: np.ndarray,
    statistics: Mapping[str, Statistic],
    per_pair: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Computes each statistic in each resample; NaN where a class is missing.

    ``per_pair`` (C,) are the fakes to be found, if the rows do not hold them all.

    Shape: label, score, pair (N,); counts (R, C) -> (R,) each.
    """
    if not label.any():
        return {name: np.full(len(counts), np.nan) for name in statistics}
    found: dict[str, list[np.ndarray]] = {name: [] for name in statistics}
    with np.errstate(invalid="ignore", divide="ignore"):
        for steps in _walk(label == 1, score, pair, counts, per_pair):
            empty = (steps.fakes == 0)[:, 0] | ((steps.reals == 0)[:, 0] & (per_pair is None))
            for name, statistic in statistics.items():
                found[name].append(np.where(empty, np.nan, statistic(steps)))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _walk(
    fake: np.ndarray, score: np.ndarray, pair: np.ndarray, counts: np.ndarray, per_pair: np.ndarray | None
) -> Iterator[Steps]:
    """Yields the steps of some resamples at a time."""
    levels = -np.unique(-score[fake])  # (K,) from the highest
    tables = [
        _at_or_above(score[fake], pair[fake], levels, counts.shape[1], "left"),
        _at_or_above(score[~fake], pair[~fake], levels, counts.shape[1], "left"),
        _at_or_above(score[~fake], pair[~fake], levels, counts.shape[1], "right"),
    ]
    sizes = [np.bincount(pair[chosen], minlength=counts.shape[1]) for chosen in (fake, ~fake)]
    fakes, reals = (n.astype(np.float32) for n in (sizes[0] if per_pair is None else per_pair, sizes[1]))
    for drawn in _split(counts, max(1, _CHUNK // len(levels))):
        hits, alarms, before = (drawn @ table for table in tables)
        new = np.diff(hits, axis=1, prepend=np.zeros((len(drawn), 1), hits.dtype))
        yield Steps(hits, new, alarms, before, (drawn @ fakes)[:, None], (drawn @ reals)[:, None])


def _split(counts: np.ndarray, n_rows: int) -> Iterator[np.ndarray]:
    """Splits the resamples into chunks: the first row by itself, then many rows at a time.

    The first row is the test set as it is, and is computed in double precision. The others are in
    single, where whole numbers are as exact and ratios have seven digits.
    """
    yield counts[:1].astype(np.float64)
    for start in range(1, len(counts), n_rows):
        yield counts[start : start + n_rows].astype(np.float32)


def _at_or_above(score: np.ndarray, pair: np.ndarray, levels: np.ndarray, n_pairs: int, side: str) -> np.ndarray:
    """Counts rows of each pair at or above (``left``) or above (``right``) each level.

    Shape: -> (C, K) float32.
    """
    table = np.zeros((n_pairs, len(levels) + 1), dtype=np.float32)
    np.add.at(table, (pair, np.searchsorted(-levels, -score, side)), 1)  # type: ignore[call-overload]
    return np.cumsum(table, axis=1, dtype=np.float32)[:, :-1]
