"""``ffpms leaderboard --to board``: runs become submissions, whose board has the same numbers."""

import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import tomli_w
from click.testing import Result
from scipy.special import expit

from benchmark.leaderboards.groups import group_runs
from benchmark.leaderboards.submission_files import write_submissions
from benchmark.report.commands import write_command
from benchmark.runs.collection import read_runs
from benchmark.runs.external import read_scores, write_runs
from benchmark.runs.ground_truth import GroundTruth
from ffpms.builder.config import BuildConfig
from ffpms.dataset.built_set import BuiltSet
from ffpms.protocol.crop_config import CropConfig
from tests.conftest import Command
from tests.helpers.run_folders import run_of_set, store, store_all
from tests.helpers.scores import run
from tests.helpers.submission_folders import make_submission, predict_seeds, take_in
from tests.helpers.submissions import predict
from tests.helpers.tiny_set import CONFIG, TWO_TESTED, make_set

SHA256 = "0123456789abcdef"
SMALL = BuildConfig(CONFIG.recipe, CropConfig(size=32))
BENCH = ("--backbone", "tiny", "--epochs", "1", "--batch-size", "8", "--train-frames", "2", "--device", "cpu")


@pytest.fixture(scope="module")
def trained(ffpms: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``data`` and ``runs`` of a bench of three methods, two of which share a training, with three seeds."""
    home = tmp_path_factory.mktemp("trained")
    data = make_set(home / "data", TWO_TESTED, SMALL)
    flags = ("--methods", "xn-avg,xn-max,s-mil", "--seeds", "0,1,2", *BENCH)
    result = ffpms("bench", "--data", data, "--out", home / "runs", *flags)
    assert result.exit_code == 0, result.output
    return home


@pytest.fixture(scope="module")
def entries(ffpms: Command, trained: Path) -> Path:
    """The submissions of these runs."""
    result = ffpms("leaderboard", trained / "runs", "--to", "board", "--out", trained / "out", "--quiet")
    assert result.exit_code == 0, result.stderr
    return trained / "out" / "board"


def evaluate(ffpms: Command, entries: Path, data: Path, out: Path) -> Result:
    folders = [word for card in sorted(entries.rglob("submission.toml")) for word in ("--submission", card.parent)]
    return ffpms("evaluate", *folders, "--data", data, "--out", out)


def numbers(path: Path, names: tuple[str, ...]) -> pd.DataFrame:
    """A table without what is the run's or the label's, as it is printed, by the methods' own names."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False).drop(columns="run_ids", errors="ignore")
    for name in names:
        table[name] = table[name].str.partition(" [")[0]
    return table.sort_values(list(table.columns[:5])).reset_index(drop=True)


def test_a_board_of_submissions_has_every_number_of_the_bench(
    ffpms: Command, trained: Path, entries: Path, tmp_path: Path
) -> None:
    assert sorted(path.parent.relative_to(entries).as_posix() for path in entries.rglob("submission.toml")) == [
        *("ffpms-custom/s-mil", "ffpms-custom/xn-avg", "ffpms-custom/xn-max")
    ]
    result = evaluate(ffpms, entries, trained / "data", tmp_path / "board")
    assert result.exit_code == 0, result.stderr
    for name, methods in (("leaderboard.csv", ("method", "same_as")), ("comparisons.csv", ("method", "other"))):
        before, after = (numbers(place / name, methods) for place in (trained / "runs", tmp_path / "board"))
        pd.testing.assert_frame_equal(before, after)
    assert "paired" in set(after["test"]), "a training that two methods share is known"
    labels = set(pd.read_csv(tmp_path / "board" / "leaderboard.csv").query("source == 'ours'")["method"])
    assert labels == {"s-mil [external]", "xn-avg [external]", "xn-max [external]"}


def test_a_card_says_what_the_runs_know(trained: Path, entries: Path) -> None:
    text = (entries / "ffpms-custom/xn-max/submission.toml").read_text()
    card = tomllib.loads(text)
    data, own = BuiltSet.load(trained / "data"), card["configuration"]
    assert (card["method"], card["title"]) == ("xn-max", "xn-max, trained by ffpms bench")
    assert (card["authors"], card["url"], card["licence"]) == ([], "", "")
    assert card["data"] == {"name": data.name, "sha256": data.sha256[:12]}
    assert (own["training"], own["trained_on"]) == ("train split", f"train split of {data.name} (DF, F2F)")
    assert (own["chosen"], own["chosen_on"], own["seeds"]) == ("epoch", "val", [0, 1, 2])
    assert (own["backbone"], own["weights"], own["epochs"]) == ("tiny", "none", 1)
    assert own["settings"] == ["backbone=tiny", "epochs=1"]
    assert own["hardware"] == "cpu"
    assert own["command"].startswith("ffpms bench --methods xn-max --data DATA --backbone tiny")
    assert "hours" not in own
    other = tomllib.loads((entries / "ffpms-custom/xn-avg/submission.toml").read_text())
    assert own["trainings"] == other["configuration"]["trainings"]
    assert "Fill in authors, url and licence" in text


def test_what_was_filled_in_stays(trained: Path, entries: Path, tmp_path: Path) -> None:
    shutil.copytree(entries, tmp_path / "board")
    path = tmp_path / "board/ffpms-custom/s-mil/submission.toml"
    card = tomllib.loads(path.read_text())
    card |= {"authors": ["A. Author"], "licence": "CC0"}
    card["configuration"] |= {"notes": "By hand.", "epochs": 99}
    path.write_text(tomli_w.dumps(card))
    write_submissions(read_runs(trained / "runs"), trained / "runs", tmp_path, write_command)
    again = tomllib.loads(path.read_text())
    assert (again["authors"], again["licence"], again["configuration"]["notes"]) == (["A. Author"], "CC0", "By hand.")
    assert again["configuration"]["epochs"] == 1, "what the runs know is theirs"


def test_scores_are_compact_and_the_same_to_the_last_bit(trained: Path, entries: Path) -> None:
    table = pq.read_table(entries / "ffpms-custom/s-mil/scores.parquet")
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        "bag_id": "dictionary<values=string, indices=int32, ordered=0>",
        "slot": "int16",
        "seed": "int32",
        "logit": "float",
    }
    val = pq.read_table(entries / "ffpms-custom/s-mil/val_scores.parquet")
    assert set(val["slot"].to_pylist()) == {-1}, "of val only the videos are needed"
    stored = pd.concat([one.scores for one in read_runs(trained / "runs") if one.method == "s-mil"])
    assert sorted(expit(table["logit"].to_numpy().astype(float))) == sorted(stored["score"])


