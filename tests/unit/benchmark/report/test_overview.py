"""What the overview of a report says of who leads: nothing that the board does not hold."""

import pandas as pd
import pytest

from benchmark.report.overview import _describe_column


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("a", 0.9, "best"), ("b", 0.8, "")], "a has the highest, 90.0 %. No difference was tested, so none stands."),
        ([("a", 0.9, "best"), ("b", 0.9, "best")], "a has the highest, 90.0 %. As high: b."),
        (
            [("a", 0.9, "best"), ("b", 0.9, "best"), ("c", 0.8, "")],
            "a has the highest, 90.0 %. As high: b. Not tested: c.",
        ),
        (
            [("a", 0.9, "best"), ("b", 0.8, "like_best"), ("c", 0.7, "")],
            "a has the highest, 90.0 %. Not told apart from it: b. Not tested: c.",
        ),
        ([("a", 0.9, "best"), ("b", 0.5, "behind")], "a has the highest, 90.0 %. Behind it, beyond the noise: b."),
        ([("a", 0.9, "")], "a has 90.0 %."),
        (
            [("a", 0.9, "best"), ("b", 0.8, "best_tested"), ("c", 0.7, "like_best"), ("d", 0.5, "behind")],
            "a has the highest, 90.0 %. No difference from it was tested. Of the tested rows b has the highest,"
            " 80.0 %. Behind it, beyond the noise: d. Not told apart from it: c.",
        ),
        (
            [
                ("a", 0.9, "best"),
                ("e", 0.9, "best"),
                ("b", 0.8, "best_tested"),
                ("c", 0.8, "best_tested"),
                ("d", 0, ""),
            ],
            "a has the highest, 90.0 %. As high: e. No difference from it was tested. Of the tested rows b has the"
            " highest, 80.0 %. As high: c. Not tested: d.",
        ),
    ],
)
def test_a_column_says_what_was_tested(rows: list[tuple[str, float, str]], said: str) -> None:
    """Methods that are equal seed by seed are tested too, and no test finds them apart."""
    column = pd.DataFrame(rows, columns=["method", "value", "standing"]).assign(ci_low=float("nan"))
    assert _describe_column(column) == said
