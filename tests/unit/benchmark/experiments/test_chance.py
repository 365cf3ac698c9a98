"""Chance: random scores on the bags of a table are its last row, and no method."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.experiments.catalogue import EXPERIMENTS
from benchmark.experiments.chance import N_DRAWS, NAME, RULE, add_chance, estimate_chance
from benchmark.experiments.localisation import TABLES, lead_with_segments, tabulate_segments
from benchmark.experiments.page import write_experiment
from benchmark.leaderboards.board import make_board
from benchmark.leaderboards.rendering.tables import Table
from benchmark.metrics import segment_ap
from benchmark.runs.folder import Run
from tests.helpers.scores import run, segments_of

RUNS = [run(0, method, ("DF", "F2F", "FS", "NT")) for method in ("s-mil", "xn-avg")]
EMPTY = Table("a title", ["AP@0.5"], [], {})


def chance(runs: list[Run], metric: str, manipulation: str = "all") -> float:
    ((name, (number,)),) = add_chance(EMPTY, estimate_chance(runs, manipulation, [metric]), [metric]).rows
    assert name == NAME
    assert number
    return number.value


def test_it_is_the_mean_over_draws_of_the_metric_of_uniform_scores() -> None:
    frames = RUNS[0].scores[RUNS[0].scores["level"] == "frame"]
    label, video, slot = (frames[name].to_numpy() for name in ("y_true", "bag_id", "slot"))
    scores = (np.random.default_rng(seed).random(len(frames)) for seed in range(N_DRAWS))
    expected = np.mean([segment_ap(label, score, video, 0.5, slot) for score in scores])
    assert chance(RUNS, "ap_at_iou_50") == pytest.approx(100 * expected)


def test_the_scores_of_methods_do_not_count() -> None:
    flat = replace(RUNS[0], scores=RUNS[0].scores.assign(score=0.5))
    assert chance([flat], "ar_at_5") == chance(RUNS, "ar_at_5")


def test_frames_are_told_apart_by_luck_alone_within_fakes_of_one_manipulation_too() -> None:
    assert chance(RUNS, "frame_auc_within") == pytest.approx(50, abs=2)
    assert chance(RUNS, "frame_ap_within", "DF") != chance(RUNS, "frame_ap_within", "NT")


def test_in_the_column_of_all_the_bags_are_those_of_all_manipulations() -> None:
    alone = run(0, "abmil", ("DF",))
    assert chance([alone, *RUNS], "ap_at_iou_50") == chance(RUNS, "ap_at_iou_50") != chance([alone], "ap_at_iou_50")


def test_without_scores_of_frames_there_is_no_row() -> None:
    videos = replace(RUNS[0], scores=RUNS[0].scores[RUNS[0].scores["level"] == "video"])
    assert add_chance(EMPTY, estimate_chance([videos], "all", ["ap_at_iou_50"]), ["ap_at_iou_50"]) == EMPTY


def test_it_is_the_last_row_of_each_table_of_the_page_and_nothing_else_knows_it(tmp_path: Path) -> None:
    cells = make_board(RUNS).cells
    tables = list(tabulate_segments(cells, RUNS))
    assert len(tables) == len(TABLES)
    for table in tables:
        assert [name for name, _ in table.rows].index(NAME) == len(table.rows) - 1 == 2
        assert NAME not in table.n_seeds
    board, page = write_experiment(EXPERIMENTS["localisation"], RUNS, [], [], tmp_path)
    assert page.count(f"| {NAME} |") == len(TABLES)
    assert f'The row "{NAME}" is chance' in page
    assert NAME not in set(board.cells["method"])
    assert NAME not in (tmp_path / "leaderboard.md").read_text(encoding="utf-8")
    assert "what was scored here. Tables without it are not compared." in page


def test_what_its_spread_is_stands_below_the_tables_that_have_the_row() -> None:
    """It is over draws, where the other rows' is over seeds."""
    board = make_board(RUNS)
    proposed = [replace(one, proposals=segments_of(one.scores).assign(confidence=0.5)) for one in RUNS]
    assert RULE not in lead_with_segments(board, RUNS).markdown(), "its sets are not about segments"
    assert lead_with_segments(board, proposed).markdown().count(RULE) == 1
