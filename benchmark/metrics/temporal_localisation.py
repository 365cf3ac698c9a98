"""Temporal localisation by ActivityNet's rule: average precision and recall of proposed segments.

Proposals are taken by confidence. Each is right if it reaches an IoU, which is at least that, with
a true segment of its video that no earlier one took; the unmatched one with the highest IoU first
(Heilbron et al., CVPR 2015). Metrics by another rule stand under other names, such as those of
:mod:`benchmark.metrics.av_deepfake1m`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from benchmark.metrics.metric import Estimate, Metric, Sampler
from benchmark.metrics.pooled_frames import N_RESAMPLES_OF_AP
from benchmark.metrics.protocols import ACTIVITYNET
from benchmark.metrics.resampling.pair_tables import estimate_mean
from benchmark.metrics.resampling.roc import Statistic, envelope_ap, resample_steps
from benchmark.metrics.run_scores import CellScores, RunScores
from benchmark.metrics.score_arrays import Rows
from benchmark.metrics.segments import Proposals, best_iou, find_proposals, match, overlap, propose_segments
from ffpms.errors import ConfigError

AP_IOUS = (50, 75, 90, 95)
"""IoU thresholds of AP, in percent."""
AR_PROPOSALS = (50, 30, 20, 10, 5)
AR_IOUS = tuple(percent / 100 for percent in range(50, 100, 5))

Judge = Callable[[Proposals], "Judged"]
"""Says which proposals of a run are right."""
Recall = Callable[[Proposals], np.ndarray]
"""Returns the share of IoU thresholds at which each true segment is found."""


def segment_ap(
    label: ArrayLike,
    score: ArrayLike,
    video: ArrayLike,
    least_iou: float = 0.5,
    slot: ArrayLike | None = None,
    has_face: ArrayLike | None = None,
) -> float:
    """Average precision of proposed segments at an IoU threshold, interpolated as by ActivityNet.

    ``video`` names each face's video, ``slot`` its place there (by default the order of rows). A
    row whose ``has_face`` is False has a label alone: its score is not looked at.

    Shape: label, score, video, slot, has_face (N,). NaN without a fake frame.

    Raises:
        ConfigError: ``least_iou`` is not in (0, 1], or ``has_face`` is not True and False; see also
            :func:`~benchmark.metrics.accuracy.validate`.

    >>> segment_ap([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.2], video=[7, 7, 7, 7])
    1.0
    """
    check_iou(least_iou)
    return ap_at_iou(propose_segments(label, score, video, slot, has_face), round(100 * least_iou, 9))


def segment_ar(
    label: ArrayLike,
    score: ArrayLike,
    video: ArrayLike,
    n_proposals: int = 5,
    slot: ArrayLike | None = None,
    has_face: ArrayLike | None = None,
) -> float:
    """Average recall of each video's first proposals, over the IoU thresholds 0.5, 0.55, ... 0.95.

    Shape: label, score, video, slot, has_face (N,), as for :func:`segment_ap`. NaN without a fake
    frame.

    Raises:
        ConfigError: see :func:`segment_ap`; ``n_proposals`` is below 1.

    >>> segment_ar([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.2], video=[7, 7, 7, 7])
    1.0
    """
    check_number(n_proposals)
    return mean_recall(recall_shares(propose_segments(label, score, video, slot, has_face), n_proposals))


def check_iou(least_iou: float) -> None:
    """Checks an IoU threshold.

    Raises:
        ConfigError: it is not in (0, 1].
    """
    if not 0 < least_iou <= 1:
        raise ConfigError(f"least_iou: {least_iou} is no overlap; give a number above 0 and at most 1")


def check_number(n_proposals: int) -> None:
    """Checks a number of proposals.

    Raises:
        ConfigError: it is below 1.
    """
    if n_proposals < 1:
        raise ConfigError(f"n_proposals: {n_proposals} proposals find nothing; give at least 1")


@dataclass(frozen=True)
class Judged:
    """Proposals as rows of a precision-recall curve, and the true segments that they should find.

    ``proposed`` has label 1 for a right proposal. Its score is what it is ranked by.
    """

    proposed: Rows
    truth: Rows

    def of(self, cell: CellScores) -> "Judged":
        """Returns what belongs to a cell."""
        return Judged(cell.of(self.proposed), cell.of(self.truth))


def judge(found: Proposals, percent: float) -> Judged:
    """Judges each proposal at an IoU, by ActivityNet's rule."""
    reach = found.iou >= percent / 100
    pairs, iou = found.pair_of[reach], found.iou[reach]
    order = np.lexsort((pairs[:, 1], -iou, pairs[:, 0]))
    return judged(found, match(pairs[order]), found.proposed.rows.score)


