"""Segments of videos: the true ones, those that are proposed, and how much they overlap.

A segment is from its slot ``start`` to before ``end``; those that another tool proposes may begin
and end within a slot. Which proposals are right is a protocol's
rule: :mod:`benchmark.metrics.temporal_localisation` and :mod:`benchmark.metrics.av_deepfake1m`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from benchmark.metrics.score_arrays import Rows, make_rows
from ffpms.dataset.segments import find_segments
from ffpms.errors import ConfigError


@dataclass(frozen=True)
class Segments:
    """Segments as arrays. Those of a video stand together.

    ``rows`` has a row a segment, with its video's bag, pair, manipulation and bucket. Of a proposal
    the score is its confidence.
    """

    rows: Rows
    start: np.ndarray
    end: np.ndarray


@dataclass(frozen=True)
class Proposals:
    """All proposals of a run, its true segments, and every two of a video that overlap.

    Proposals of a video are from the most confident, true segments in the order of time.
    ``pair_of`` (P, 2) has the places of a proposal and of a true segment, ``iou`` (P,) how they
    overlap.
    """

    proposed: Segments
    truth: Segments
    pair_of: np.ndarray
    iou: np.ndarray

    @property
    def rank(self) -> np.ndarray:
        """The place of each proposal among those of its video, from 0."""
        bag = self.proposed.rows.bag
        return np.asarray(np.arange(len(bag)) - np.searchsorted(bag, bag))


def read_segments(table: pd.DataFrame, videos: Rows) -> Segments:
    """Reads the true segments of scored videos from a SEGMENT table."""
    return _sort(*_rows_of(table, videos))


def read_proposals(table: pd.DataFrame, videos: Rows) -> Segments:
    """Reads the proposals of scored videos from a PROPOSAL table.

    Those of a video are then from the most confident; the equally confident stay in their order.
    """
    rows, own = _rows_of(table, videos)
    confidence = own["confidence"].to_numpy()
    order = np.lexsort((-confidence, rows.bag))
    start, end = (own[name].to_numpy()[order] for name in ("start", "end"))
    return Segments(replace(rows, score=confidence).where(order), start, end)


def _rows_of(table: pd.DataFrame, videos: Rows) -> tuple[Rows, pd.DataFrame]:
    """Returns the lines of a table that are of scored videos, after the rows of their videos."""
    row = pd.Series(np.arange(len(videos.bag)), index=np.array(videos.bag_names, dtype=object)[videos.bag])
    own = table[table["bag_id"].isin(row.index)]
    return videos.where(row[own["bag_id"]].to_numpy()), own


def label_segments(faces: Rows) -> Segments:
    """Finds the true segments from the labels of faces."""
    table = find_segments(pd.DataFrame({"bag_id": faces.bag, "slot": faces.slot, "label": faces.label}))
    bag, first = np.unique(faces.bag, return_index=True)
    return _sort(faces.where(first[np.searchsorted(bag, table["bag_id"])]), table)


def _sort(rows: Rows, table: pd.DataFrame) -> Segments:
    start, end = (table[name].to_numpy(dtype=np.int64) for name in ("start", "end"))
    order = np.lexsort((start, rows.bag))
    return Segments(rows.where(order), start[order], end[order])


def propose_segments(
    label: ArrayLike, score: ArrayLike, video: ArrayLike, slot: ArrayLike | None, has_face: ArrayLike | None
) -> Proposals:
    """Proposes segments from plain arrays, a row a face.

    ``has_face`` (N,) is False for a slot without a face: its label counts, its score does not.

    Raises:
        ConfigError: an array is of another length or holds what it should not.
    """
    faces = make_rows(label, score, video, slot=slot)
    shown = np.ones(len(faces.label), dtype=bool) if has_face is None else np.asarray(has_face)
    if shown.shape != faces.label.shape or shown.dtype != bool:
        raise ConfigError(f"has_face {shown.shape} is not a column of True and False for {len(faces.label)} rows")
    return find_proposals(faces.where(shown), label_segments(faces))


def find_proposals(faces: Rows, truth: Segments) -> Proposals:
    """Finds the proposals of every video, and how they overlap its true segments."""
    return overlap(propose_all(faces), truth)


def propose_all(faces: Rows) -> Segments:
    """Proposes segments of every video by :func:`propose`."""
    rows, starts, ends, confidence = [], [], [], []
    for row, slot, score in _videos(faces):
        for start, end, sure in propose(slot, score):
            rows.append(row)
            starts.append(start)
            ends.append(end)
            confidence.append(sure)
    own = replace(faces.where(np.array(rows, dtype=np.int64)), score=np.array(confidence))
    return Segments(own, np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64))


def _videos(faces: Rows) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yields of each video a row of it, and slot and score: the highest of the slot's faces."""
    order = np.lexsort((faces.slot, faces.bag))
    starts = np.flatnonzero(np.diff(faces.bag[order], prepend=-1))
    for rows in np.split(order, starts[1:]) if len(order) else []:
        slot, first = np.unique(faces.slot[rows], return_index=True)
        yield int(rows[0]), slot, np.maximum.reduceat(faces.score[rows], first)


