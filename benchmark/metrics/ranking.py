"""Metrics of the order of videos' scores: AUC, EER, AP, and TPR at an FPR.

They are read off the corners of the ROC curve from which their resamples come too. So a value and
its interval cannot disagree. ``tests/property/test_metric_laws.py`` compares them with
scikit-learn.
"""

from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from benchmark.metrics.accuracy import validate
from benchmark.metrics.metric import Metric
from benchmark.metrics.resampling import roc
from ffpms.errors import ConfigError


def auc(label: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a fake scores higher than a real one.

    Ties count half. A constant score gives 0.5.

    Shape: label, score (N,). NaN where a class is missing.

    Raises:
        ConfigError: see :func:`~benchmark.metrics.accuracy.validate`.

    >>> auc([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9])
    0.75
    """
    return read_off(roc.auc, label, score)


def eer(label: ArrayLike, score: ArrayLike) -> float:
    """Equal error rate: FPR where the ROC curve has FPR = 1 - TPR.

    Straight lines join the curve's corners. 0 is best. A constant score gives 0.5.

    Shape: label, score (N,). NaN where a class is missing.

    Raises:
        ConfigError: see :func:`~benchmark.metrics.accuracy.validate`.

    >>> eer([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9])
    0.5
    """
    return read_off(roc.eer, label, score)


def ap(label: ArrayLike, score: ArrayLike) -> float:
    """Average precision, sum_k (R_k - R_k-1) P_k over the distinct scores from the highest.

    There is no interpolation. A constant score gives the share of fakes.

    Shape: label, score (N,). NaN where a class is missing.

    Raises:
        ConfigError: see :func:`~benchmark.metrics.accuracy.validate`.

    >>> round(ap([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9]), 4)
    0.8333
    """
    return read_off(roc.ap, label, score)


def tpr_at_fpr(label: ArrayLike, score: ArrayLike, highest: float) -> float:
    """TPR at FPR: the largest TPR of a threshold whose FPR is at most ``highest``.

    No threshold lies between two scores, so there is no interpolation. A constant score gives 0.

    Shape: label, score (N,). NaN where a class is missing.

    Raises:
        ConfigError: ``highest`` is not in [0, 1]; see also
            :func:`~benchmark.metrics.accuracy.validate`.

    >>> tpr_at_fpr([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], highest=0.05)
    0.5
    """
    if not 0 <= highest <= 1:
        raise ConfigError(f"highest: {highest} is no rate of false alarms; give a number in [0, 1]")
    return read_off(partial(roc.tpr_at_fpr, highest=highest), label, score)


def read_off(statistic: roc.Statistic, label: ArrayLike, score: ArrayLike) -> float:
    """Reads a statistic off the ROC curve of all rows."""
    labels, scores = validate(label, score)
    pair = np.zeros(len(labels), dtype=np.int64)
    return float(roc.resample_steps(labels, scores, pair, np.ones((1, 1)), {"value": statistic})["value"][0])


def _found_at(percent: int) -> Metric:
    highest = percent / 100
    return Metric(
        name=f"tpr_at_fpr_{percent}",
        title=f"Videos found at {percent} % false alarms",
        level="video",
        function=partial(tpr_at_fpr, highest=highest),
        curve=partial(roc.tpr_at_fpr, highest=highest),
    )


METRICS = (
    Metric("auc", "Video AUC", "video", auc, compared=True, curve=roc.auc),
    Metric("eer", "Video equal error rate", "video", eer, best=0.0, curve=roc.eer),
    Metric("ap", "Video average precision", "video", ap, curve=roc.ap),
    _found_at(1),
    _found_at(5),
)
