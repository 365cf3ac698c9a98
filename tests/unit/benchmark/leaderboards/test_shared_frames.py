"""Methods that share frame scores, as xn-max has xn-avg's: one in metrics of frames, two in those of videos."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmark.leaderboards.board import Board, make_board
from benchmark.metrics.catalogue import METRICS
from benchmark.runs.folder import Run
from benchmark.stats.comparison import PAIRED, WELCH
from benchmark.stats.significance import holm
from tests.helpers.scores import run

SEEDS = (0, 1000, 2000)
DF = ("DF",)


def pool_anew(own: Run, other: Run, method: str) -> Run:
    """The frames' scores of one run, in another order, and the videos' of another."""
    frames = own.scores[own.scores["level"] == "frame"].sample(frac=1, random_state=0)
    scores = pd.concat([other.scores[other.scores["level"] == "video"], frames])
    return replace(own, run_id=f"{method}-{own.seed}", method=method, settings=other.settings, scores=scores)


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    """Three seeds of xn-avg, xn-max with its frames, and s-mil."""
    avg, other, mil = ([run(s, m, DF, n_pairs=6) for s in SEEDS] for m in ("xn-avg", "xn-max", "s-mil"))
    return [*avg, *(pool_anew(a, b, "xn-max") for a, b in zip(avg, other, strict=True)), *mil]


@pytest.fixture(scope="module")
def board(runs: list[Run]) -> Board:
    return make_board(runs)


def couples(board: Board, metric: str) -> list[set[str]]:
    rows = board.comparisons[board.comparisons["metric"] == metric]
    return [{row["method"], row["other"]} for row in rows.to_dict("records")]


def is_of_frames(metric: str) -> bool:
    return METRICS[metric].level != "video"


def test_they_are_one_in_the_comparisons_of_frames(board: Board) -> None:
    assert couples(board, "frame_auc") == [{"xn-avg", "s-mil"}]
    assert len(couples(board, "auc")) == len(couples(board, "accuracy")) == 3
    for _, family in board.comparisons.groupby("metric"):
        np.testing.assert_allclose(family["p_holm"], holm(family["p"].to_numpy()))


def test_the_table_of_frames_has_them_once(board: Board) -> None:
    tables = {part.split(" (%)")[0]: part for part in board.markdown().split("### ")[1:]}
    names = {
        title: [line.split("|")[1].strip() for line in part.splitlines() if line.startswith("|")][2:]
        for title, part in tables.items()
    }
    assert names["Frame AUC"] == ["xn-avg, xn-max", "s-mil"]
    assert names["Video AUC"] == ["xn-avg", "xn-max", "s-mil"]


def test_every_cell_says_whose_frames_they_are(board: Board) -> None:
    cells = board.cells
    same = cells[cells["same_as"] != ""]
    assert set(same["method"]) == {"xn-max"}
    assert set(same["same_as"]) == {"xn-avg"}
    frames = cells[(cells["method"] == "xn-max") & cells["metric"].map(is_of_frames)]
    assert len(same) == len(frames) > 0
    of_avg = cells[(cells["method"] == "xn-avg") & cells["metric"].map(is_of_frames)]
    columns = ["manipulation", "fake_rate_bucket", "metric", "value", "std", "standing"]
    pd.testing.assert_frame_equal(*(own[columns].reset_index(drop=True) for own in (frames, of_avg)))


def test_another_epoch_of_the_same_trainings_is_paired(runs: list[Run]) -> None:
    named = [replace(own, training=f"t{own.seed}") for own in (*runs[:3], *runs[6:])]
    comparisons = make_board(named).comparisons
    assert set(comparisons["test"]) == {PAIRED}
    assert set(make_board(runs[:3] + runs[6:]).comparisons["test"]) == {WELCH}


def test_another_epoch_of_one_seed_is_another_method(runs: list[Run]) -> None:
    """Then they are compared, and paired by seed: the other seeds were trained once for both."""
    other = runs[3].scores
    moved = replace(runs[3], scores=other.assign(score=other["score"].where(other["level"] == "video", 0.5)))
    board = make_board([*runs[:3], moved, *runs[4:6]])
    assert couples(board, "frame_auc") == [{"xn-avg", "xn-max"}]
    assert set(board.comparisons["test"]) == {PAIRED}
    assert set(board.cells["same_as"]) == {""}
    row = board.comparisons.query("metric == 'auc'").iloc[0]
    cells = board.cells.query("metric == 'auc' and fake_rate_bucket == 'all'").set_index("method")["by_seed"]
    by_seed = [np.array(cells[method].split(";"), float) for method in ("xn-avg", "xn-max")]
    assert row["difference"] == pytest.approx((by_seed[0] - by_seed[1]).mean(), abs=1e-6)


def test_pairing_by_seed_takes_out_what_both_owe_to_their_training(runs: list[Run]) -> None:
    """A pooling that always adds a little: the spread over trainings cancels."""
    avg = [replace(one, scores=one.scores.assign(score=_worsen(one, 0.05 * k))) for k, one in enumerate(runs[:3])]
    lower = [
        replace(
            one, run_id=f"b-{one.seed}", method="b", settings={**one.settings, "method": "b"}, scores=_lower_fakes(one)
        )
        for one in avg
    ]
    apart = [replace(one, scores=_shift_frames(one)) for one in lower]
    shared, alone = (make_board([*avg, *own]).comparisons.query("metric == 'auc'").iloc[0] for own in (lower, apart))
    assert (shared["test"], alone["test"]) == (PAIRED, WELCH)
    assert shared["difference"] == alone["difference"] > 0
    assert shared["p"] < alone["p"]


def _worsen(one: Run, by: float) -> pd.Series:
    fakes = (one.scores["level"] == "video") & (one.scores["y_true"] == 1)
    return (one.scores["score"] - by * fakes).clip(0, 1)


def _lower_fakes(one: Run) -> pd.DataFrame:
    return one.scores.assign(score=_worsen(one, 0.1))


def _shift_frames(one: Run) -> pd.DataFrame:
    videos = one.scores["level"] == "video"
    return one.scores.assign(score=one.scores["score"].where(videos, one.scores["score"] * 0.9))


def test_runs_without_frames_share_none(runs: list[Run]) -> None:
    bare = [replace(one, scores=one.scores[one.scores["level"] == "video"]) for one in runs[:6]]
    board = make_board(bare)
    assert set(board.comparisons["test"]) == {WELCH}
    assert set(board.comparisons["metric"]) == {"accuracy", "auc"}


def test_a_single_seed_is_one_too(runs: list[Run]) -> None:
    board = make_board([runs[0], runs[3]])
    assert couples(board, "frame_auc") == []
    assert "| xn-avg, xn-max |" in board.markdown()
    assert set(board.cells.query("metric == 'frame_auc'")["standing"]) == {""}, "alone in its column"
