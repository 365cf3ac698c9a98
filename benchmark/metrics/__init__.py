"""Metrics as functions of arrays: labels and scores in, a number out.

Conventions:

- ``label`` (N,): 0 is real, 1 is fake.
- ``score`` (N,): the probability of fake, in [0, 1]. A score at the threshold counts as fake.
- A row is a video. For frames and segments a row is a face, and ``video`` (N,) names its video.
- ``slot`` (N,): the place of a frame in its video, from 0. Segments are counted in slots.
- ``has_face`` (N,): False for a row that is a slot without a face. A true segment includes it.
- Shares and rates lie in [0, 1]; none is a percentage.
- NaN is returned where a metric is not defined, for example the AUC of one class.
- Every function first calls :func:`validate`. Wrong input is a :class:`ffpms.errors.ConfigError`.

Lists, arrays and columns of a table are taken alike.

>>> from benchmark import metrics
>>> metrics.auc([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9])
0.75

``benchmark.metrics.catalogue.METRICS`` has every metric of the leaderboard by name. docs/scores.md
defines them.
"""

from benchmark.metrics.accuracy import accuracy, validate
from benchmark.metrics.accuracy_metrics import accuracy_plain
from benchmark.metrics.av_deepfake1m import av_deepfake1m_ap, av_deepfake1m_ar
from benchmark.metrics.calibration import brier, ece
from benchmark.metrics.ranking import ap, auc, eer, tpr_at_fpr
from benchmark.metrics.temporal_localisation import segment_ap, segment_ar
from benchmark.metrics.within_video import ap_within, auc_within

__all__ = [
    "accuracy",
    "accuracy_plain",
    "ap",
    "ap_within",
    "auc",
    "auc_within",
    "av_deepfake1m_ap",
    "av_deepfake1m_ar",
    "brier",
    "ece",
    "eer",
    "segment_ap",
    "segment_ar",
    "tpr_at_fpr",
    "validate",
]
