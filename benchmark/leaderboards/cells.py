"""Computes the cells of one row of the leaderboard, each with what a comparison needs of it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from benchmark.leaderboards.groups import Group
from benchmark.leaderboards.paper import subtract_paper
from benchmark.metrics.accuracy import THRESHOLD
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.metric import Estimate
from benchmark.metrics.protocols import ACTIVITYNET
from benchmark.metrics.run_scores import RunScores
from benchmark.metrics.score_arrays import sort_buckets
from benchmark.stats.bootstrap import interval, resample
from benchmark.stats.comparison import Entry
from benchmark.stats.run_metrics import digest_frames, estimate, read_run_scores

N_RESAMPLES_OF_A_BUCKET = 2000
"""Resamples for a bucket: the first of all.

There are 95 buckets, and their few fakes make their intervals wide.
"""

Cell = dict[str, Any]
"""A row of ``leaderboard.csv``."""


@dataclass(frozen=True)
class _Place:
    """A method's runs on a manipulation: their numbers share all but bucket and metric."""

    group: Group
    manipulation: str
    all_scores: list[RunScores]

    @cached_property
    def about(self) -> Cell:
        """What the cells of this place share."""
        runs = self.group.trained_on(self.manipulation)
        return {
            "method": self.group.method,
            "dataset": self.group.dataset,
            "manipulation": self.manipulation,
            "seeds": ";".join(str(run.seed) for run in runs if run.seed is not None),
            "run_ids": ";".join(run.run_id for run in runs),
            "source": "ours",
            "table": self.group.table,
        }


def fill(
    group: Group, protocol: str = ACTIVITYNET, in_buckets: Collection[str] = METRICS.keys()
) -> Iterator[tuple[Cell, Entry | None]]:
    """Yields the cells of a method by manipulation, bucket and metric.

    Only the metrics ``in_buckets`` have cells for buckets.
    """
    all_scores = {run.run_id: read_run_scores(run, protocol) for run in group.runs}
    for manipulation in group.manipulations:
        own = [all_scores[run.run_id] for run in group.trained_on(manipulation)]
        place = _Place(group, manipulation, own)
        for metric, found in _estimate(place, "all", METRICS.keys()):
            cell = _make_cell(place, "all", metric, found)
            if group.is_the_papers:
                cell["minus_paper"] = subtract_paper(cell, group.runs[0].method)
            yield cell, _enter(place, cell, found) if METRICS[metric].compared else None
        for bucket in sort_buckets(own[0].videos.of(manipulation).bucket):
            for metric, found in _estimate(place, bucket, in_buckets):
                yield _make_cell(place, bucket, metric, found), None


def _estimate(place: _Place, bucket: str, wanted: Collection[str]) -> Iterator[tuple[str, list[Estimate]]]:
    """Yields each metric that every seed has, with its estimates seed by seed.

    All are on the same resamples.
    """
    counts = resample(place.all_scores[0].videos.n_pairs)[: None if bucket == "all" else 1 + N_RESAMPLES_OF_A_BUCKET]
    by_seed = [estimate(run_scores, place.manipulation, bucket, counts, wanted) for run_scores in place.all_scores]
    for metric in by_seed[0]:
        if all(metric in own for own in by_seed):
            yield metric, [own[metric] for own in by_seed]


def _make_cell(place: _Place, bucket: str, metric: str, found: list[Estimate]) -> Cell:
    """Makes a cell: the mean over seeds, its interval over the pairs, and the spread over seeds.

    There is no interval where it rests on a single pair.
    """
    values = [one.value for one in found]
    low, high = interval(average(found), found[0].n_pairs)
    return place.about | {
        "fake_rate_bucket": bucket,
        "metric": metric,
        "value": float(np.mean(values)),
        "ci_low": low,
        "ci_high": high,
        "n_videos": found[0].n_videos,
        "threshold": _mean([one.threshold for one in found]),
        "std": float(np.std(values, ddof=1)) if len(values) > 1 else float("nan"),
        "by_seed": ";".join(f"{value:.6f}" for value in values) if len(values) > 1 else "",
        "temperature": _mean([one.temperature for one in found]),
    }


def own_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """Returns our own cells over all fake rates: no bucket, and nothing of the paper."""
    return cells[(cells["source"] == "ours") & (cells["fake_rate_bucket"] == "all")]


def average(found: list[Estimate]) -> np.ndarray:
    """Returns the samples of the mean over seeds."""
    return found[0].samples if len(found) == 1 else np.asarray(np.mean([one.samples for one in found], axis=0))


def _mean(values: list[float | None]) -> float:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else float("nan")


def _enter(place: _Place, cell: Cell, found: list[Estimate]) -> Entry:
    """Makes the entry of a comparison: videos in the order of their names, as for all methods."""
    all_videos = [run_scores.videos.of(place.manipulation) for run_scores in place.all_scores]
    orders = [np.argsort(videos.bag) for videos in all_videos]
    rights = [
        ((v.score >= THRESHOLD) == (v.label == 1))[order].astype(np.float64)
        for v, order in zip(all_videos, orders, strict=True)
    ]
    videos = all_videos[0].where(orders[0])
    names = [f"{videos.bag_names[bag]} {label}" for bag, label in zip(videos.bag, videos.label, strict=True)]
    key = (cell["table"], cell["metric"], cell["manipulation"], cell["method"])
    by_seed = np.array([one.value for one in found])
    frames = tuple(run_scores.once(digest_frames) for run_scores in place.all_scores)
    return Entry(
        key,
        by_seed,
        average(found),
        found[0].n_pairs,
        np.mean(rights, axis=0),
        tuple(names),
        videos.pair_names,
        frames if all(frames) else (),
        tuple(run.training for run in place.group.trained_on(place.manipulation)),
    )
