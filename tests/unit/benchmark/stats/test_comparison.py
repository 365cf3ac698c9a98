"""Method against method: what is compared, what is found, and what the tables say about it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmark.leaderboards.board import Board, make_board
from benchmark.runs.folder import Run
from benchmark.stats.comparison import BEHIND, BEST, LIKE_BEST, Comparison, Entry, compare, rank
from benchmark.stats.significance import holm, mcnemar
from tests.helpers.scores import run

N_PAIRS = 40


def one_run(method: str, skill: float, seed: int = 0) -> Run:
    return run(seed, method, skill=skill, n_pairs=N_PAIRS)


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    """a and b are as good as each other; c is worse by far."""
    return [one_run("a", 0.4), one_run("b", 0.4), one_run("c", 0.0)]


@pytest.fixture(scope="module")
def board(runs: list[Run]) -> Board:
    return make_board(runs)


@pytest.fixture(scope="module")
def comparisons(board: Board) -> pd.DataFrame:
    return board.comparisons


def test_every_two_methods_meet_in_every_column(comparisons: pd.DataFrame) -> None:
    assert len(comparisons) == 3 * 3 * 3
    assert set(comparisons["metric"]) == {"accuracy", "auc", "frame_auc"}
    assert set(comparisons["manipulation"]) == {"all", "DF", "F2F"}


def test_the_difference_is_that_of_the_cells(board: Board, comparisons: pd.DataFrame) -> None:
    cells = board.cells.query("fake_rate_bucket == 'all'").set_index(["method", "metric", "manipulation"])
    for row in comparisons.to_dict("records"):
        values = [
            cells.loc[(name, row["metric"], row["manipulation"]), "value"] for name in (row["method"], row["other"])
        ]
        assert row["difference"] == pytest.approx(values[0] - values[1])
        assert row["ci_low"] <= row["difference"] <= row["ci_high"]


def test_mcnemar_counts_the_videos_that_only_one_calls_right(runs: list[Run], comparisons: pd.DataFrame) -> None:
    row = comparisons.query("metric == 'accuracy' and manipulation == 'DF' and method == 'a' and other == 'c'").iloc[0]
    right = []
    for own in (runs[0], runs[2]):
        videos = own.scores[(own.scores["level"] == "video") & own.scores["manipulation"].isin(["original", "DF"])]
        right.append(((videos["score"] >= 0.5) == videos["y_true"]).to_numpy())
    wins, losses = (right[0] & ~right[1]).sum(), (~right[0] & right[1]).sum()
    assert (row["wins"], row["losses"], row["n_videos"]) == (wins, losses, 4 * N_PAIRS)
    assert row["p"] == mcnemar(wins, losses)
    assert row["test"] == "mcnemar"


def test_holm_corrects_over_the_whole_table(comparisons: pd.DataFrame) -> None:
    for _, family in comparisons.groupby("metric"):
        assert len(family) == 9
        np.testing.assert_allclose(family["p_holm"], holm(family["p"].to_numpy()))


def test_pairing_makes_a_difference_narrower() -> None:
    """A method against itself with a little less: the videos' own difficulty cancels."""
    a = one_run("a", 0.3)
    worse = a.scores["score"].where(a.scores["y_true"] == 0, a.scores["score"] * 0.93)
    b = replace(
        a, run_id="b-0", method="b", settings={**a.settings, "method": "b"}, scores=a.scores.assign(score=worse)
    )
    board = make_board([a, b])
    row = board.comparisons.query("metric == 'auc' and manipulation == 'all'").iloc[0]
    cell = board.cells.query("metric == 'auc' and manipulation == 'all' and fake_rate_bucket == 'all'").iloc[0]
    assert row["ci_high"] - row["ci_low"] < (cell["ci_high"] - cell["ci_low"]) / 2
    assert row["p_holm"] < 0.05


def test_the_tables_mark_what_is_not_told_apart_from_the_best(board: Board) -> None:
    auc = board.cells.query("metric == 'auc' and fake_rate_bucket == 'all' and manipulation == 'all'")
    standing = dict(zip(auc["method"], auc["standing"], strict=True))
    assert sorted([standing["a"], standing["b"]]) == [BEST, LIKE_BEST]
    assert standing["c"] == BEHIND
    best = "ab"[standing["b"] == BEST]
    text = board.markdown()
    table = text.split("### Video AUC")[1].split("###")[0]
    last_column = {line.split("|")[1].strip(): line.split("|")[-2] for line in table.splitlines() if "|" in line}
    assert "†" in last_column["ab"[best == "a"]]
    assert "†" not in last_column[best] + last_column["c"]
    assert [name for name, number in last_column.items() if "**" in number] == [best]
    assert "Bold: the best of the column, of what was scored here. †: not distinguishable from it" in text


@pytest.mark.parametrize(
    ("wins", "losses", "p_holm", "standing"),
    [(30, 5, 0.04, BEHIND), (30, 5, 0.05, LIKE_BEST), (5, 30, 0.04, LIKE_BEST), (9, 9, 1.0, LIKE_BEST)],
)
def test_behind_is_what_the_corrected_test_finds_worse(wins: int, losses: int, p_holm: float, standing: str) -> None:
    """McNemar may lean to the one with the lower accuracy: then they are not told apart."""
    column = ("FFPMS", "accuracy", "all")
    some = (np.zeros(9), np.zeros(2), ("v", "w"), ("p", "q"), 1)
    entries = [Entry((*column, "a"), 0.9, *some), Entry((*column, "b"), 0.8, *some)]
    found = Comparison(*column, "a", "b", 0.1, 0, 0.2, "mcnemar", 0.001, p_holm, 700, wins, losses)
    swapped = Comparison(*column, "b", "a", -0.1, -0.2, 0, "mcnemar", 0.001, p_holm, 700, losses, wins)
    for one in (found, swapped):
        assert rank(entries, [one]) == {(*column, "a"): BEST, (*column, "b"): standing}


