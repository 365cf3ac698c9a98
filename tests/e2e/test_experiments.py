"""The paper's experiments through the command line: a page, its tables and its curves, the same bytes again."""

from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result

from tests.conftest import Command


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("experiments") / "runs"


def run_experiment(ffpms: Command, name: str, built: Path, out: Path) -> Result:
    flags = ("--methods", "s-mil,xn-avg", "--backbone", "tiny", "--epochs", 1, "--data", built, "--out", out)
    result = ffpms("bench", "--experiment", name, *flags)
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.parametrize(
    ("name", "dataset", "curves"),
    [
        ("fig6", "FFPMS-custom", {"fake-rate", "fake-rate-grid"}),
        ("fig7", "FF++-c40-custom", {"frames"}),
        ("table3", "FF++-c40-custom", set()),
    ],
)
def test_an_experiment_leaves_a_page_with_its_tables_and_curves(
    ffpms: Command, built: Path, out: Path, name: str, dataset: str, curves: set[str]
) -> None:
    result = run_experiment(ffpms, name, built, out)
    page = (out / name / "README.md").read_text(encoding="utf-8")
    assert page.strip() == result.stdout.strip()
    assert "not the paper's test set" in page
    assert f"### Video accuracy at 0.5 (%), {dataset}" in page
    board = pd.read_csv(out / name / "leaderboard.csv")
    assert set(board["dataset"]) == {dataset}
    assert set(board["method"]) == {"s-mil", "xn-avg"}, "the other set's runs in the folder are not part of it"
    assert {path.stem for path in (out / name).glob("*.png")} == curves
    for curve in curves:
        assert f"]({curve}.png)" in page
        assert set(pd.read_csv(out / name / f"{curve}.csv")["method"]) == {"s-mil", "xn-avg"}


def test_what_is_done_is_not_done_again_and_the_bytes_are_the_same(ffpms: Command, built: Path, out: Path) -> None:
    run_experiment(ffpms, "fig6", built, out)
    before = {path: path.read_bytes() for path in (out / "fig6").glob("*.csv")}
    again = run_experiment(ffpms, "fig6", built, out)
    assert again.stderr.count("done already") == 2
    assert "training" not in again.stderr
    assert len(before) == 4
    assert before == {path: path.read_bytes() for path in (out / "fig6").glob("*.csv")}


def test_an_experiment_says_itself_which_mix_it_is_of(ffpms: Command, built: Path) -> None:
    result = ffpms("bench", "--experiment", "fig6", "--unmixed", "--data", built)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "leave --unmixed away" in result.stderr
