"""Temporal localisation by the rule of AV-Deepfake1M's evaluator (package avdeepfake1m 0.0.4).

It differs from ActivityNet's rule: an IoU counts if it is above the threshold, in float32. Of each
true segment in turn the first free proposal that reaches it is right. Equally confident proposals
keep the order of their files, which is that of the videos' names. The recall step of the first
proposal is dropped: a perfect detector of N segments has an AP of 1 - 1 / N. Units are slots.
"""

import numpy as np
from numpy.typing import ArrayLike

from benchmark.metrics.protocols import AV_DEEPFAKE1M
from benchmark.metrics.resampling.roc import Steps, envelope_ap
from benchmark.metrics.segments import Proposals, best_iou, match, propose_segments
from benchmark.metrics.temporal_localisation import (
    AR_IOUS,
    Judged,
    Rule,
    check_iou,
    check_number,
    judged,
    mean_recall,
    resample_ap,
)


def av_deepfake1m_ap(
    label: ArrayLike,
    score: ArrayLike,
    video: ArrayLike,
    least_iou: float = 0.5,
    slot: ArrayLike | None = None,
    has_face: ArrayLike | None = None,
) -> float:
    """Average precision of proposed segments at an IoU threshold, as AV-Deepfake1M computes it.

    Shape: as for :func:`~benchmark.metrics.temporal_localisation.segment_ap`.

    Raises:
        ConfigError: as there.

    >>> av_deepfake1m_ap([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8], video=["a", "a", "b", "b"])
    0.5
    """
    check_iou(least_iou)
    return ap_above_iou(propose_segments(label, score, video, slot, has_face), round(100 * least_iou, 9))


def av_deepfake1m_ar(
    label: ArrayLike,
    score: ArrayLike,
    video: ArrayLike,
    n_proposals: int = 5,
    slot: ArrayLike | None = None,
    has_face: ArrayLike | None = None,
) -> float:
    """Average recall of each video's first proposals, as AV-Deepfake1M computes it.

    Shape: as for :func:`~benchmark.metrics.temporal_localisation.segment_ar`.

    Raises:
        ConfigError: as there.

    >>> av_deepfake1m_ar([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8], video=["a", "a", "b", "b"])
    1.0
    """
    check_number(n_proposals)
    return mean_recall(shares_above(propose_segments(label, score, video, slot, has_face), n_proposals))


def ap_above_iou(found: Proposals, percent: float) -> float:
    """Average precision of all videos' proposals by confidence, less the step of the first."""
    own = judge_above(found, percent)
    return float(resample_ap(own, ap_without_first_step, np.ones((1, own.truth.n_pairs)))[0])


def judge_above(found: Proposals, percent: float) -> Judged:
    """Judges each proposal: of each true segment the first free one above the IoU is right."""
    pairs = found.pair_of[found.iou.astype(np.float32) > np.float32(percent / 100)]
    right = match(pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))])
    return judged(found, right, _distinct_ranks(found.proposed.rows.score))


def _distinct_ranks(confidence: np.ndarray) -> np.ndarray:
    """Ranks proposals by float32 confidence, then as they stand; the first has the highest rank."""
    rank = np.empty(len(confidence))
    rank[np.argsort(-confidence.astype(np.float32), kind="stable")] = -np.arange(len(confidence))
    return rank


def ap_without_first_step(steps: Steps) -> np.ndarray:
    """Interpolated average precision without the recall step of the very first proposal.

    The step is dropped if that proposal is right; its precision is 1. No two steps may tie.
    """
    begins_right = ((steps.new > 0) & (steps.alarms == 0)).any(axis=1)
    return np.asarray(envelope_ap(steps) - begins_right / steps.fakes[:, 0])


def shares_above(found: Proposals, n_proposals: int) -> np.ndarray:
    """Returns for each true segment the share of IoU thresholds that its first proposals exceed."""
    best = best_iou(found, n_proposals).astype(np.float32)
    return np.asarray((best[:, None] > np.array(AR_IOUS, dtype=np.float32)).mean(axis=1))


METRICS = Rule(
    protocol=AV_DEEPFAKE1M,
    name="av_deepfake1m_",
    title=", by AV-Deepfake1M's rule",
    ap=av_deepfake1m_ap,
    ar=av_deepfake1m_ar,
    judge=judge_above,
    statistic=ap_without_first_step,
    shares=shares_above,
).metrics()
