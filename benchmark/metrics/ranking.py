"""Metrics of the order of scores. Conventions: :mod:`benchmark.metrics`.

They are read off the same corners of the ROC curve as their resamples, so that a value and its interval cannot
disagree; ``tests/property/test_metric_laws.py`` holds them against scikit-learn.
"""

import numpy as np

from benchmark.metrics import roc
from benchmark.metrics.accuracy import validate


def auc(label: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a fake scores higher than a real one, ties counting half."""
    return _read_off(roc.auc, label, score)


def ap(label: np.ndarray, score: np.ndarray) -> float:
    """Average precision, sum_k (R_k - R_k-1) P_k over the distinct scores from the highest, without interpolation."""
    return _read_off(roc.ap, label, score)


def eer(label: np.ndarray, score: np.ndarray) -> float:
    """Equal error rate: where the ROC curve, its corners joined by straight lines, has FPR = 1 - TPR."""
    return _read_off(roc.eer, label, score)


def tpr_at_fpr(label: np.ndarray, score: np.ndarray, highest: float) -> float:
    """The largest share of fakes found by any threshold that calls at most the share ``highest`` of the real ones fake;
    no interpolation, for a threshold between two scores does not exist."""
    return _read_off(lambda curve: roc.tpr_at_fpr(curve, highest), label, score)


def _read_off(statistic: roc.Statistic, label: np.ndarray, score: np.ndarray) -> float:
    validate(label, score)
    once = np.ones((1, 1))
    pair = np.zeros(len(label), dtype=np.int64)
    return float(roc.resample_steps(label, score, pair, once, {"value": statistic})["value"][0])
