"""From stored scores to cells: buckets, groups, seeds and the printed table."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from benchmark.leaderboards import board
from benchmark.leaderboards.board import COLUMNS, make_board, tabulate
from benchmark.leaderboards.cells import fill
from benchmark.leaderboards.groups import group_runs
from benchmark.metrics.accuracy import accuracy
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.score_arrays import bucket_of
from ffpms.errors import ManifestError
from tests.helpers.scores import keep_one_pair, run, scores


def test_buckets() -> None:
    rates = pd.Series([0.0, 0.05, 0.1, 0.14, 0.15, 0.3, 0.35, 0.95, 1.0])
    expected = ["", "5-10%", "10-15%", "10-15%", "15-20%", "30-35%", "35-40%", "95-100%", "95-100%"]
    assert bucket_of(rates).tolist() == expected


def test_every_level_of_20_has_a_bucket_of_its_own() -> None:
    assert bucket_of(pd.Series(np.arange(1, 20) / 20)).nunique() == 19


@given(st.integers(2, 400), st.data())
def test_each_rate_above_0_of_any_number_of_frames_is_in_one_bucket(n_frames: int, data: st.DataObject) -> None:
    names = [f"{low}-{low + 5}%" for low in range(0, 100, 5)]
    level = data.draw(st.integers(0, n_frames))
    (name,) = bucket_of(pd.Series([level / n_frames]))
    holds = [low * n_frames <= 100 * level < (low + 5) * n_frames for low in range(0, 100, 5)]
    holds[-1] |= level == n_frames
    assert name == (names[holds.index(True)] if level else "")
    assert sum(holds) == 1


@given(st.floats(0, 1, exclude_min=True))
def test_no_fake_is_without_a_bucket(rate: float) -> None:
    (name,) = bucket_of(pd.Series([rate]))
    low, high = map(int, name.removesuffix("%").split("-"))
    assert low - 1e-6 <= 100 * rate <= high + 1e-6


def test_cells_hold_what_the_scores_give() -> None:
    one = run()
    cells = tabulate([one])
    assert list(cells.columns) == list(COLUMNS)
    video = one.scores[(one.scores["level"] == "video") & one.scores["manipulation"].isin(["original", "DF"])]
    cell = cells[
        (cells["manipulation"] == "DF") & (cells["fake_rate_bucket"] == "all") & (cells["metric"] == "accuracy")
    ].iloc[0]
    assert cell["value"] == accuracy(video["y_true"].to_numpy(), video["score"].to_numpy())
    assert cell["n_videos"] == len(video)
    assert cell["ci_low"] < cell["value"] < cell["ci_high"]
    assert (cells["source"] == "ours").all()
    assert set(cells["metric"]) == {name for name, metric in METRICS.items() if metric.protocol in ("", "activitynet")}


def test_a_bucket_holds_its_fakes_and_all_originals() -> None:
    cells = tabulate([run()])
    cell = cells[(cells["manipulation"] == "DF") & (cells["fake_rate_bucket"] == "5-10%")].iloc[0]
    assert cell["n_videos"] == 16 + 2


def test_seeds_are_averaged_and_named() -> None:
    both, first, second = (tabulate(runs) for runs in ([run(0), run(1)], [run(0)], [run(1)]))
    np.testing.assert_allclose(both["value"], (first["value"] + second["value"]) / 2)
    np.testing.assert_allclose(both["std"], np.abs(first["value"] - second["value"]) / 2**0.5, atol=1e-12)
    assert both["by_seed"][0] == f"{first['value'][0]:.6f};{second['value'][0]:.6f}"
    assert set(both["seeds"]) == {"0;1"}
    assert set(both["run_ids"]) == {"s-mil-0;s-mil-1"}


def test_a_run_that_is_given_twice_counts_once() -> None:
    once, twice = (make_board([run(0) for _ in range(n)]).cells for n in (1, 3))
    pd.testing.assert_frame_equal(once, twice)


def test_different_configurations_are_never_averaged() -> None:
    groups = group_runs([run(0), run(1, epochs=2), run(0, method="xn-avg")])
    assert [g.method for g in groups] == ["s-mil", "s-mil [epochs=2]", "xn-avg"]


def test_training_on_each_manipulation_fills_one_row() -> None:
    cells = tabulate([replace(run(0, manipulations=(kind,)), run_id=kind) for kind in ("DF", "F2F")])
    assert set(cells["method"]) == {"s-mil"}
    assert set(cells["manipulation"]) == {"DF", "F2F"}


def test_manipulations_come_in_the_order_of_their_corpus_whatever_the_runs() -> None:
    """A code that no corpus has comes last; it is not dropped."""
    runs = [run(0, manipulations=(code,)) for code in ("ZZ", "NT", "F2F", "DF")]
    (group,) = group_runs(runs)
    assert group.manipulations == ["DF", "F2F", "NT", "ZZ"]


def test_a_board_is_computed_on_one_thread_and_the_others_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of small products wait for each other: on a busy machine that took 14 times as long."""

    def count_threads() -> set[int]:
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    def note(*given: Any) -> Any:
        seen.append(count_threads())
        return fill(*given)

    seen: list[set[int]] = []
    monkeypatch.setattr(board, "fill", note)
    with threadpool_limits(limits=2, user_api="blas"):
        if count_threads() != {2}:
            pytest.skip("the linear algebra here has no two threads to limit")
        make_board(run())
        assert count_threads() == {2}
    assert seen == [{1}]