def judged(found: Proposals, right: np.ndarray, rank_by: np.ndarray) -> Judged:
    """Notes which proposals are right, and what each is ranked by."""
    rows = found.proposed.rows
    label = np.zeros(len(rows.label), dtype=np.int64)
    label[right] = 1
    return Judged(replace(rows, label=label, score=rank_by), found.truth.rows)


def ap_at_iou(found: Proposals, percent: float) -> float:
    """Interpolated average precision of all videos' proposals by confidence.

    Those equally confident are taken together.
    """
    own = judge(found, percent)
    return float(resample_ap(own, envelope_ap, np.ones((1, own.truth.n_pairs)))[0])


def resample_ap(own: Judged, statistic: Statistic, counts: np.ndarray) -> np.ndarray:
    """Computes an average precision in each resample; each video is judged by itself.

    It is NaN where there is no true segment.
    """
    truths = np.bincount(own.truth.pair, minlength=counts.shape[1])
    if not own.proposed.label.any():
        return np.where(counts @ truths > 0, 0.0, np.nan)
    rows = own.proposed
    return resample_steps(rows.label, rows.score, rows.pair, counts, {"ap": statistic}, truths)["ap"]


def recall_shares(found: Proposals, n_proposals: int) -> np.ndarray:
    """Returns for each true segment the share of IoU thresholds that its first proposals reach.

    There are ten thresholds: 0.5, 0.55, ... 0.95. AR is the mean.
    """
    return np.asarray((best_iou(found, n_proposals)[:, None] >= AR_IOUS).mean(axis=1))


def mean_recall(shares: np.ndarray) -> float:
    """Average recall; NaN without a true segment."""
    return float(shares.mean()) if len(shares) else float("nan")


def propose_once(run_scores: RunScores) -> Proposals | None:
    """Finds a run's proposals: its own, or those of its frame scores.

    None if it has neither, or if its true segments are not known.
    """
    if run_scores.segments is None:
        return None
    if run_scores.proposed is not None:
        return overlap(run_scores.proposed, run_scores.segments)
    if not len(run_scores.frames.label):
        return None
    return find_proposals(run_scores.frames, run_scores.segments)


def sample_ap(judge_run: Judge, statistic: Statistic) -> Sampler:
    """Makes the sampler of an average precision: proposals are judged once a run."""

    def judge_once(run_scores: RunScores) -> Judged | None:
        found = run_scores.once(propose_once)
        return judge_run(found) if found else None

    def sample(cell: CellScores, counts: np.ndarray) -> Estimate | None:
        own = cell.run_scores.once(judge_once)
        if own is None:
            return None
        return Estimate.of(cell.videos, resample_ap(own.of(cell), statistic, counts[: 1 + N_RESAMPLES_OF_AP]))

    return sample


def sample_ar(recall: Recall) -> Sampler:
    """Makes the sampler of an average recall, which is a mean over true segments."""

    def recall_once(run_scores: RunScores) -> Rows | None:
        found = run_scores.once(propose_once)
        return replace(found.truth.rows, score=recall(found)) if found else None

    def sample(cell: CellScores, counts: np.ndarray) -> Estimate | None:
        truth = cell.run_scores.once(recall_once)
        if truth is None:
            return None
        own = cell.of(truth)
        return estimate_mean(own, own.score, counts)

    return sample


@dataclass(frozen=True)
class Rule:
    """A rule by which segments are scored: functions of arrays, and how proposals are judged.

    ``name`` begins the names of its metrics, ``title`` ends their titles.
    """

    protocol: str
    name: str
    title: str
    ap: Callable[..., float]
    ar: Callable[..., float]
    judge: Callable[..., Judged]
    statistic: Statistic
    shares: Callable[..., np.ndarray]

    def metrics(self) -> tuple[Metric, ...]:
        """Makes its metrics: precision by IoU, and recall by number of proposals."""
        return (*map(self._ap, AP_IOUS), *map(self._ar, AR_PROPOSALS))

    def _ap(self, percent: int) -> Metric:
        return Metric(
            name=f"{self.name}ap_at_iou_{percent}",
            title=f"Segment average precision at IoU {percent / 100}{self.title}",
            level="segment",
            function=partial(self.ap, least_iou=percent / 100),
            sample=sample_ap(partial(self.judge, percent=percent), self.statistic),
            protocol=self.protocol,
        )

    def _ar(self, number: int) -> Metric:
        return Metric(
            name=f"{self.name}ar_at_{number}",
            title=f"Segment average recall of {number} proposals{self.title}",
            level="segment",
            function=partial(self.ar, n_proposals=number),
            sample=sample_ar(partial(self.shares, n_proposals=number)),
            protocol=self.protocol,
        )


METRICS = Rule(ACTIVITYNET, "", "", segment_ap, segment_ar, judge, envelope_ap, recall_shares).metrics()