def test_of_equal_ones_each_is_the_best() -> None:
    column = ("FFPMS", "auc", "all")
    some = (np.zeros(9), np.zeros(2), ("v", "w"), ("p", "q"), 1)
    entries = [Entry((*column, name), value, *some) for name, value in (("a", 0.9), ("b", 0.9), ("c", 0.8))]
    standing = rank(entries, compare(entries))
    assert [standing[*column, name] for name in "ab"] == [BEST, BEST]
    assert standing[*column, "c"] != BEST


def test_buckets_and_other_metrics_are_not_marked(board: Board) -> None:
    cells = board.cells
    assert set(cells.loc[cells["fake_rate_bucket"] != "all", "standing"]) == {""}
    assert set(cells.loc[~cells["metric"].isin(["accuracy", "auc", "frame_auc"]), "standing"]) == {""}


def test_alone_nothing_is_marked_or_explained() -> None:
    board = make_board([one_run("a", 0.4)])
    assert set(board.cells["standing"]) == {""}
    assert board.comparisons.empty
    assert "†" not in board.markdown()


def test_methods_scored_on_other_videos_are_not_compared(runs: list[Run]) -> None:
    fewer = replace(runs[1], scores=runs[1].scores[runs[1].scores["bag_id"] != "DF_test3a"])
    compared = make_board([runs[0], fewer]).comparisons
    assert set(compared["manipulation"]) == {"F2F"}, "DF and all lack a video"
    elsewhere = replace(runs[1], data_sha256="another set")
    assert make_board([runs[0], elsewhere]).comparisons.empty


def test_with_several_seeds_a_video_goes_to_whom_more_of_them_call_it_right() -> None:
    a = [one_run("a", 0.4, seed) for seed in (0, 1, 2)]
    b = [one_run("b", 0.2)]
    row = make_board([*a, *b]).comparisons.query("metric == 'accuracy' and manipulation == 'all'").iloc[0]
    right = {}
    for own in (*a, *b):
        videos = own.scores[own.scores["level"] == "video"]
        right.setdefault(own.method, []).append(((videos["score"] >= 0.5) == videos["y_true"]).to_numpy())
    shares = {method: np.mean(each, axis=0) for method, each in right.items()}
    assert row["wins"] == (shares["a"] > shares["b"]).sum()
    assert row["losses"] == (shares["a"] < shares["b"]).sum()


def test_a_large_table_still_tells_apart() -> None:
    """12 methods in 5 columns are 330 comparisons, and 330 times 1 in 10,000 resamples is not below 0.05."""
    draw, pairs = np.random.default_rng(0), tuple(map(str, range(70)))

    def entry(column: str, method: str, value: float) -> Entry:
        samples = np.r_[value, draw.normal(value, 0.02, 10_000)]
        return Entry(("FFPMS", "auc", column, method), value, samples, np.zeros(2), ("v", "w"), pairs, 1)

    columns, rivals = ("DF", "F2F", "FS", "NT", "all"), [f"m{k}" for k in range(11)]
    found = compare(entry(c, m, 0.95 if m == "best" else 0.8) for c in columns for m in ("best", *rivals))
    assert len(found) == 330
    assert all((one.p_holm < 0.01) == (one.method == "best") for one in found)


def test_a_single_pair_has_no_bootstrap() -> None:
    board = make_board([run(method=m, n_pairs=1) for m in ("a", "b")])
    auc = board.comparisons.query("metric == 'auc'")
    assert auc[["ci_low", "ci_high", "p", "p_holm"]].isna().all(axis=None)
    balanced = board.comparisons.query("metric == 'accuracy' and test == 'mcnemar'")
    assert set(balanced["manipulation"]) == {"DF", "F2F"}
    assert balanced["p"].notna().all()


def test_who_calls_everything_fake_is_told_from_who_is_right_about_both() -> None:
    """In ``all`` fakes are the most: calling everything fake wins more videos and has an accuracy of one half."""
    even, blind = one_run("even", 0.2), one_run("blind", 0.2)
    videos = even.scores["level"] == "video"
    known = even.scores["y_true"] * 0.6 + even.scores["bag_id"].str.endswith("a") * even.scores["y_true"] * -0.4 + 0.2
    even = replace(even, scores=even.scores.assign(score=known.where(videos, even.scores["score"])))
    blind = replace(blind, scores=blind.scores.assign(score=blind.scores["score"].where(~videos, 0.9)))
    board = make_board([even, blind])
    row = board.comparisons.query("metric == 'accuracy' and manipulation == 'all'").iloc[0]
    assert row["difference"] == pytest.approx(0.25)
    assert (row["test"], row["wins"], row["losses"]) == ("bootstrap", 80, 80)
    assert row["p_holm"] < 0.05
    cell = board.cells.query("metric == 'accuracy' and manipulation == 'all' and method == 'blind'").iloc[0]
    assert cell["standing"] == BEHIND
