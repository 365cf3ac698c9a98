"""Temporal localisation, where the fake frames of a video are one segment.

Conventions: a segment is (start, end) in slots, the end not included. Of several faces in a slot
the highest label and score count. A proposal reaches an IoU threshold if its
IoU with the video's segment is at least that. Of each video the most confident proposal that
reaches it is right, no other. This is ActivityNet's evaluation, and LAV-DF's but for ``>=``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from benchmark.metrics.metric import Estimate, Metric, Sampler
from benchmark.metrics.resampled_metrics import estimate_mean
from benchmark.metrics.resampled_roc import envelope_ap, resample_steps
from benchmark.metrics.run_scores import CellScores, RunScores
from benchmark.metrics.score_arrays import Rows, make_rows
from ffpms.errors import ConfigError

AP_IOUS = (50, 75, 90, 95)
"""IoU thresholds of AP, in percent."""
AR_PROPOSALS = (50, 20, 10, 5)
AR_IOUS = tuple(percent / 100 for percent in range(50, 100, 5))


def segment_ap(
    label: ArrayLike, score: ArrayLike, video: ArrayLike, least_iou: float = 0.5, slot: ArrayLike | None = None
) -> float:
    """Average precision of proposed segments at an IoU threshold, interpolated as by ActivityNet.

    ``video`` names each frame's video, ``slot`` its place there (by default the order of rows).

    Shape: label, score, video, slot (N,). NaN without a fake frame.

    Raises:
        ConfigError: the fake frames of a video are not one run, or ``least_iou`` is not in (0, 1];
            see also :func:`~benchmark.metrics.accuracy.validate`.

    >>> segment_ap([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.2], video=[7, 7, 7, 7])
    1.0
    """
    if not 0 < least_iou <= 1:
        raise ConfigError(f"least_iou: {least_iou} is no overlap; give a number above 0 and at most 1")
    return ap_at_iou(_find_proposals(label, score, video, slot), round(100 * least_iou, 9))


def segment_ar(
    label: ArrayLike, score: ArrayLike, video: ArrayLike, n_proposals: int = 5, slot: ArrayLike | None = None
) -> float:
    """Average recall of each video's first proposals, over the IoU thresholds 0.5, 0.55, ... 0.95.

    Shape: label, score, video, slot (N,). NaN without a fake frame.

    Raises:
        ConfigError: the fake frames of a video are not one run; see also
            :func:`~benchmark.metrics.accuracy.validate`.

    >>> segment_ar([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.2], video=[7, 7, 7, 7])
    1.0
    """
    if n_proposals < 1:
        raise ConfigError(f"n_proposals: {n_proposals} proposals find nothing; give at least 1")
    return ar_at(_find_proposals(label, score, video, slot), n_proposals)


def _find_proposals(label: ArrayLike, score: ArrayLike, video: ArrayLike, slot: ArrayLike | None) -> "Proposals":
    frames = make_rows(label, score, video, slot=slot)
    if frames.label.any() and not is_contiguous(frames):
        raise ConfigError("the fake frames of a video are not one run of its frames; there is no segment to find")
    return find_proposals(frames)


@dataclass(frozen=True)
class Proposals:
    """All proposals of a run, and its true segments.

    Proposals of a video stand together, from the most confident. ``proposed`` has a row a proposal,
    its confidence for a score. ``iou`` is that with its video's segment, 0 in a real video.
    ``truth`` has a row a true segment.
    """

    proposed: Rows
    iou: np.ndarray
    truth: Rows


def is_contiguous(frames: Rows) -> bool:
    """Whether there are fake frames, and each video's are one run of its scored slots."""
    fake = [label for _, label, _ in _videos(frames) if label.any()]
    return bool(fake) and all((np.diff(np.flatnonzero(label)) == 1).all() for label in fake)


def propose(slot: np.ndarray, score: np.ndarray) -> list[tuple[int, int, float]]:
    """Proposes segments: the runs of slots at or above each score of the video, each run once.

    The confidence is the run's mean score less the mean of the slots outside (0 if there are none).
    The order is from the most confident, then the first, then the longest.
    """
    runs = {run for level in np.unique(score) for run in _runs(score >= level)}
    found = []
    for first, last in runs:
        inside = np.zeros(len(score), dtype=bool)
        inside[first : last + 1] = True
        outside = score[~inside].mean() if not inside.all() else 0.0
        found.append((int(slot[first]), int(slot[last]) + 1, round(float(score[inside].mean() - outside), 12)))
    return sorted(found, key=lambda p: (-p[2], p[0], -p[1]))


def _runs(chosen: np.ndarray) -> list[tuple[int, int]]:
    """Returns first and last place of each run of True."""
    edges = np.diff(chosen.astype(np.int8), prepend=0, append=0)
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))