def test_one_pair_gives_no_interval() -> None:
    one = run()
    alone = replace(one, scores=scores(0, n_pairs=1))
    assert tabulate([alone])["ci_low"].isna().all()


def test_a_column_whose_fakes_are_of_one_pair_has_no_interval_and_no_test() -> None:
    """Its fakes never vary over resamples, however many pairs the originals have."""
    runs = [keep_one_pair(run(seed, name), "F2F") for name in ("s-mil", "xn-avg") for seed in (0, 1000, 2000)]
    board = make_board(runs)
    of_one = board.cells["manipulation"] == "F2F"
    assert board.cells[of_one]["ci_low"].isna().all()
    assert board.cells[~of_one & (board.cells["metric"] == "auc")]["ci_low"].notna().any()
    assert board.comparisons.groupby("manipulation")["p"].apply(lambda p: p.isna().all()).to_dict() == {
        "DF": False,
        "F2F": True,
        "all": False,
    }


def test_a_bucket_of_one_pair_has_no_interval() -> None:
    cells = tabulate([run()])  # each of the eight pairs has a rate of its own
    buckets = cells["fake_rate_bucket"] != "all"
    assert buckets.any()
    assert cells[buckets]["ci_low"].isna().all()


def test_a_row_trained_on_fewer_manipulations_does_not_fill_the_column_of_all() -> None:
    """Its videos are others, so that its number there could not be compared."""
    part = run(1, manipulations=("DF", "F2F"))
    whole, alone = group_runs([run(0, manipulations=("DF", "F2F", "NT")), part]), group_runs([part])
    assert [group.manipulations for group in whole] == [["all", "DF", "F2F", "NT"], ["DF", "F2F"]]
    assert [group.manipulations for group in alone] == [["all", "DF", "F2F"]]


def test_the_table_has_a_method_a_row_and_a_manipulation_a_column() -> None:
    text = make_board([run(), run(method="xn-avg")]).markdown()
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert [c.strip() for c in lines[0].split("|")[1:-1]] == ["method", "DF", "F2F", "all"]
    assert [line.split("|")[1].strip() for line in lines[2:4]] == ["s-mil", "xn-avg"]


def test_no_run_is_said() -> None:
    with pytest.raises(ManifestError, match="no finished run"):
        tabulate([])
