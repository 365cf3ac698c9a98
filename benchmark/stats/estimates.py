"""Every metric of one run with its resamples: of a manipulation, in a fake-rate bucket."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from benchmark.metrics import calibration, localisation, roc, within_video
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.localisation import AP_IOUS, AR_PROPOSALS, Proposals
from benchmark.metrics.score_arrays import Rows, read_rows
from benchmark.metrics.val_scores import ValScores, choose_threshold
from benchmark.runs.folder import Run
from benchmark.stats.bootstrap import resample_accuracy, resample_auc, resample_mean

THRESHOLD = 0.5
N_RESAMPLES_OF_FRAME_AP = 1000
"""The first of all resamples: a precision-recall curve of 14,000 frames has thousands of corners in each."""


class Estimate(NamedTuple):
    """A metric's value and its value in each resample: ``samples`` (1 + R,), the first of them the value."""

    metric: str
    samples: np.ndarray
    n_videos: int
    threshold: float | None = None
    temperature: float | None = None

    @property
    def value(self) -> float:
        return float(self.samples[0])


@dataclass(frozen=True)
class Sheet:
    """A run's scores as arrays, and what was chosen on val (None: the run has no val scores)."""

    videos: Rows
    frames: Rows
    by_video: dict[str, Rows]
    proposals: Proposals | None
    threshold: float | None
    temperature: float | None


def read_sheet(run: Run) -> Sheet:
    """Does once a run what every manipulation and bucket needs."""
    frames, val = read_rows(run.scores, "frame"), ValScores.of(run)
    return Sheet(
        videos=read_rows(run.scores, "video"),
        frames=frames,
        by_video={
            "frame_auc_within": within_video.summarise_videos(within_video.video_auc, frames),
            "frame_ap_within": within_video.summarise_videos(within_video.video_ap, frames),
        },
        proposals=localisation.find_proposals(frames) if localisation.is_contiguous(frames) else None,
        threshold=choose_threshold(val) if val else None,
        temperature=calibration.fit_temperature(val) if val else None,
    )


def estimate(sheet: Sheet, manipulation: str, bucket: str, counts: np.ndarray) -> dict[str, Estimate]:
    """Every metric that is defined on these rows, in the order of the catalogue."""
    videos, frames = sheet.videos.of(manipulation, bucket), sheet.frames.of(manipulation, bucket)
    found = [*_decide(videos, sheet, counts), *_rank(videos, counts), *_calibrate(videos, sheet, counts)]
    found += [*_rank_frames(frames, counts)]
    for metric, rows in sheet.by_video.items():
        found.append(_average(metric, rows.of(manipulation, bucket), counts))
    if sheet.proposals:
        found += _localise(localisation.select(sheet.proposals, manipulation, bucket), counts)
    by_name = {one.metric: one for one in found if np.isfinite(one.value)}
    return {name: by_name[name] for name in METRICS if name in by_name}


def _decide(videos: Rows, sheet: Sheet, counts: np.ndarray) -> Iterator[Estimate]:
    at_half = Estimate("accuracy", resample_accuracy(videos, counts, THRESHOLD), videos.n_bags, THRESHOLD)
    yield from (at_half, at_half._replace(metric="balanced_accuracy"))
    if sheet.threshold is not None:
        samples = resample_accuracy(videos, counts, sheet.threshold)
        yield Estimate("accuracy_val", samples, videos.n_bags, sheet.threshold)
    right = (videos.score >= THRESHOLD) == (videos.label == 1)
    yield _average("accuracy_plain", replace(videos, score=right), counts)._replace(threshold=THRESHOLD)


def _average(metric: str, rows: Rows, counts: np.ndarray) -> Estimate:
    return Estimate(metric, resample_mean(rows.score, rows.pair, counts), rows.n_bags)


_RANKINGS: dict[str, roc.Statistic] = {
    "auc": roc.auc,
    "eer": roc.eer,
    "ap": roc.ap,
    "tpr_at_fpr_1": partial(roc.tpr_at_fpr, highest=0.01),
    "tpr_at_fpr_5": partial(roc.tpr_at_fpr, highest=0.05),
}


def _rank(videos: Rows, counts: np.ndarray) -> Iterator[Estimate]:
    samples = roc.resample_steps(videos.label, videos.score, videos.pair, counts, _RANKINGS)
    return (Estimate(name, samples[name], videos.n_bags) for name in _RANKINGS)


def _calibrate(videos: Rows, sheet: Sheet, counts: np.ndarray) -> Iterator[Estimate]:
    """ECE has no resamples: a mean of absolute values grows with the noise that resampling adds to every bin, so that
    its percentiles do not hold it."""
    for suffix, temperature in (("", None), ("_scaled", sheet.temperature)):
        if not suffix or temperature:
            score = calibration.scale(videos.score, temperature) if temperature else videos.score
            squared = replace(videos, score=(score - videos.label) ** 2)
            yield _average(f"brier{suffix}", squared, counts)._replace(temperature=temperature)
            ece = np.array([calibration.ece(videos.label, score)])
            yield Estimate(f"ece{suffix}", ece, videos.n_bags, temperature=temperature)


def _rank_frames(frames: Rows, counts: np.ndarray) -> Iterator[Estimate]:
    yield Estimate("frame_auc", resample_auc(frames, counts), frames.n_bags)
    some = counts[: 1 + N_RESAMPLES_OF_FRAME_AP]
    samples = roc.resample_steps(frames.label, frames.score, frames.pair, some, {"ap": roc.ap})
    yield Estimate("frame_ap", samples["ap"], frames.n_bags)


def _localise(found: Proposals, counts: np.ndarray) -> Iterator[Estimate]:
    for percent in AP_IOUS:
        samples = localisation.resample_ap_at_iou(found, percent, counts)
        yield Estimate(f"ap_at_iou_{percent}", samples, found.proposed.n_bags)
    for n in AR_PROPOSALS:
        recall = replace(found.truth, score=localisation.recall_by_video(found, n))
        yield _average(f"ar_at_{n}", recall, counts)