def iou(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Intersection over union of two segments."""
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return shared / (one[1] - one[0] + other[1] - other[0] - shared)


def find_proposals(frames: Rows) -> Proposals:
    """Finds the proposals of every video, and their IoU with its segment."""
    rows, confidence, overlap, truths = [], [], [], []
    for place, label, (slot, score) in _videos(frames):
        fake = np.flatnonzero(label)
        truth = (int(slot[fake[0]]), int(slot[fake[-1]]) + 1) if len(fake) else None
        truths += [place] if truth else []
        for start, end, sure in propose(slot, score):
            rows.append(place)
            confidence.append(sure)
            overlap.append(iou((start, end), truth) if truth else 0.0)
    proposed = replace(frames.where(np.array(rows, dtype=np.int64)), score=np.array(confidence))
    return Proposals(proposed, np.array(overlap), frames.where(np.array(truths, dtype=np.int64)))


def _videos(frames: Rows) -> Iterator[tuple[int, np.ndarray, tuple[np.ndarray, np.ndarray]]]:
    """Yields each video: the place of its first row; label, slot and score by slot."""
    order = np.lexsort((frames.slot, frames.bag))
    starts = np.flatnonzero(np.diff(frames.bag[order], prepend=-1))
    for rows in np.split(order, starts[1:]) if len(order) else []:
        slot, first = np.unique(frames.slot[rows], return_index=True)
        label, score = (np.maximum.reduceat(x[rows], first) for x in (frames.label, frames.score))
        yield int(rows[0]), label, (slot, score)


def select(found: Proposals, manipulation: str, bucket: str) -> Proposals:
    """Selects the proposals of the originals and of a manipulation's fakes in a bucket."""
    chosen = found.proposed.is_of(manipulation, bucket)
    return Proposals(found.proposed.where(chosen), found.iou[chosen], found.truth.of(manipulation, bucket))


def is_right(found: Proposals, percent: float) -> np.ndarray:
    """Whether each proposal is right at an IoU: of each video the first that reaches it."""
    reaches = np.flatnonzero(found.iou >= percent / 100)
    _, first = np.unique(found.proposed.bag[reaches], return_index=True)
    right = np.zeros(len(found.iou), dtype=np.int64)
    right[reaches[first]] = 1
    return right


def ap_at_iou(found: Proposals, percent: float) -> float:
    """Interpolated average precision of all videos' proposals by confidence.

    Those equally confident are taken together.
    """
    if not len(found.truth.bag):
        return float("nan")
    everything = np.ones((1, found.proposed.n_pairs))
    return float(resample_ap_at_iou(found, percent, everything)[0])


def resample_ap_at_iou(found: Proposals, percent: float, counts: np.ndarray) -> np.ndarray:
    """Computes :func:`ap_at_iou` in each resample; each video is right or wrong by itself."""
    proposed, truths = found.proposed, np.bincount(found.truth.pair, minlength=counts.shape[1])
    right = is_right(found, percent)
    if not right.any():
        return np.where(counts @ truths > 0, 0.0, np.nan)
    ap = {"ap": envelope_ap}
    return resample_steps(right, proposed.score, proposed.pair, counts, ap, truths)["ap"]


def recall_by_video(found: Proposals, n_proposals: int) -> np.ndarray:
    """Returns for each true segment the share of IoU thresholds that its first proposals reach.

    There are ten thresholds: 0.5, 0.55, ... 0.95. AR is the mean.
    """
    bag = found.proposed.bag
    rank = np.arange(len(bag)) - np.searchsorted(bag, bag)
    best = np.zeros(bag.max(initial=0) + 1)
    np.maximum.at(best, bag[rank < n_proposals], found.iou[rank < n_proposals])
    return np.asarray((best[found.truth.bag][:, None] >= AR_IOUS).mean(axis=1))


def ar_at(found: Proposals, n_proposals: int) -> float:
    """Average recall of the first proposals of each video."""
    recall = recall_by_video(found, n_proposals)
    return float(recall.mean()) if len(recall) else float("nan")


def _propose_once(run_scores: RunScores) -> Proposals | None:
    """Returns a run's proposals; None if its fake frames are no segments."""
    return find_proposals(run_scores.frames) if is_contiguous(run_scores.frames) else None


def _choose(cell: CellScores) -> Proposals | None:
    found = cell.run_scores.once(_propose_once)
    return select(found, cell.manipulation, cell.bucket) if found else None


def _sample_ap(percent: int) -> Sampler:
    def sample(cell: CellScores, counts: np.ndarray) -> Estimate | None:
        found = cell.once(_choose)
        if found is None:
            return None
        return Estimate(resample_ap_at_iou(found, percent, counts), found.proposed.n_bags)

    return sample


def _sample_ar(n_proposals: int) -> Sampler:
    def sample(cell: CellScores, counts: np.ndarray) -> Estimate | None:
        found = cell.once(_choose)
        return estimate_mean(found.truth, recall_by_video(found, n_proposals), counts) if found else None

    return sample


METRICS = (
    *(
        Metric(
            name=f"ap_at_iou_{percent}",
            title=f"Segment average precision at IoU {percent / 100}",
            level="segment",
            function=partial(segment_ap, least_iou=percent / 100),
            sample=_sample_ap(percent),
        )
        for percent in AP_IOUS
    ),
    *(
        Metric(
            name=f"ar_at_{n}",
            title=f"Segment average recall of {n} proposals",
            level="segment",
            function=partial(segment_ar, n_proposals=n),
            sample=_sample_ar(n),
        )
        for n in AR_PROPOSALS
    ),
)