@pytest.mark.parametrize("scores", [(0.1, 0.7), (0.0, 1.0)])
def test_scores_that_no_short_logit_gives_are_written_whole(tmp_path: Path, scores: tuple[float, float]) -> None:
    one = run(0, data=SHA256)
    draw = np.random.default_rng(0).choice(scores, len(one.scores))
    folder = store(replace(one, scores=one.scores.assign(score=draw)), tmp_path / "runs")
    folders, _ = write_submissions(read_runs(folder.parent), folder.parent, tmp_path, write_command)
    table = pq.read_table(folders[0] / "scores.parquet").to_pandas()
    written = expit(table["logit"].astype(float)) if "logit" in table else table["score"]
    assert ("logit" in table) == (scores == (0.0, 1.0))
    assert set(written) == set(scores)


def test_two_configurations_of_a_method_are_two_submissions(tmp_path: Path) -> None:
    for settings in ({}, {"lr": 0.1}, {"lr": 0.1, "batch_size": 8}):
        store(run(0, data=SHA256, **settings), tmp_path / "runs")
    folders, _ = write_submissions(read_runs(tmp_path / "runs"), tmp_path / "runs", tmp_path, write_command)
    names = {folder.name for folder in folders}
    assert names == {"s-mil", "s-mil-lr-0.1", "s-mil-batch_size-8-lr-0.1"}
    assert {tomllib.loads((folder / "submission.toml").read_text())["method"] for folder in folders} == names


def test_two_sets_of_one_name_are_two_folders(tmp_path: Path) -> None:
    for data in (SHA256, SHA256[::-1]):
        store(run(0, data=data), tmp_path / "runs")
    folders, _ = write_submissions(read_runs(tmp_path / "runs"), tmp_path / "runs", tmp_path, write_command)
    assert {folder.parent.name for folder in folders} == {
        "ffpms-custom-01234567",
        "ffpms-custom-fedcba98",
    }


def test_what_is_no_submission_is_named(whole: Path, tmp_path: Path) -> None:
    data = BuiltSet.load(whole)
    for kind in ("DF", "F2F"):
        one = run_of_set(data, "lstm")
        own = one.scores[one.scores["manipulation"].isin(("original", kind))]
        settings = {**one.settings, "manipulations": [kind]}
        store_all(replace(one, manipulations=(kind,), settings=settings, scores=own), tmp_path / "runs")
    take_in(make_submission(tmp_path / "theirs", predict_seeds(whole)), data, tmp_path / "runs")
    predict(whole).to_csv(tmp_path / "mine.csv", index=False)
    test, _ = read_scores(tmp_path / "mine.csv", GroundTruth.of_set(data, "test"))
    assert test
    write_runs("bare", test, None, tmp_path / "runs")
    _, left_out = write_submissions(read_runs(tmp_path / "runs"), tmp_path / "runs", tmp_path, write_command)
    assert left_out == [
        "bare: another tool's scores without a card; write one by docs/board.md",
        "lstm: was trained on each manipulation alone, and a submission scores every bag with one detector",
    ]
    (own_card,) = (tmp_path / "board").rglob("submission.toml")
    theirs = tomllib.loads((tmp_path / "theirs" / "submission.toml").read_text())
    assert tomllib.loads(own_card.read_text()) == theirs | {"data": {"name": data.name, "sha256": data.sha256[:12]}}


def test_scores_on_another_set_say_that_they_were_trained_elsewhere(whole: Path, tmp_path: Path) -> None:
    other = BuiltSet.load(make_set(tmp_path / "other", {"train": [], "val": [], "test": [("904", "905")]}))
    one = replace(run_of_set(other), val=run(0).val, origin=run_of_set(BuiltSet.load(whole)))
    (folder,), left_out = write_submissions([one], tmp_path, tmp_path, write_command)
    assert left_out == []
    card = tomllib.loads((folder / "submission.toml").read_text())
    assert (card["configuration"]["training"], card["configuration"]["chosen_on"]) == ("other data", "other data")
    assert card["data"]["sha256"] == other.sha256[:12]
    assert "--data DATA --test-data DATA " in card["configuration"]["command"]
    (again,) = take_in(folder, other, tmp_path / "runs")
    assert again.val.empty, "its val bags are of the other set"
    assert [group.method for group in group_runs([again])] == ["s-mil [external, trained on other data]"]


def test_data_is_not_read_for_a_board(ffpms: Command, trained: Path) -> None:
    result = ffpms("leaderboard", trained / "runs", "--to", "board", "--data", trained / "data")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: data: is read for --to av-deepfake1m alone")
