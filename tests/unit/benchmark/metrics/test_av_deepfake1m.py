"""AV-Deepfake1M's rule: by hand, beside ActivityNet's, and against the package avdeepfake1m itself."""

from pathlib import Path

import numpy as np
import pytest

from benchmark import metrics
from benchmark.leaderboards.board import make_board
from benchmark.metrics import av_deepfake1m as theirs
from benchmark.metrics import temporal_localisation as ours
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.segments import Proposals, overlap, propose_segments
from benchmark.stats.bootstrap import resample
from ffpms.errors import ConfigError
from tests.helpers.scores import run
from tests.helpers.segments import IOUS, load_evaluator, segments, write_json

THEIRS, OURS = (
    {name for name, metric in METRICS.items() if metric.protocol == protocol}
    for protocol in ("av-deepfake1m", "activitynet")
)


def test_a_perfect_detector_of_n_segments_has_one_nth_less_than_1() -> None:
    for n in (1, 2, 20):
        label, video = np.tile([0, 1, 1, 0], n), np.repeat(np.arange(n), 4)
        assert metrics.segment_ap(label, label, video) == 1
        assert metrics.av_deepfake1m_ap(label, label, video) == pytest.approx(1 - 1 / n)
        assert metrics.segment_ar(label, label, video) == metrics.av_deepfake1m_ar(label, label, video) == 1


def test_the_first_step_stays_if_the_first_proposal_is_wrong() -> None:
    """Of the three proposals the second and the third are right: precision 2 / 3 at either recall."""
    found = overlap(segments([(0, 0, 5, 0.95), (1, 1, 3, 0.9), (2, 1, 3, 0.8)]), segments([(1, 1, 3, 0), (2, 1, 3, 0)]))
    assert theirs.ap_above_iou(found, 50) == pytest.approx(2 / 3)
    assert ours.ap_at_iou(found, 50) == pytest.approx(2 / 3)


def test_an_iou_at_the_threshold_is_not_above_it() -> None:
    """The second of two proposals has an IoU of 0.5, the first of 1."""
    found = overlap(segments([(0, 1, 3, 0.9), (1, 1, 2, 0.8)]), segments([(0, 1, 3, 0), (1, 1, 3, 0)]))
    assert ours.ap_at_iou(found, 50) == 1
    assert theirs.ap_above_iou(found, 50) == 0
    assert ours.recall_shares(found, 5).tolist() == [1, 0.1]
    assert theirs.shares_above(found, 5).tolist() == [1, 0]


@pytest.mark.parametrize(("wrong", "ap"), [(0, 2 / 3), (2, 0.5)])
def test_equally_confident_proposals_keep_the_order_of_their_videos(wrong: int, ap: float) -> None:
    """A wrong proposal in the first file is first, in the last file last. ActivityNet's rule takes all together."""
    right = [(video, 1, 3, 0.9) for video in {0, 1, 2} - {wrong}]
    found = overlap(segments(sorted([*right, (wrong, 7, 9, 0.9)])), segments([(*row[:3], 0) for row in sorted(right)]))
    assert theirs.ap_above_iou(found, 50) == pytest.approx(ap)
    assert ours.ap_at_iou(found, 50) == pytest.approx(2 / 3)


def test_of_each_true_segment_the_first_free_proposal_is_right() -> None:
    """The first proposal reaches both; the segment that comes first in time takes it, not the one it overlaps most."""
    found = overlap(segments([(0, 0, 10, 0.9), (0, 6, 9, 0.8)]), segments([(0, 0, 3, 0), (0, 3, 9, 0)]))
    assert theirs.judge_above(found, 25).proposed.label.tolist() == [1, 1]
    assert ours.judge(found, 25).proposed.label.tolist() == [1, 0]


def test_a_board_has_one_rule_or_the_other() -> None:
    assert set(make_board([run()]).cells["metric"]) >= OURS
    assert not THEIRS & set(make_board([run()]).cells["metric"])
    cells = make_board([run()], protocol="av-deepfake1m").cells
    assert set(cells["metric"]) >= THEIRS
    assert not OURS & set(cells["metric"])
    whole = cells[(cells["fake_rate_bucket"] == "all") & cells["metric"].isin(THEIRS)]
    assert (whole["ci_low"] <= whole["value"]).all()
    assert (whole["value"] <= whole["ci_high"]).all()
    with pytest.raises(ConfigError, match="protocol: lav-df is unknown; choose from activitynet, av-deepfake1m"):
        make_board([run()], protocol="lav-df")


