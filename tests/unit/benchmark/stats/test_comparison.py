"""Method against method: what is compared, what is found, and what the tables say about it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from benchmark.leaderboards.board import Board, make_board
from benchmark.runs.folder import Run
from benchmark.stats.comparison import BEHIND, BEST, BEST_TESTED, LIKE_BEST, WELCH, Comparison, Entry, compare, rank
from benchmark.stats.significance import holm
from tests.helpers.scores import run

N_PAIRS = 40
SOME = (np.zeros(9), 2, np.zeros(2), ("v", "w"), ("p", "q"))
"""An entry's resamples, number of pairs, videos called right, and names."""
SEEDS = (0, 1000, 2000)
"""Far apart: made-up scores depend on the sum of seed and name."""


def one_run(method: str, skill: float, seed: int = 0, **about: Any) -> Run:
    """All fakes in one bucket of fake rates, for buckets take most of a board's time."""
    one = run(seed, method, skill=skill, **({"n_pairs": N_PAIRS} | about))
    return replace(one, scores=one.scores.assign(fake_rate=0.5 * (one.scores["manipulation"] != "original")))


def three_runs(method: str, skill: float) -> list[Run]:
    return [one_run(method, skill, seed) for seed in SEEDS]


def repeat(one: Run) -> list[Run]:
    """Three seeds with the same scores: trainings that do not differ."""
    return [replace(one, run_id=f"{one.method}-{s}", seed=s, settings={**one.settings, "seed": s}) for s in SEEDS]


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    """a and b are as good as each other; c is worse by far."""
    return [*three_runs("a", 0.4), *three_runs("b", 0.4), *three_runs("c", 0.0)]


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


def call_right(own: Run, manipulation: str) -> np.ndarray:
    """Whether each video is called right, by pair: as many real as fake ones."""
    videos = own.scores[(own.scores["level"] == "video") & own.scores["manipulation"].isin(["original", manipulation])]
    right = ((videos["score"] >= 0.5) == videos["y_true"]).to_numpy()
    return right.reshape(N_PAIRS, -1)


def test_wins_are_the_videos_that_only_one_calls_right(runs: list[Run]) -> None:
    row = make_board([runs[0], runs[6]]).comparisons.query("metric == 'accuracy' and manipulation == 'DF'").iloc[0]
    a, c = (call_right(own, "DF") for own in (runs[0], runs[6]))
    assert (row["wins"], row["losses"], row["n_videos"]) == ((a & ~c).sum(), (~a & c).sum(), 4 * N_PAIRS)


@pytest.mark.parametrize("other", ["b", "c"])
def test_the_noise_is_that_of_pairs_and_of_both_methods_trainings(
    runs: list[Run], comparisons: pd.DataFrame, other: str
) -> None:
    """Worked out by pair, without a bootstrap: accuracy is a mean over pairs."""
    query = f"metric == 'accuracy' and manipulation == 'DF' and method == 'a' and other == '{other}'"
    row = comparisons.query(query).iloc[0]
    a, b = (np.array([call_right(own, "DF").mean(axis=1) for own in runs if own.method == m]) for m in ("a", other))
    parts = [(a.mean(axis=0) - b.mean(axis=0)).var(ddof=1) / N_PAIRS, *(x.mean(axis=1).var(ddof=1) / 3 for x in (a, b))]
    degrees = sum(parts) ** 2 / sum(v**2 / d for v, d in zip(parts, (N_PAIRS - 1, 2, 2), strict=True))
    assert row["test"] == WELCH
    assert row["difference"] == pytest.approx(a.mean() - b.mean())
    assert row["p"] == pytest.approx(2 * t.sf(abs(row["difference"]) / sum(parts) ** 0.5, degrees), rel=0.05)
    reach = t.ppf(0.975, degrees) * sum(parts) ** 0.5
    assert row["ci_high"] - row["difference"] == pytest.approx(reach, rel=0.02)


def test_holm_corrects_over_the_whole_table(comparisons: pd.DataFrame) -> None:
    for _, family in comparisons.groupby("metric"):
        assert len(family) == 9
        np.testing.assert_allclose(family["p_holm"], holm(family["p"].to_numpy()))


