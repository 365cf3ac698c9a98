"""Temporal localisation, against a plain evaluation in the manner of ActivityNet, and by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.leaderboards.board import tabulate
from benchmark.metrics import temporal_localisation as localisation
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.protocols import ACTIVITYNET
from benchmark.metrics.resampling.roc import envelope_ap
from benchmark.metrics.run_scores import CellScores
from benchmark.metrics.segments import Proposals, overlap, propose, propose_segments
from benchmark.stats.bootstrap import resample
from benchmark.stats.run_metrics import read_run_scores
from tests.helpers.scores import run, scores, segments_of
from tests.helpers.segments import segments

OF_SEGMENTS = {name for name, metric in METRICS.items() if metric.protocol == ACTIVITYNET}
Videos = list[tuple[list[int], list[float]]]
Segment = tuple[int, int]


def proposals_of(videos: Videos) -> Proposals:
    """The proposals of videos, each with its labels and scores."""
    label, score = (np.concatenate([np.array(video[k]) for video in videos]) for k in (0, 1))
    bag = np.repeat(np.arange(len(videos)), [len(labels) for labels, _ in videos])
    return propose_segments(label, score, bag, None, None)


def iou(one: Segment, other: Segment) -> float:
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return shared / (one[1] - one[0] + other[1] - other[0] - shared)


def segments_in(label: list[int]) -> list[Segment]:
    """The runs of 1, by walking along the labels."""
    found, start = [], None
    for slot, fake in enumerate([*label, 0]):
        if fake and start is None:
            start = slot
        if not fake and start is not None:
            found.append((start, slot))
            start = None
    return found


def plain_ap(videos: Videos, least: float) -> float:
    """All proposals by confidence; each takes the free segment of its video that it overlaps most, if their IoU is
    enough; the precision of each recall is the highest of any recall at least as large. Equally confident ones go
    together."""
    free, proposals = {}, []
    for number, (label, score) in enumerate(videos):
        free[number] = segments_in(label)
        proposals += [(-c, number, (a, b)) for a, b, c in propose(np.arange(len(label)), np.array(score))]
    n_truths, hits, curve = sum(map(len, free.values())), 0, []
    proposals.sort(key=lambda p: p[0])
    for n, (confidence, number, segment) in enumerate(proposals, 1):
        nearest = max(free[number], key=lambda truth: iou(segment, truth), default=None)
        if nearest and iou(segment, nearest) >= least:
            free[number].remove(nearest)
            hits += 1
        if n == len(proposals) or proposals[n][0] != confidence:
            curve.append((hits / n_truths, hits / n))
    area, before = 0.0, 0.0
    for recall, _ in curve:
        area += (recall - before) * max(p for r, p in curve if r >= recall)
        before = recall
    return area


@st.composite
def sets_of_videos(draw: st.DrawFn) -> Videos:
    """Up to 6 videos of no, one or several segments, and one that has a fake frame for certain."""
    videos = []
    for _ in range(draw(st.integers(1, 6))):
        start, length = draw(st.integers(0, 7)), draw(st.integers(0, 8))
        one = [int(start <= k < start + length) for k in range(8)]
        several = draw(st.lists(st.integers(0, 1), min_size=8, max_size=8))
        label = draw(st.sampled_from([one, several]))
        videos.append((label, draw(st.lists(st.integers(0, 4).map(lambda k: k / 4), min_size=8, max_size=8))))
    videos.append(([0, 0, 1, 1, 1, 0, 0, 0], [0.0, 0.25, 0.75, 1, 0.75, 0, 0.5, 0]))
    return videos


@settings(deadline=None)
@given(videos=sets_of_videos(), percent=st.sampled_from((20, *localisation.AP_IOUS)))
def test_ap_is_that_of_a_plain_evaluation(videos: Videos, percent: int) -> None:
    found = proposals_of(videos)
    assert localisation.ap_at_iou(found, percent) == pytest.approx(plain_ap(videos, percent / 100), abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(videos=sets_of_videos(), percent=st.sampled_from((50, 75)))
def test_each_resample_of_ap_is_that_of_the_videos_drawn(videos: Videos, percent: int) -> None:
    counts = resample(len(videos), n_resamples=20)
    own = localisation.judge(proposals_of(videos), percent)
    for drawn, sample in zip(counts.astype(int), localisation.resample_ap(own, envelope_ap, counts), strict=True):
        again = [video for video, n in zip(videos, drawn, strict=True) for _ in range(n)]
        any_fake = any(any(label) for label, _ in again)
        assert sample == pytest.approx(plain_ap(again, percent / 100) if any_fake else np.nan, abs=1e-6, nan_ok=True)


def test_several_segments_of_a_video_are_each_found_once() -> None:
    """Two true segments; of three proposals the second finds again what the first found."""
    proposed = segments([(0, 0, 4, 0.9), (0, 0, 3, 0.8), (0, 6, 8, 0.7)])
    found = overlap(proposed, segments([(0, 0, 4, 0), (0, 6, 8, 0)]))
    assert localisation.judge(found, 50).proposed.label.tolist() == [1, 0, 1]
    assert localisation.ap_at_iou(found, 50) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert localisation.recall_shares(found, 2).tolist() == [1, 0]
    assert localisation.recall_shares(found, 3).tolist() == [1, 1]


def test_a_proposal_takes_the_segment_that_it_overlaps_most_and_the_next_takes_what_is_free() -> None:
    proposed = segments([(0, 0, 9, 0.9), (0, 2, 9, 0.8), (0, 0, 9, 0.7)])
    found = overlap(proposed, segments([(0, 0, 3, 0), (0, 4, 9, 0)]))
    assert localisation.judge(found, 30).proposed.label.tolist() == [1, 0, 1]


def test_average_recall_by_hand() -> None:
    """Best IoU of the first 5 proposals: 1 in the first video, 2 / 3 in the second (4 of the ten thresholds)."""
    videos = [([0, 1, 1, 0], [0.0, 1, 1, 0]), ([0, 1, 1, 0], [0.0, 1, 1, 1]), ([0, 0, 0, 0], [0.0, 1, 0, 0])]
    shares = localisation.recall_shares(proposals_of(videos), 5)
    assert shares.tolist() == [1.0, 0.4]
    assert localisation.mean_recall(shares) == pytest.approx(0.7)


def test_fewer_proposals_find_less() -> None:
    """The segment is the sixth: after four single slots, and the whole video."""
    found = proposals_of([([0] * 10 + [1, 0], [1, 0, 0.9, 0, 0.8, 0, 0.7, 0, 0, 0, 0.5, 0])])
    place = [*zip(found.proposed.start, found.proposed.end, strict=True)].index((10, 11))
    assert [localisation.recall_shares(found, n).tolist() for n in (place, place + 1)] == [[0], [1]]


@pytest.mark.parametrize("contiguous", [True, False])
def test_one_segment_a_video_or_several_have_their_rows(contiguous: bool) -> None:
    table = scores(0, contiguous=contiguous)
    cells = tabulate([replace(run(), scores=table, segments=segments_of(table))])
    assert set(cells["metric"]) >= OF_SEGMENTS
    whole = cells[(cells["fake_rate_bucket"] == "all") & cells["metric"].isin(OF_SEGMENTS)]
    assert whole["ci_low"].notna().all()
    assert set(whole[whole["metric"] == "ar_at_5"]["n_videos"]) == {16, 32}
    assert set(whole[whole["metric"] == "ap_at_iou_50"]["n_videos"]) == {32, 48}


def test_a_run_that_does_not_say_where_segments_lie_has_no_such_rows() -> None:
    assert not OF_SEGMENTS & set(tabulate([replace(run(), segments=None)])["metric"])


def test_scores_of_videos_alone_propose_nothing() -> None:
    one = run()
    videos = one.scores[one.scores["level"] == "video"]
    assert not OF_SEGMENTS & set(tabulate([replace(one, scores=videos)])["metric"])


def test_a_segment_of_a_video_without_any_face_is_missed() -> None:
    one = run()
    fakes = one.scores[one.scores["manipulation"] == "DF"]["bag_id"].unique()
    lost = (one.scores["bag_id"] == fakes[0]) & (one.scores["level"] == "frame")
    recall = {}
    for name, table in (("all", one.scores), ("lost", one.scores[~lost])):
        cells = tabulate([replace(one, scores=table)])
        chosen = cells[(cells["manipulation"] == "DF") & (cells["fake_rate_bucket"] == "all")].set_index("metric")
        recall[name] = chosen.loc["ar_at_50", "value"]
        assert chosen.loc["ar_at_50", "n_videos"] == len(fakes)
    assert recall["lost"] < recall["all"]


def test_a_manipulation_is_judged_on_its_fakes_and_the_originals() -> None:
    table = scores(0, contiguous=True)
    one = replace(run(), scores=table, segments=segments_of(table))
    alone = replace(one, scores=table[table["manipulation"].isin(["original", "DF"])])
    counts = np.ones((1, 8))
    for name in OF_SEGMENTS:
        of_both, of_one = (METRICS[name].estimate(CellScores(read_run_scores(r), "DF"), counts) for r in (one, alone))
        of_all = METRICS[name].estimate(CellScores(read_run_scores(one)), counts)
        assert of_both is not None
        assert of_one is not None
        assert of_all is not None
        assert of_both.value == of_one.value != of_all.value
