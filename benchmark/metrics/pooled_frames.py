"""Metrics of the order of frames' scores, those of all videos together."""

import numpy as np

from benchmark.metrics.metric import Estimate, Metric, resample_curve
from benchmark.metrics.ranking import ap, auc
from benchmark.metrics.resampling import roc
from benchmark.metrics.resampling.pair_tables import resample_auc
from benchmark.metrics.run_scores import CellScores

N_RESAMPLES_OF_AP = 1000
"""The first of all resamples: a precision-recall curve of 14,000 frames, or of as many proposals,
has thousands of corners in each."""


def _sample_auc(cell: CellScores, counts: np.ndarray) -> Estimate:
    return Estimate.of(cell.frames, resample_auc(cell.frames, counts))


def _sample_ap(cell: CellScores, counts: np.ndarray) -> Estimate:
    samples = resample_curve(cell.frames, counts[: 1 + N_RESAMPLES_OF_AP], {"ap": roc.ap})
    return Estimate.of(cell.frames, samples["ap"])


METRICS = (
    Metric("frame_auc", "Frame AUC", "frame", auc, compared=True, sample=_sample_auc),
    Metric("frame_ap", "Frame average precision", "frame", ap, sample=_sample_ap),
)
