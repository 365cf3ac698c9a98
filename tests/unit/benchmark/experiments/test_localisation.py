"""A board of a set that is about segments begins with their tables; any other has none."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmark.experiments.chance import NAME
from benchmark.experiments.localisation import TABLES, is_about_segments, lead_with_segments
from benchmark.leaderboards.board import make_board
from benchmark.runs.folder import Run
from tests.helpers.scores import run, scores, segments_of


def in_segments(one: Run) -> Run:
    """The run on fakes whose slots lie side by side."""
    table = scores(3, contiguous=True)
    return replace(one, scores=table, segments=segments_of(table), data_sha256="segments")


def at_random(seed: int) -> Run:
    """A run whose fakes have their slots drawn."""
    draw, one = np.random.default_rng(seed), run(seed)
    frames = one.scores["level"] == "frame"
    drawn = one.scores[frames].groupby("bag_id")["y_true"].transform(lambda own: draw.permutation(own.to_numpy()))
    table = one.scores.assign(y_true=drawn.reindex(one.scores.index).fillna(one.scores["y_true"]).astype(int))
    return replace(one, scores=table, segments=segments_of(table))


@pytest.mark.parametrize("seed", range(5))
def test_slots_drawn_at_random_are_not_segments(seed: int) -> None:
    assert not is_about_segments(at_random(seed))


def test_slots_side_by_side_are_and_so_is_what_a_tool_proposes() -> None:
    proposed = pd.DataFrame([("DF_test0a", 0.0, 1.0, 0.9)], columns=["bag_id", "start", "end", "confidence"])
    assert is_about_segments(in_segments(run()))
    assert is_about_segments(replace(at_random(0), proposals=proposed))


def test_fakes_that_are_fake_throughout_and_runs_without_their_segments_are_not() -> None:
    one = run()
    fakes = one.scores["manipulation"] != "original"
    whole = one.scores.assign(y_true=fakes.astype(int), fake_rate=fakes.astype(float))
    assert not is_about_segments(replace(one, scores=whole, segments=segments_of(whole)))
    assert not is_about_segments(replace(one, segments=None))


def test_only_what_is_about_segments_leads_a_board() -> None:
    plain, about = at_random(0), in_segments(run(1))
    board = make_board([plain, about])
    assert lead_with_segments(board, [plain]).leading == ()
    leading = lead_with_segments(board, [plain, about]).leading
    assert [table.title.rpartition(", ")[0] for table in leading] == list(TABLES)
    assert {name for table in leading for name, _ in table.rows} == {"s-mil", NAME}
    assert {table.title.rpartition(", ")[2] for table in leading} == {"FFPMS-custom segments"}
