"""The viewer's data: what was scored comes back from lists and bytes."""

import base64

import numpy as np
import pandas as pd
import pytest

from benchmark.figures.points import lines_of
from benchmark.report.bags import Bags
from benchmark.runs.collection import Collection
from tests.helpers.scores import run


@pytest.fixture
def bags(found: Collection) -> Bags:
    return Bags.read(dict(lines_of(found.runs)))


def unpack(text: str, kind: str = "u1") -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)


def test_scores_are_means_and_each_training_stays(bags: Bags, found: Collection) -> None:
    lists = bags.as_lists()
    own = sorted((one for one in found.runs if one.method == "s-mil"), key=lambda one: one.seed or 0)
    videos = [one.scores[one.scores["level"] == "video"].set_index("bag_id")["score"] for one in own]
    mean = ((videos[0] + videos[1]) / 2).reindex(lists["id"])
    np.testing.assert_allclose(lists["score"][0], mean, atol=6e-7)
    assert [len(seeds) for seeds in lists["seeds"]] == [2, 1]
    np.testing.assert_allclose(lists["seeds"][0][1], videos[1].reindex(lists["id"]), atol=6e-7)
    label = np.array(lists["label"])
    both = np.array(lists["score"])
    np.testing.assert_allclose(lists["disagreement"], np.ptp(both, axis=0), atol=2e-6)
    np.testing.assert_allclose(lists["error"], np.abs(both - label).mean(axis=0), atol=2e-6)


def test_what_is_called_wrong_is_not_a_matter_of_rounding() -> None:
    """A score of 0.4999996 is real at 0.5, though the page has six digits of it."""
    one = run()
    lists = Bags.read({"a": [_with(one, one.scores.assign(score=0.5 - 4e-7))]}).as_lists()  # type: ignore[list-item]
    assert set(lists["score"][0]) == {0.5}
    assert lists["wrong"] == [lists["label"]]
    lists = Bags.read({"a": [_with(one, one.scores.assign(score=0.5))]}).as_lists()  # type: ignore[list-item]
    assert lists["wrong"] == [[1 - label for label in lists["label"]]]


def test_frames_are_packed_bag_after_bag(bags: Bags, found: Collection) -> None:
    lists = bags.as_lists()
    frames, n = lists["frames"], 7
    start, count = sum(frames["count"][:n]), frames["count"][n]
    one = next(one for one in found.runs if one.method == "xn-avg")
    rows = one.scores[(one.scores["bag_id"] == lists["id"][n]) & (one.scores["level"] == "frame")].sort_values("slot")
    part = slice(start, start + count)
    assert unpack(frames["slot"], "<u2")[part].tolist() == rows["slot"].tolist()
    assert unpack(frames["label"])[part].tolist() == rows["y_true"].tolist()
    np.testing.assert_allclose(unpack(frames["score"][1])[part] / 100, rows["score"], atol=0.0051)
    np.testing.assert_allclose(unpack(frames["weight"][0], "<u2")[part] / 1000, 1 / count, atol=0.00051)
    assert frames["weight"][1] is None


def test_a_method_may_lack_bags_frames_and_faces(found: Collection) -> None:
    """As another tool's scores do, or a detector for one manipulation."""
    ours = next(one for one in found.runs if one.method == "xn-avg")
    videos = ours.scores[(ours.scores["level"] == "video") & (ours.scores["manipulation"] != "F2F")]
    some = ours.scores[(ours.scores["level"] == "frame") & (ours.scores["slot"] == 0)].assign(track_id=-1)
    lists = Bags.read({"a": [ours], "b": [_with(ours, pd.concat([videos, some]))]}).as_lists()
    lacking = [lists["score"][1][n] is None for n, kind in enumerate(lists["manipulation"]) if kind == "F2F"]
    assert all(lacking)
    assert len(lacking) == 4
    scores = unpack(lists["frames"]["score"][1])
    assert (scores == 255).mean() == 0.75
    assert len(scores) == sum(lists["frames"]["count"]) == 4 * len(lists["id"])


def _with(one: object, scores: pd.DataFrame) -> object:
    from dataclasses import replace

    return replace(one, scores=scores)  # type: ignore[type-var]


def test_no_frame_scores_at_all() -> None:
    one = run()
    lists = Bags.read({"a": [_with(one, one.scores[one.scores["level"] == "video"])]}).as_lists()  # type: ignore[list-item]
    assert set(lists["frames"]["count"]) == {0}
    assert lists["frames"]["score"] == [None]


def test_the_hardest_are_the_most_wrong_and_the_most_disputed(bags: Bags) -> None:
    names = bags.about["bag_id"]
    assert bags.hardest(1) == [names[bags.error.argmax()]]
    assert set(bags.hardest(2)) >= {names[bags.error.argmax()]}
    assert names[bags.disagreement.argmax()] in bags.hardest(2)
    assert sorted(bags.hardest(99)) == sorted(names)
    assert bags.hardest(0) == []
