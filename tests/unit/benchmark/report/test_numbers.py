"""Numbers of the page's leaderboard: they are those of its other formats."""

import pandas as pd

from benchmark.leaderboards.board import make_board
from benchmark.leaderboards.rendering.tables import make_tables
from benchmark.report.numbers import list_numbers
from benchmark.runs.collection import Collection


def test_a_number_of_the_board_is_rounded_once(found: Collection) -> None:
    """As in leaderboard.md: 0.36044977 is 36.04, and what six digits make of it was 36.05."""
    cells = make_board(found.runs).cells
    odd = cells[cells["metric"] == "auc"].assign(value=0.36044977, ci_low=0.6225, ci_high=0.74, std=0.0125)
    rows = list_numbers(pd.concat([odd, odd.assign(metric="brier")]).assign(minus_paper=-0.0249951))["rows"]
    assert {tuple(row[5:8]) for row in rows} == {
        ("36.04", "± 1.25 [62.3, 74.0]", "-2.50"),
        ("0.360", "± 0.013 [0.62, 0.74]", "-0.025"),
    }
    (table, *_) = make_tables(odd[odd["manipulation"] == "all"])
    ours = {(number.figure, number.spread) for number in table.numbers}
    assert ours == {("36.04", "± 1.25 [62.3, 74.0]")}
