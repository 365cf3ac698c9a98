"""The paper's experiments through the command line: a page, its tables and its curves, the same bytes again."""

from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result

from ffpms.builder.config import BuildConfig
from ffpms.dataset.loading import load
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.recipe import Recipe
from tests.conftest import Command
from tests.helpers.scores import names
from tests.helpers.tiny_set import TWO_TESTED, edit, make_set

QUICK = ("--backbone", "tiny", "--epochs", 1)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("experiments") / "runs"


def run_experiment(ffpms: Command, name: str, built: Path, out: Path) -> Result:
    flags = ("--methods", "s-mil,xn-avg", *QUICK, "--data", built, "--out", out)
    result = ffpms("bench", "--experiment", name, *flags)
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.parametrize(
    ("name", "dataset", "curves"),
    [
        ("fig6", "Minicorpus-10-custom", {"fake-rate", "fake-rate-grid"}),
        ("fig7", "Minicorpus-10-whole-custom", {"frames"}),
        ("table3", "Minicorpus-10-whole-custom", set()),
    ],
)
def test_an_experiment_leaves_a_page_with_its_tables_and_curves(
    ffpms: Command, built: Path, out: Path, name: str, dataset: str, curves: set[str]
) -> None:
    result = run_experiment(ffpms, name, built, out)
    page = (out / name / "README.md").read_text(encoding="utf-8")
    assert page.strip() == result.stdout.strip()
    assert "not the paper's test set, so the paper's numbers are left out" in page
    assert f"### Video accuracy at 0.5 (%), {dataset}" in page
    board = pd.read_csv(out / name / "leaderboard.csv")
    assert set(board["dataset"]) == {dataset}
    assert names(board["method"]) == {"s-mil", "xn-avg"}, "the other set's runs in the folder are not part of it"
    assert {path.stem for path in (out / name).glob("*.png")} == curves
    for curve in curves:
        assert f"]({curve}.png)" in page
        assert names(pd.read_csv(out / name / f"{curve}.csv")["method"]) == {"s-mil", "xn-avg"}


def test_an_experiment_has_a_table_and_a_curve_for_each_other_set(ffpms: Command, built: Path, tmp_path: Path) -> None:
    others = make_set(
        tmp_path / "others", {"train": [], "val": [], "test": [("904", "905")]}, BuildConfig(crop=CropConfig(size=64))
    )
    flags = ("--methods", "s-mil", *QUICK, "--data", built, "--test-data", others, "--out", tmp_path)
    result = ffpms("bench", "--experiment", "fig6", *flags)
    assert result.exit_code == 0, result.output
    assert len({line for line in result.stdout.splitlines() if line.startswith("### Video AUC")}) == 2
    curves = {path.name for path in (tmp_path / "fig6").glob("fake-rate-grid-*.png")}
    assert {name.rpartition("-")[2].removesuffix(".png") for name in curves} == {
        load(root).sha256[:8] for root in (built, others)
    }


def test_what_is_done_is_not_done_again_and_the_bytes_are_the_same(ffpms: Command, built: Path, out: Path) -> None:
    if not (out / "fig6" / "README.md").is_file():
        run_experiment(ffpms, "fig6", built, out)
    before = {path: path.read_bytes() for path in (out / "fig6").glob("*.csv")}
    again = run_experiment(ffpms, "fig6", built, out)
    assert again.stderr.count("done already") == 2
    assert "training" not in again.stderr
    assert len(before) == 4
    assert before == {path: path.read_bytes() for path in (out / "fig6").glob("*.csv")}


def test_localisation_is_of_sets_with_segments_and_shows_where_they_lie(
    ffpms: Command, built: Path, tmp_path: Path
) -> None:
    flags = ("--experiment", "localisation", "--methods", "s-mil,xn-avg", *QUICK, "--out", tmp_path / "runs")
    refused = ffpms("bench", *flags, "--data", built)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "lie at random, and localisation is of segments; build one with --placement segments" in refused.stderr
    recipe = Recipe(frames_per_video=24, replaced=(1, 23), manipulations=("DF", "F2F"), placement="segments")
    data = make_set(tmp_path / "data", TWO_TESTED, BuildConfig(recipe, CropConfig(size=32)))
    edit(data, "sources", lambda sources: sources.assign(fps=25.0))
    result = ffpms("bench", *flags, "--data", data)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "runs" / "localisation" / "README.md").read_text(encoding="utf-8")
    assert page.strip() == result.stdout.strip()
    rows = pd.read_csv(tmp_path / "runs" / "localisation" / "timelines.csv", keep_default_na=False)
    assert set(rows["what"]) == {"truth", "score", "proposal"}
    assert set(rows["method"]) == {"", "s-mil", "xn-avg"}
    assert rows["end_s"].max() <= 40 / 25
    board = pd.read_csv(tmp_path / "runs" / "localisation" / "leaderboard.csv")
    assert {"ap_at_iou_50", "ap_at_iou_95", "ar_at_50", "frame_auc_within"} <= set(board["metric"])


def test_an_experiment_says_itself_which_mix_it_is_of(ffpms: Command, built: Path) -> None:
    result = ffpms("bench", "--experiment", "fig6", "--unmixed", "--data", built)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "leave --unmixed away" in result.stderr


def test_an_experiment_of_which_nothing_succeeds_shows_that_and_no_other_run(
    ffpms: Command, built: Path, tmp_path: Path
) -> None:
    assert ffpms("bench", "--methods", "xn-avg", *QUICK, "--data", built, "--out", tmp_path).exit_code == 0
    (tmp_path / "fig7").mkdir()
    (tmp_path / "fig7" / "frames-of-old.png").touch()
    flags = ("--experiment", "fig7", "--methods", "s-mil", *QUICK, "--lr", 1e30)
    result = ffpms("bench", *flags, "--data", built, "--out", tmp_path)
    assert result.exit_code == 1
    assert "xn-avg" not in result.stdout
    assert "### Failed" in result.stdout
    assert "try a lower --lr" in (tmp_path / "fig7" / "failures.csv").read_text(encoding="utf-8")
    assert not list((tmp_path / "fig7").glob("*.png"))


def test_a_first_run_that_fails_leaves_its_row(ffpms: Command, built: Path, tmp_path: Path) -> None:
    flags = ("--methods", "s-mil", *QUICK, "--lr", 1e30)
    assert ffpms("bench", *flags, "--data", built, "--out", tmp_path).exit_code == 1
    assert len(pd.read_csv(tmp_path / "failures.csv")) == 1
    assert "### Failed" in (tmp_path / "leaderboard.md").read_text(encoding="utf-8")