def test_the_names_of_the_rules_differ() -> None:
    assert len(THEIRS) == len(OURS) == 9
    assert all(name.startswith("av_deepfake1m_") for name in THEIRS)


def test_a_resample_is_that_of_the_videos_drawn() -> None:
    draw = np.random.default_rng(5)
    proposed = [(v, k, k + 2, float(sure)) for v in range(6) for k, sure in enumerate(-np.sort(-draw.random(4)))]
    found = overlap(segments(proposed), segments([(v, 1, 3, 0) for v in range(0, 6, 2)]))
    own = theirs.judge_above(found, 50)
    counts = np.pad(resample(6, n_resamples=30), ((0, 0), (0, 4)))
    samples = ours.resample_ap(own, theirs.ap_without_first_step, counts)
    rank, right, bag = -own.proposed.score, own.proposed.label, own.proposed.bag
    for drawn, sample in zip(counts.astype(int), samples, strict=True):
        order = np.argsort(rank)
        hits = np.repeat(right[order], drawn[bag[order]])
        n_truths = drawn[[0, 2, 4]].sum() or np.nan
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        best = np.maximum.accumulate(precision[::-1])[::-1]
        assert sample == pytest.approx(
            (hits * best)[1:].sum() / n_truths if n_truths else np.nan, abs=1e-6, nan_ok=True
        )


def draw_labels(seed: int) -> Proposals:
    """Up to 7 videos: several segments, equal scores, faceless slots."""
    draw = np.random.default_rng(seed)
    sizes = draw.integers(1, 21, draw.integers(1, 8))
    video = np.repeat(np.arange(len(sizes)), sizes)
    label = (draw.random(len(video)) < draw.choice([0.2, 0.5, 1], len(sizes))[video]).astype(int)
    steps = draw.choice([2, 4, 10, 10**6])
    score = np.round((0.6 * draw.random(len(video)) + 0.4 * label) * steps) / steps
    return propose_segments(label, score, video, None, draw.random(len(video)) < draw.choice([0.6, 1]))


def draw_segments(seed: int) -> Proposals:
    """Any proposals and truths, also such as overlap one another, with many equal confidences."""
    draw = np.random.default_rng(seed)
    n = int(draw.integers(1, 8))

    def rows(most: int) -> list[tuple[int, int, int, float]]:
        video, start = draw.integers(0, n, most), draw.integers(0, 20, most)
        rows = zip(video, start, start + draw.integers(1, 15, most), draw.integers(0, 5, most) / 4, strict=True)
        return [(int(v), int(a), int(b), float(c)) for v, a, b, c in rows]

    proposed = sorted(rows(int(draw.integers(1, 80))), key=lambda row: (row[0], -row[3]))
    return overlap(segments(proposed), segments(sorted(rows(int(draw.integers(1, 20))))))


@pytest.mark.parametrize("make", [draw_labels, draw_segments])
def test_all_numbers_are_those_of_the_package(make: object, tmp_path: Path) -> None:
    evaluator = load_evaluator()
    compared = 0
    for seed in range(400):
        found: Proposals = make(seed)  # type: ignore[operator]
        if not len(found.truth.start):
            continue
        files = write_json(found, tmp_path) | {"file_key": "file", "value_key": "fake_segments"}
        ap = evaluator.ap_1d(**files, fps=1.0, iou_thresholds=[0.2, *(percent / 100 for percent in ours.AP_IOUS)])
        ar = evaluator.ar_1d(**files, fps=1.0, n_proposals=list(ours.AR_PROPOSALS), iou_thresholds=IOUS)
        own = [theirs.ap_above_iou(found, percent) for percent in (20, *ours.AP_IOUS)]
        assert own == pytest.approx(list(ap.values()), abs=1e-5), seed
        own = [ours.mean_recall(theirs.shares_above(found, n)) for n in ours.AR_PROPOSALS]
        assert own == pytest.approx(list(ar.values()), abs=1e-5), seed
        compared += 1
    assert compared > 300
