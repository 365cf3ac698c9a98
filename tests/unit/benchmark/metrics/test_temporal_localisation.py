"""Temporal localisation, against a plain evaluation in the manner of ActivityNet, and by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.leaderboards.board import tabulate
from benchmark.metrics import temporal_localisation as localisation
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.score_arrays import Rows, read_rows
from benchmark.stats.bootstrap import resample
from tests.helpers.scores import run, scores

OF_SEGMENTS = {name for name, metric in METRICS.items() if metric.level == "segment"}


def rows_of(videos: list[tuple[list[int], list[float]]]) -> Rows:
    """Frames of videos, each with its labels and scores; a pair each."""
    label, score = (np.concatenate([np.array(video[k]) for video in videos]) for k in (0, 1))
    slot = np.concatenate([np.arange(len(labels)) for labels, _ in videos])
    bag = np.repeat(np.arange(len(videos)), [len(labels) for labels, _ in videos])
    kind = np.where(np.isin(bag, bag[label == 1]), "DF", "original")
    names = tuple(map(str, range(len(videos))))
    return Rows(label, score.astype(float), slot, bag, bag, kind, np.full(len(bag), ""), names, names)


def test_proposals_by_hand() -> None:
    """Scores 0.1 0.9 0.9 0.6 0.1: at 0.9 slots 1-2, at 0.6 slots 1-3, at 0.1 all."""
    found = localisation.propose(np.arange(5), np.array([0.1, 0.9, 0.9, 0.6, 0.1]))
    assert [p[:2] for p in found] == [(1, 4), (1, 3), (0, 5)]
    assert [p[2] for p in found] == pytest.approx([0.8 - 0.1, 0.9 - 0.8 / 3, 2.6 / 5])


def test_a_slot_without_a_face_breaks_no_segment() -> None:
    found = localisation.propose(np.array([0, 4, 6, 9]), np.array([0.0, 1.0, 1.0, 0.0]))
    assert found[0] == (4, 7, 1.0)
    frames = rows_of([([0, 1, 1, 0], [0.0, 1, 1, 0])])
    assert localisation.find_proposals(replace(frames, slot=np.array([0, 4, 6, 9]))).iou.max() == 1


def test_of_several_faces_in_a_slot_the_most_fake_counts() -> None:
    frames = rows_of([([0, 1, 0, 0], [0.2, 0.9, 0.1, 0.2])])
    two_faces = replace(frames, slot=np.array([0, 0, 1, 1]))
    found = localisation.find_proposals(two_faces)
    assert found.proposed.score.tolist() == pytest.approx([0.7, 0.55])
    assert found.iou.tolist() == [1.0, 0.5]


@pytest.mark.parametrize(
    ("labels", "contiguous"),
    [([[0, 1, 1, 0]], True), ([[1, 0, 1, 0]], False), ([[0, 0, 0, 0]], False), ([[1, 1, 1, 1], [0, 0, 0, 0]], True)],
)
def test_contiguous_is_read_off_the_labels(labels: list[list[int]], contiguous: bool) -> None:
    assert localisation.is_contiguous(rows_of([(own, [0.5] * 4) for own in labels])) is contiguous


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [((0, 4), (2, 6), 2 / 6), ((0, 2), (2, 4), 0), ((1, 3), (1, 3), 1), ((0, 20), (0, 19), 0.95)],
)
def test_iou_by_hand(one: tuple[int, int], other: tuple[int, int], overlap: float) -> None:
    assert localisation.iou(one, other) == overlap


def plain_ap(videos: list[tuple[list[int], list[float]]], least: float) -> float:
    """All proposals by confidence; each takes the segment of its video if that is free and their IoU is enough; the
    precision of each recall is the highest of any recall at least as large. Equally confident ones go together."""
    truths, proposals = {}, []
    for number, (label, score) in enumerate(videos):
        fake = [k for k, y in enumerate(label) if y]
        if fake:
            truths[number] = (fake[0], fake[-1] + 1)
        proposals += [(-c, number, (a, b)) for a, b, c in localisation.propose(np.arange(len(label)), np.array(score))]
    free, hits, curve = set(truths), 0, []
    proposals.sort(key=lambda p: p[0])
    for n, (confidence, number, segment) in enumerate(proposals, 1):
        if number in free and localisation.iou(segment, truths[number]) >= least:
            free.remove(number)
            hits += 1
        if n == len(proposals) or proposals[n][0] != confidence:
            curve.append((hits / len(truths), hits / n))
    area, before = 0.0, 0.0
    for recall, _ in curve:
        area += (recall - before) * max(p for r, p in curve if r >= recall)
        before = recall
    return area


@st.composite
def sets_of_videos(draw: st.DrawFn) -> list[tuple[list[int], list[float]]]:
    videos = []
    for _ in range(draw(st.integers(1, 6))):
        start, length = draw(st.integers(0, 7)), draw(st.integers(0, 8))
        label = [int(start <= k < start + length) for k in range(8)]
        videos.append((label, draw(st.lists(st.integers(0, 4).map(lambda k: k / 4), min_size=8, max_size=8))))
    videos.append(([0, 0, 1, 1, 1, 0, 0, 0], [0.0, 0.25, 0.75, 1, 0.75, 0, 0.5, 0]))
    return videos


@settings(deadline=None)
@given(videos=sets_of_videos(), percent=st.sampled_from(localisation.AP_IOUS))
def test_ap_is_that_of_a_plain_evaluation(videos: list[tuple[list[int], list[float]]], percent: int) -> None:
    found = localisation.find_proposals(rows_of(videos))
    assert localisation.ap_at_iou(found, percent) == pytest.approx(plain_ap(videos, percent / 100), abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(videos=sets_of_videos(), percent=st.sampled_from((50, 75)))
def test_each_resample_of_ap_is_that_of_the_videos_drawn(
    videos: list[tuple[list[int], list[float]]], percent: int
) -> None:
    counts = resample(len(videos), n_resamples=20)
    samples = localisation.resample_ap_at_iou(localisation.find_proposals(rows_of(videos)), percent, counts)
    for drawn, sample in zip(counts.astype(int), samples, strict=True):
        again = [video for video, n in zip(videos, drawn, strict=True) for _ in range(n)]
        any_fake = any(any(label) for label, _ in again)
        assert sample == pytest.approx(plain_ap(again, percent / 100) if any_fake else np.nan, abs=1e-6, nan_ok=True)


def test_average_recall_by_hand() -> None:
    """Best IoU of the first 5 proposals: 1 in the first video, 2 / 3 in the second (4 of the ten thresholds)."""
    videos = [([0, 1, 1, 0], [0.0, 1, 1, 0]), ([0, 1, 1, 0], [0.0, 1, 1, 1]), ([0, 0, 0, 0], [0.0, 1, 0, 0])]
    found = localisation.find_proposals(rows_of(videos))
    assert localisation.recall_by_video(found, 5).tolist() == [1.0, 0.4]
    assert localisation.ar_at(found, 5) == pytest.approx(0.7)


@given(st.lists(st.integers(0, 5).map(lambda k: k / 5), min_size=1, max_size=20))
def test_a_video_has_no_more_proposals_than_slots(score: list[float]) -> None:
    found = localisation.propose(np.arange(len(score)), np.array(score))
    assert 1 <= len(found) <= len(score)
    assert len({p[:2] for p in found}) == len(found)


def test_fewer_proposals_find_less() -> None:
    """The segment is the sixth: after four single slots, and the whole video."""
    found = localisation.find_proposals(rows_of([([0] * 10 + [1, 0], [1, 0, 0.9, 0, 0.8, 0, 0.7, 0, 0, 0, 0.5, 0])]))
    assert [localisation.ar_at(found, n) for n in (5, 6)] == [0, 1]


def test_only_a_contiguous_mix_has_these_rows() -> None:
    assert not OF_SEGMENTS & set(tabulate([run()])["metric"])
    one = replace(run(), scores=scores(0, contiguous=True))
    cells = tabulate([one])
    assert set(cells["metric"]) >= OF_SEGMENTS
    whole = cells[(cells["fake_rate_bucket"] == "all") & cells["metric"].isin(OF_SEGMENTS)]
    assert whole["ci_low"].notna().all()
    assert set(whole[whole["metric"] == "ar_at_5"]["n_videos"]) == {16, 32}


def test_a_manipulation_is_judged_on_its_fakes_and_the_originals() -> None:
    frames = read_rows(scores(0, contiguous=True), "frame")
    everything = localisation.find_proposals(frames)
    own = localisation.find_proposals(frames.of("DF"))
    chosen = localisation.select(everything, "DF", "all")
    assert (
        localisation.ap_at_iou(chosen, 50) == localisation.ap_at_iou(own, 50) != localisation.ap_at_iou(everything, 50)
    )
    assert localisation.ar_at(chosen, 5) == localisation.ar_at(own, 5)