def propose(slot: np.ndarray, score: np.ndarray) -> list[tuple[int, int, float]]:
    """Proposes segments: the runs of slots at or above each score of the video, each run once.

    A run goes on over slots that are not there, for they have no face. It begins and ends with a
    face. The confidence is the run's mean score less the mean of the slots that score no higher
    than the higher of its two neighbours (0 if it has none). The order is from the most confident,
    then the first, then the longest.
    """
    runs = _runs(score)
    first, last = np.array(list(runs)).T
    low, total = np.sort(score), np.cumsum(np.append(0.0, score))
    n_below = np.searchsorted(low, list(runs.values()))
    below = np.cumsum(np.append(0.0, low))[n_below] / np.maximum(n_below, 1)
    sure = np.round((total[last + 1] - total[first]) / (last + 1 - first) - below, 12)
    found = zip(slot[first].tolist(), (slot[last] + 1).tolist(), sure.tolist(), strict=True)
    return sorted(found, key=lambda p: (-p[2], p[0], -p[1]))


def _runs(score: np.ndarray) -> dict[tuple[int, int], float]:
    """Returns first and last place of each run of scores at or above a level: its lowest level."""
    levels = np.unique(score)[::-1]  # the lowest level of a run is the last to be noted
    edges = np.diff(np.pad(score >= levels[:, None], ((0, 0), (1, 1))).astype(np.int8), axis=1)
    (row, first), last = np.nonzero(edges == 1), np.nonzero(edges == -1)[1] - 1
    places = zip(first.tolist(), last.tolist(), strict=True)
    return dict(zip(places, levels[row].tolist(), strict=True))


def overlap(proposed: Segments, truth: Segments) -> Proposals:
    """Pairs every proposal with the true segments of its video that it overlaps.

    IoU is the intersection over the union of two segments.
    """
    one, other = _same_video(proposed.rows.bag, truth.rows.bag)
    shared = np.minimum(proposed.end[one], truth.end[other]) - np.maximum(proposed.start[one], truth.start[other])
    one, other, shared = (values[shared > 0] for values in (one, other, shared))
    both = proposed.end[one] - proposed.start[one] + truth.end[other] - truth.start[other] - shared
    return Proposals(proposed, truth, np.stack([one, other], axis=1), shared / both)


def _same_video(bag: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the places of every two segments of one video; both bags are sorted."""
    first = np.searchsorted(other, bag)
    number = np.searchsorted(other, bag, side="right") - first
    begin = np.repeat(first - (np.cumsum(number) - number), number)
    return np.repeat(np.arange(len(bag)), number), np.arange(number.sum()) + begin


def match(pairs: np.ndarray) -> np.ndarray:
    """Takes each pair in order if both its segments are free; returns the proposals taken.

    Shape: pairs (P, 2) -> (number taken,).
    """
    right: set[int] = set()
    found: set[int] = set()
    for proposal, truth in pairs.tolist():
        if proposal not in right and truth not in found:
            right.add(proposal)
            found.add(truth)
    return np.array(sorted(right), dtype=np.int64)


def best_iou(found: Proposals, n_proposals: int) -> np.ndarray:
    """Returns for each true segment the highest IoU of its video's first proposals.

    Shape: -> (number of true segments,).
    """
    chosen = found.rank[found.pair_of[:, 0]] < n_proposals
    best = np.zeros(len(found.truth.start))
    np.maximum.at(best, found.pair_of[chosen, 1], found.iou[chosen])
    return best
