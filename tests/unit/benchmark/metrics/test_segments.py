"""Proposals, the true segments they are compared with, and their overlap."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

import detectors
from benchmark.metrics.score_arrays import read_rows
from benchmark.metrics.segments import best_iou, match, overlap, propose, propose_segments, read_segments
from benchmark.metrics.temporal_localisation import segment_ap, segment_ar
from detectors.backbones import TINY
from detectors.random_bags import make_bag, make_faces
from ffpms.errors import ConfigError
from tests.helpers.scores import run, scores
from tests.helpers.segments import segments


def test_proposals_by_hand() -> None:
    """Scores 0.1 0.9 0.9 0.6 0.1: at 0.9 slots 1-2, at 0.6 slots 1-3, at 0.1 all."""
    found = propose(np.arange(5), np.array([0.1, 0.9, 0.9, 0.6, 0.1]))
    assert [p[:2] for p in found] == [(1, 4), (1, 3), (0, 5)]
    assert [p[2] for p in found] == pytest.approx([0.8 - 0.1, 0.9 - 0.8 / 3, 2.6 / 5])


@given(st.lists(st.integers(0, 4).map(lambda k: k / 4), min_size=1, max_size=14))
def test_proposals_are_those_of_the_equations_of_the_page(score: list[float]) -> None:
    """docs/scores.md: R are runs at or above a score, c(R) = mean over R - mean of the scores up to h(R)."""
    expected, n = {}, len(score)
    for level, first, last in ((t, a, b) for t in score for a in range(n) for b in range(a, n)):
        edges = [score[k] for k in (first - 1, last + 1) if 0 <= k < n]
        if min(score[first : last + 1]) >= level and all(edge < level for edge in edges):
            outside = [other for other in score if edges and other <= max(edges)]
            expected[first, last + 1] = np.mean(score[first : last + 1]) - (np.mean(outside) if outside else 0)
    found = propose(np.arange(n), np.array(score))
    assert {p[:2]: p[2] for p in found} == pytest.approx(expected)
    assert [p[2] for p in found] == sorted((p[2] for p in found), reverse=True)


@settings(max_examples=40)
@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=24), min_size=1, max_size=3))
def test_perfect_frame_scores_find_every_segment_at_every_iou(videos: list[list[bool]]) -> None:
    """The oracle, whatever the number of segments: 1 in a fake slot and 0 in a real one."""
    label = [int(fake) for video in videos for fake in video]
    names = [str(k) for k, video in enumerate(videos) for _ in video]
    if any(label):
        for iou in (0.05, 0.5, 0.95, 1.0):
            assert segment_ap(label, label, names, least_iou=iou) == 1.0
        most = max(len(find_runs(video)) for video in videos)
        assert segment_ar(label, label, names, n_proposals=most) == 1.0
        if most > 1:
            assert segment_ar(label, label, names, n_proposals=1) < 1


def find_runs(video: list[bool]) -> list[int]:
    """The first slots of the runs of fake slots."""
    return [k for k, fake in enumerate(video) if fake and not (k and video[k - 1])]


@pytest.mark.parametrize("method", detectors.names())
def test_the_frame_scores_of_every_method_become_proposals(method: str) -> None:
    """A bag of 5 faces and one of 3 give proposals: the first and the last slot begin and end at a face."""
    torch.manual_seed(0)
    detector = detectors.create(method, TINY, pretrained=False).eval()
    bag = make_bag(make_faces(5), make_faces(3, seed=1))
    with torch.no_grad():
        logit = detector(bag).frame_logit
    for row, mask in zip(logit, bag.mask, strict=True):
        score = expit(row[mask].double().numpy())
        found = propose(np.arange(len(score)), score)
        assert 1 <= len(found) <= len(score)
        assert (0, len(score)) in [p[:2] for p in found], "at the lowest score it is the whole video"
        assert all(np.isfinite(sure) for *_, sure in found)


@pytest.mark.parametrize(("fake", "real", "first"), [(0.65, 0.35, (0, 4)), (0.75, 0.25, (1, 2)), (0.95, 0.05, (1, 2))])
def test_the_whole_video_comes_first_where_its_mean_is_above_what_segments_stand_out_by(
    fake: float, real: float, first: tuple[int, int]
) -> None:
    found = propose(np.arange(4), np.array([real, fake, real, real]))
    assert found[0][:2] == first
    sure = {p[:2]: p[2] for p in found}
    assert sure[0, 4] == pytest.approx((fake + 3 * real) / 4)
    assert sure[1, 2] == pytest.approx(fake - real)


def test_another_segment_makes_none_less_sure() -> None:
    """Slots 0-1 and 4-5 score 1, the others 0: both are as sure as can be, and more than the whole video."""
    found = propose(np.arange(6), np.array([1.0, 1, 0, 0, 1, 1]))
    assert found == [(0, 2, 1.0), (4, 6, 1.0), (0, 6, pytest.approx(4 / 6))]


def test_a_less_certain_segment_makes_none_less_sure() -> None:
    """Slot 0 is as far above its neighbour as if slot 2 were not there."""
    found = propose(np.arange(3), np.array([0.9, 0.1, 0.8]))
    assert [p[:2] for p in found] == [(0, 1), (2, 3), (0, 3)]
    assert [p[2] for p in found] == pytest.approx([0.8, 0.7, 0.6])


def test_a_slot_without_a_face_breaks_no_proposal_and_ends_none() -> None:
    assert propose(np.array([0, 4, 6, 9]), np.array([0.0, 1.0, 1.0, 0.0]))[0] == (4, 7, 1.0)


def test_a_true_segment_has_its_faceless_ends() -> None:
    found = propose_segments([0, 1, 1, 1, 1, 0], [0, 1, 1, 0, 0, 0], ["a"] * 6, None, [True] * 3 + [False] * 2 + [True])
    assert (found.truth.start.tolist(), found.truth.end.tolist()) == ([1], [5])
    assert best_iou(found, 1).tolist() == [0.5]


def test_of_several_faces_in_a_slot_the_most_fake_counts() -> None:
    found = propose_segments([0, 1, 0, 0], [0.2, 0.9, 0.1, 0.2], ["a"] * 4, [0, 0, 1, 1], None)
    assert found.proposed.rows.score.tolist() == pytest.approx([0.7, 0.55])
    assert found.iou.tolist() == [1.0, 0.5]


@pytest.mark.parametrize("wrong", [[True] * 3, [0, 1, 1, 0]])
def test_which_slots_have_a_face_is_a_column_of_truths(wrong: list[bool]) -> None:
    with pytest.raises(ConfigError, match="has_face"):
        propose_segments([0, 1, 1, 0], [0.1] * 4, ["a"] * 4, None, wrong)


@given(st.lists(st.integers(0, 5).map(lambda k: k / 5), min_size=1, max_size=20))
def test_a_video_has_no_more_proposals_than_slots(score: list[float]) -> None:
    found = propose(np.arange(len(score)), np.array(score))
    assert 1 <= len(found) <= len(score)
    assert len({p[:2] for p in found}) == len(found)


@pytest.mark.parametrize(
    ("one", "other", "iou"),
    [((0, 4), (2, 6), [2 / 6]), ((0, 2), (2, 4), []), ((1, 3), (1, 3), [1]), ((0, 20), (0, 19), [0.95])],
)
def test_iou_by_hand(one: tuple[int, int], other: tuple[int, int], iou: list[float]) -> None:
    assert overlap(segments([(0, *one, 1.0)]), segments([(0, *other, 0.0)])).iou.tolist() == iou


def test_only_segments_of_one_video_overlap() -> None:
    found = overlap(segments([(0, 0, 2, 1.0), (2, 0, 2, 1.0)]), segments([(0, 1, 2, 0), (1, 0, 2, 0), (2, 0, 4, 0)]))
    assert found.pair_of.tolist() == [[0, 0], [1, 2]]
    assert found.rank.tolist() == [0, 0]


def test_each_segment_is_matched_once_in_the_order_of_the_pairs() -> None:
    assert match(np.array([[0, 1], [1, 1], [0, 0], [2, 0]])).tolist() == [0, 2]


def test_stored_segments_are_those_of_the_scored_videos() -> None:
    table = scores(0, 1)
    table = table[table["bag_id"] != "F2F_test0a"]
    videos = read_rows(table, "video")
    stored = pd.DataFrame({"bag_id": ["F2F_test0a", "F2F_test0b", "DF_test0a"], "start": [0, 3, 2], "end": [1, 5, 4]})
    found = read_segments(stored, videos)
    assert [videos.bag_names[bag] for bag in found.rows.bag] == ["DF_test0a", "F2F_test0b"]
    assert found.rows.manipulation.tolist() == ["DF", "F2F"]
    assert (found.start.tolist(), found.end.tolist()) == ([2, 3], [4, 5])


def test_a_run_without_segments_has_none() -> None:
    table = run().scores
    none = read_segments(run().segments[:0], read_rows(table, "video"))  # type: ignore[index]
    assert len(none.start) == len(none.rows.bag) == 0
    assert replace(run(), segments=None).segments is None