def test_pairing_makes_a_difference_narrower() -> None:
    """A method against itself with a little less: the videos' own difficulty cancels."""
    a = one_run("a", 0.3, manipulations=("DF",))
    worse = a.scores["score"].where(a.scores["y_true"] == 0, a.scores["score"] * 0.93)
    b = replace(
        a, run_id="b-0", method="b", settings={**a.settings, "method": "b"}, scores=a.scores.assign(score=worse)
    )
    board = make_board([*repeat(a), *repeat(b)])
    row = board.comparisons.query("metric == 'auc'").iloc[0]
    cell = board.cells.query("metric == 'auc' and fake_rate_bucket == 'all'").iloc[0]
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
    assert "Bold: the highest of the column, of what was scored here. †: not distinguishable from it" in text
    assert "seed" not in text.split("†: not")[1]


@pytest.mark.parametrize("wins", [30, 5])
@pytest.mark.parametrize(
    ("p_holm", "standing"), [(0.04, BEHIND), (0.05, LIKE_BEST), (1.0, LIKE_BEST), (float("nan"), "")]
)
def test_behind_is_what_the_corrected_test_finds_worse(wins: int, p_holm: float, standing: str) -> None:
    """Whoever wins more videos; without a test nothing is said."""
    column = ("FFPMS", "accuracy", "all")
    entries = [Entry((*column, "a"), np.full(3, 0.9), *SOME), Entry((*column, "b"), np.full(3, 0.8), *SOME)]
    found = Comparison(*column, "a", "b", 0.1, 0, 0.2, "welch", 0.001, p_holm, 700, wins, 9)
    swapped = Comparison(*column, "b", "a", -0.1, -0.2, 0, "welch", 0.001, p_holm, 700, 9, wins)
    for one in (found, swapped):
        assert rank(entries, [one]) == {(*column, "a"): BEST, (*column, "b"): standing}


def test_of_equal_ones_each_is_the_best() -> None:
    column = ("FFPMS", "auc", "all")
    for n_seeds in (1, 3):
        values = (("a", 0.9), ("b", 0.9), ("c", 0.8))
        entries = [Entry((*column, name), np.full(n_seeds, value), *SOME) for name, value in values]
        standing = rank(entries, compare(entries))
        assert [standing[*column, name] for name in "ab"] == [BEST, BEST]
        assert standing[*column, "c"] != BEST


def test_a_best_of_one_seed_leaves_the_tested_ones_their_ranks(runs: list[Run]) -> None:
    """A submission of one seed that is the highest took every dagger from the rows below it."""
    whole = "metric in ['accuracy', 'auc'] and fake_rate_bucket == 'all'"
    board = make_board([*runs, one_run("top", 0.6)])
    cells, alone = board.cells.query(whole), make_board(runs).cells.query(whole)["standing"]
    assert set(cells.loc[cells["method"] == "top", "standing"]) == {BEST}
    rest = cells.loc[cells["method"] != "top", "standing"]
    assert set(rest) == {BEST_TESTED, LIKE_BEST, BEHIND}
    assert rest.tolist() == alone.replace(BEST, BEST_TESTED).tolist()
    foot = board.markdown().strip().splitlines()[-1]
    assert "‡: the highest of the tested rows, where the highest of all is not tested. There † refers to ‡." in foot
    assert "rows of fewer than three seeds (top) are not tested" in foot


def test_of_equal_ones_the_tested_one_is_ranked_by() -> None:
    column = ("FFPMS", "auc", "all")
    rows = (("one", 0.9, 1), ("a", 0.9, 3), ("b", 0.9, 3), ("c", 0.1, 3))
    entries = [Entry((*column, name), np.full(n, value), *SOME) for name, value, n in rows]
    standing = rank(entries, compare(entries))
    assert [standing[*column, name] for name in ("one", "a", "b")] == [BEST] * 3
    assert standing[*column, "c"] in (BEHIND, LIKE_BEST)


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
    fewer = replace(runs[3], scores=runs[3].scores[runs[3].scores["bag_id"] != "DF_test3a"])
    compared = make_board([runs[0], fewer]).comparisons
    assert set(compared["manipulation"]) == {"F2F"}, "DF and all lack a video"
    elsewhere = replace(runs[3], data_sha256="another set")
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
        by_seed = value + draw.normal(0, 0.005, 3)
        return Entry(("FFPMS", "auc", column, method), by_seed, samples, len(pairs), np.zeros(2), ("v", "w"), pairs)

    columns, rivals = ("DF", "F2F", "FS", "NT", "all"), [f"m{k}" for k in range(11)]
    found = compare(entry(c, m, 0.95 if m == "best" else 0.8) for c in columns for m in ("best", *rivals))
    assert len(found) == 330
    assert all((one.p_holm < 0.01) == (one.method == "best") for one in found)


