"""``ffpms evaluate``: several trainings in one file of scores."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from benchmark.leaderboards.board import make_board
from benchmark.leaderboards.groups import group_runs
from benchmark.runs.collection import read_runs
from benchmark.runs.external import read_scores, write_runs
from benchmark.runs.folder import read_run
from benchmark.runs.ground_truth import GroundTruth
from tests.conftest import Command
from tests.helpers.submission_folders import predict_seeds
from tests.helpers.submissions import Submit, check_refused, predict
from tests.helpers.tiny_set import TWO_TESTED, make_set


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of two test pairs, so that numbers have intervals."""
    return make_set(tmp_path_factory.mktemp("pairs") / "data", TWO_TESTED)


def test_each_seed_is_a_run_and_all_are_one_row(submit: Submit, pairs: Path, tmp_path: Path) -> None:
    rows = predict_seeds(pairs, (0, 7, 2020))
    assert submit(rows, "--data", pairs).exit_code == 0
    runs = read_runs(tmp_path / "runs")
    assert sorted(one.seed for one in runs if one.seed is not None) == [0, 7, 2020]
    (group,) = group_runs(runs)
    assert [one.seed for one in group.runs] == [0, 7, 2020]
    for one in runs:
        videos = one.scores[one.scores["level"] == "video"].set_index("bag_id")["score"]
        own = rows[(rows["seed"] == one.seed) & (rows["slot"] == "")].set_index("bag_id")["score"]
        assert videos.to_dict() == pytest.approx(own.to_dict())
    board = pd.read_csv(tmp_path / "runs" / "leaderboard.csv")
    row = board.query("metric == 'frame_auc' and manipulation == 'all' and fake_rate_bucket == 'all'").iloc[0]
    values = [float(value) for value in row["by_seed"].split(";")]
    assert row["seeds"] == "0;7;2020"
    assert row["value"] == pytest.approx(np.mean(values), abs=1e-6)
    assert row["std"] == pytest.approx(np.std(values, ddof=1), abs=1e-5)
    assert row["std"] > 0


def test_two_tools_of_three_seeds_are_tested(submit: Submit, pairs: Path, tmp_path: Path) -> None:
    rows = predict_seeds(pairs)
    assert submit(rows, "--data", pairs).exit_code == 0
    assert submit(rows.assign(score=1 - rows["score"]), "--data", pairs, name="upside-down").exit_code == 0
    assert set(pd.read_csv(tmp_path / "runs" / "comparisons.csv")["test"]) == {"welch"}


def test_the_same_seeds_are_the_same_runs_in_any_form(
    ffpms: Command, submit: Submit, pairs: Path, tmp_path: Path
) -> None:
    rows = predict_seeds(pairs)
    assert submit(rows, "--data", pairs).exit_code == 0
    before = {path.name for path in (tmp_path / "runs").iterdir()}
    assert submit(rows.sample(frac=1, random_state=0), "--data", pairs).exit_code == 0
    rows.assign(slot=pd.to_numeric(rows["slot"])).to_parquet(tmp_path / "mine.parquet")
    flags = ("--name", "my-tool", "--data", pairs, "--out", tmp_path / "runs")
    assert ffpms("evaluate", "--scores", tmp_path / "mine.parquet", *flags).exit_code == 0
    assert {path.name for path in (tmp_path / "runs").iterdir()} == before
    other = rows.assign(score=rows["score"].where(rows["seed"] != 1, 0.25))
    assert submit(other, "--data", pairs).exit_code == 0
    labels = make_board(tmp_path / "runs").cells["method"].unique()
    assert len(labels) == 2, "a file with another seed 1 is another row"
    assert all(label.startswith("my-tool [scores=") for label in labels)


def test_without_the_column_the_folder_has_the_name_that_it_always_had(tmp_path: Path) -> None:
    predict(None).to_csv(tmp_path / "mine.csv", index=False)
    test, problems = read_scores(tmp_path / "mine.csv", GroundTruth.of_v1("test"))
    assert test
    assert problems == []
    (folder,) = write_runs("my-tool", test, None, tmp_path)
    assert folder.name == "my-tool-6bed621dcef0"
    assert read_run(folder).seed is None


def test_logits_stand_for_scores(ffpms: Command, submit: Submit, pairs: Path, tmp_path: Path) -> None:
    rows = predict(pairs)
    assert submit(rows, "--data", pairs).exit_code == 0
    (run,) = read_runs(tmp_path / "runs")
    logits = rows.assign(logit=logit(rows["score"])).drop(columns="score")
    logits.to_csv(tmp_path / "logits.csv", index=False)
    flags = ("--name", "my-tool", "--data", pairs, "--out", tmp_path / "of-logits")
    assert ffpms("evaluate", "--scores", tmp_path / "logits.csv", *flags).exit_code == 0
    (same,) = read_runs(tmp_path / "of-logits")
    np.testing.assert_allclose(same.scores["score"], run.scores["score"], rtol=1e-12)


WRONG = {
    "a bag of one seed": (
        lambda r: r.drop(index=r[(r["seed"] == 1) & (r["bag_id"] == "DF_004_005")].index),
        ["seed 1: test bags of", "without a row: 1 (DF_004_005); give each a row with an empty slot, and one for"],
    ),
    "a frame of two seeds": (
        lambda r: r.drop(index=r[(r["seed"] > 0) & (r["bag_id"] == "DF_004_005") & (r["slot"] == 2)].index),
        ["seeds 1, 2: frames without a score: 1 (DF_004_005 2)"],
    ),
    "a score above 1": (
        lambda r: r.assign(score=r["score"].where((r["seed"] != 1) | (r["slot"] != 2), 1.5)),
        ["scores outside [0, 1]: 6 (original_004 2 of seed 1, original_005 2 of seed 1, "],
    ),
    "half a seed": (lambda r: r.assign(seed=r["seed"] + 0.5), ["seeds that are no whole number: "]),
    "no seed": (lambda r: r.assign(seed=""), ["seeds that are no whole number: "]),
    "a negative seed": (lambda r: r.assign(seed=-1), ["seeds that are no whole number: "]),
    "a seed twice": (lambda r: pd.concat([r, r[r["seed"] == 2].head(1)]), ["seed 2: rows that score again"]),
    "both": (lambda r: r.assign(logit=0.0), ["both score and logit"]),
    "no logit": (
        lambda r: r.drop(columns="score").assign(logit="high"),
        ["logits that are no number: 90 (original_004 of seed 0, "],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_names_the_seed(submit: Submit, whole: Path, tmp_path: Path, name: str) -> None:
    change, said = WRONG[name]
    lines = check_refused(submit(change(predict_seeds(whole)), "--data", whole), tmp_path, said)
    assert len(lines) <= len(said)


def test_val_scores_are_of_the_same_seeds(submit: Submit, whole: Path, tmp_path: Path) -> None:
    for seeds in ((0, 1, 2), (0, 1)):
        predict_seeds(whole, seeds, "val").to_csv(tmp_path / "val.csv", index=False)
        result = submit(predict_seeds(whole), "--data", whole, "--val-scores", tmp_path / "val.csv")
        assert result.exit_code == (0 if len(seeds) == 3 else 2)
    assert result.stderr == (
        f"Error: {tmp_path}/val.csv: has scores of seeds 0, 1, those of the test bags are of seeds 0, 1, 2;"
        " give both files the same\n"
    )
    assert all(len(one.val) for one in read_runs(tmp_path / "runs"))