def test_a_single_pair_has_no_bootstrap() -> None:
    board = make_board([run(seed, m, n_pairs=1) for m in ("a", "b") for seed in SEEDS])
    assert len(board.comparisons) == 9
    assert board.comparisons[["ci_low", "ci_high", "p", "p_holm"]].isna().all(axis=None)
    assert set(board.cells["standing"]) == {BEST, ""}


def test_who_calls_everything_fake_is_told_from_who_is_right_about_both() -> None:
    """In ``all`` fakes are the most: calling everything fake wins more videos and has an accuracy of one half."""
    even, blind = one_run("even", 0.2), one_run("blind", 0.2)
    videos = even.scores["level"] == "video"
    known = even.scores["y_true"] * 0.6 + even.scores["bag_id"].str.endswith("a") * even.scores["y_true"] * -0.4 + 0.2
    even = replace(even, scores=even.scores.assign(score=known.where(videos, even.scores["score"])))
    blind = replace(blind, scores=blind.scores.assign(score=blind.scores["score"].where(~videos, 0.9)))
    board = make_board([*repeat(even), *repeat(blind)])
    row = board.comparisons.query("metric == 'accuracy' and manipulation == 'all'").iloc[0]
    assert row["difference"] == pytest.approx(0.25)
    assert (row["test"], row["wins"], row["losses"]) == (WELCH, 80, 80)
    assert row["p_holm"] < 0.05
    cell = board.cells.query("metric == 'accuracy' and manipulation == 'all' and method == 'blind'").iloc[0]
    assert cell["standing"] == BEHIND


def test_with_one_seed_nothing_is_tested(runs: list[Run]) -> None:
    """c is worse by far; but of each method there is one model, and others may differ as much."""
    board = make_board([runs[0], runs[3], runs[6]])
    assert len(board.comparisons) == 27
    assert board.comparisons[["ci_low", "ci_high", "p", "p_holm"]].isna().all(axis=None)
    assert set(board.comparisons["test"]) == {""}
    whole = board.cells.query("metric == 'auc' and manipulation == 'all' and fake_rate_bucket == 'all'")
    best = whole["value"] == whole["value"].max()
    assert whole["standing"].tolist() == [BEST if one else "" for one in best]


@pytest.mark.parametrize(("n_seeds", "tested"), [((2, 3), False), ((3, 3), True), ((3, 5), True), ((1, 5), False)])
def test_both_need_three_seeds_and_may_have_more(n_seeds: tuple[int, int], tested: bool) -> None:
    seeds, small = [1000 * k for k in range(5)], {"n_pairs": 12, "manipulations": ("DF",)}
    numbers = zip(("a", "z"), (0.6, 0.0), n_seeds, strict=True)
    board = make_board([one_run(m, skill, seed, **small) for m, skill, n in numbers for seed in seeds[:n]])
    assert board.comparisons["p_holm"].notna().eq(tested).all()
    assert board.comparisons["ci_low"].notna().eq(tested).all()
    worse = board.cells.query("metric == 'auc' and method == 'z' and fake_rate_bucket == 'all'")["standing"]
    assert set(worse) == ({BEHIND} if tested else {""})


def test_a_row_of_one_seed_leaves_the_others_tested(runs: list[Run]) -> None:
    comparisons = make_board([*runs[:6], runs[6]]).comparisons
    of_c = comparisons["other"] == "c"
    assert comparisons.loc[of_c, "p_holm"].isna().all()
    tested = comparisons[~of_c]
    for _, family in tested.groupby("metric"):
        np.testing.assert_allclose(family["p_holm"], holm(family["p"].to_numpy()))


def test_two_trainings_of_a_method_are_not_told_apart_though_their_models_are(runs: list[Run]) -> None:
    """Trainings of one method that differ by far: no test of the pairs alone may speak of methods."""
    skills, small = {"a": (0.5, 0.1, 0.3), "z": (0.1, 0.2, 0.25)}, {"n_pairs": 12, "manipulations": ("DF",)}
    trainings = [(m, s, seed) for m, own in skills.items() for seed, s in zip(SEEDS, own, strict=True)]
    board = make_board([one_run(*training, **small) for training in trainings])
    assert (board.comparisons["p"] > 0.05).all()


def test_a_single_pair_has_no_test() -> None:
    rest = (np.ones(9), 1, np.zeros(1), ("v",), ("p",))
    entries = [Entry(("t", "auc", "all", name), np.full(3, v), *rest) for name, v in (("a", 0.9), ("b", 0.8))]
    (found,) = compare(entries)
    assert found.test == ""
    assert np.isnan(found.p)
