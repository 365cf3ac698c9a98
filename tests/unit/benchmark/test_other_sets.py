"""Scores across data: a detector that was trained and selected on one set scores the test bags of others."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from benchmark.bench import Outcome, bench, make_grid
from benchmark.figures.robustness_files import SHOWN
from benchmark.finished_run import open_run
from benchmark.leaderboards.groups import by_table
from benchmark.models.loading import open_model
from benchmark.perturbation.kinds import LEVELS, perturb
from benchmark.report.commands import write_command
from benchmark.runs.collection import read_runs
from benchmark.runs.other_sets import list_folders
from benchmark.trials.other_sets import take_test_part
from ffpms.dataset.loading import load
from ffpms.schema import Split
from tests.conftest import Command
from tests.helpers.other_sets import OTHERS, QUICK, Sets, folder_on_other, make_other
from tests.helpers.tiny_set import PAIRS, edit, make_set
from tests.helpers.trials import CPU


def test_the_scores_are_those_of_the_trained_detector(runs_on_other: Path, sets: Sets) -> None:
    own, other = read_runs(runs_on_other)
    assert (own.origin, own.data_sha256) == (None, sets[0].sha256)
    assert other.origin is own
    assert (other.dataset, other.data_sha256, other.manipulations) == (sets[1].name, sets[1].sha256, ("DF", "NT"))
    scored = open_run(runs_on_other / own.run_id).score(sets[1].bags("test"))
    pd.testing.assert_frame_equal(scored, other.scores)
    assert set(other.grid["manipulation"]) == {"DF", "NT"}
    assert not other.fewer.empty
    assert other.segments is not None


def test_each_set_has_a_table_and_every_choice_is_of_the_val_bags_of_training(runs_on_other: Path, sets: Sets) -> None:
    cells = pd.read_csv(runs_on_other / "leaderboard.csv")
    own, other = (f"{data.name} {data.sha256[:8]}" for data in sets)
    labels = cells.groupby("table")["method"].unique().map(list).to_dict()
    settings = "backbone=tiny, epochs=1, batch_size=8"
    assert labels == {own: [f"s-mil [{settings}]"], other: [f"s-mil [{settings}, trained on {own}]"]}
    chosen = cells[cells["metric"] == "accuracy_val"].groupby("table")["threshold"].unique()
    assert chosen[own].tolist() == chosen[other].tolist()
    assert set(cells.loc[cells["table"] == other, "manipulation"]) == {"DF", "NT", "all"}
    assert cells["minus_paper"].isna().all()
    assert [[run.data_sha256 for run in of] for _, of, _ in by_table(read_runs(runs_on_other))] == [
        [data.sha256] for data in sets
    ]


def test_nothing_but_the_test_bags_is_looked_at(sets: Sets, tmp_path: Path) -> None:
    whole = Path(shutil.copytree(sets[1].root, tmp_path / "b"))
    data = load(whole)
    tested = data.sources.loc[data.sources["split"] == Split.TEST, "source_video"]
    for crop in data.crops.loc[~data.crops["source_video"].isin(tested), "crop"]:
        (whole / crop).unlink()
    outcome = bench([(sets[0], QUICK)], tmp_path / "runs", CPU, {}, test_data=[data])
    assert outcome.failures == []
    assert len(outcome.runs) == 2
    part = take_test_part(data)
    assert not any(part.bags(split) for split in (Split.TRAIN, Split.VAL))
    assert part.bags("test") == data.bags("test")


def test_a_set_is_added_to_a_run_that_is_done(
    runs_on_other: Path, sets: Sets, bench_again: Callable[..., Outcome]
) -> None:
    added, (mark,) = folder_on_other(runs_on_other), runs_on_other.glob("*/DONE")
    scores, before = (added / "scores.parquet").read_bytes(), mark.read_bytes()
    shutil.rmtree(added)
    assert len(bench_again().runs) == 1
    assert len(bench_again(sets[1]).runs) == 2
    assert (added / "scores.parquet").read_bytes() == scores
    assert mark.read_bytes() == before
    said: list[str] = []
    bench_again(sets[1], log=said.append)
    assert [line.partition(": ")[2] for line in said] == ["done already"]
    assert len(bench_again().runs) == 1, "a grid without the set has not asked for its scores"


def test_test_bags_of_other_sets_are_perturbed_too(runs_on_other: Path, sets: Sets) -> None:
    grid = [(sets[0], QUICK)]
    outcome = bench(grid, runs_on_other, CPU, {}, test_data=[sets[1]], perturb=["contrast"])
    assert outcome.failures == []
    for run, data, kinds in zip(outcome.runs, sets, (("DF", "F2F"), ("DF", "NT")), strict=True):
        bags = {bag.bag_id for bag in data.bags("test", kinds)}
        assert set(run.perturbed["bag_id"]) == bags
        assert len(run.perturbed) == len(LEVELS) * len(bags)
    own, other = (f"{data.name} {data.sha256[:8]}" for data in sets)
    table = pd.read_csv(runs_on_other / "robustness.csv")
    assert set(table["table"]) == {own, other}
    assert all(f"trained on {own}" in label for label in table.loc[table["table"] == other, "method"])
    assert outcome.robustness.count("on perturbed faces, ") == 2 * len(SHOWN)
    said: list[str] = []
    bench(grid, runs_on_other, replace(CPU, log=said.append), {}, test_data=[sets[1]], perturb=["contrast"])
    assert sum("perturbed faces are scored already" in line for line in said) == 2


def test_other_scores_on_worse_faces_are_those_by_hand(runs_on_other: Path, sets: Sets) -> None:
    _, other = bench([(sets[0], QUICK)], runs_on_other, CPU, {}, test_data=[sets[1]], perturb=["blur"]).runs
    model, bag = open_model(runs_on_other / other.run_id), sets[1].bags("test", ("NT",))[-1]
    ((prob, *_),) = model.score([perturb(bag.faces(), bag, "blur", 3)])
    rows = other.perturbed[(other.perturbed["bag_id"] == bag.bag_id) & (other.perturbed["level"] == 3)]
    assert model.calibration.apply(rows["score"].tolist())[0] == pytest.approx(prob, abs=1e-5)


def test_new_weights_have_no_old_scores(runs_on_other: Path, sets: Sets) -> None:
    (mark,) = runs_on_other.glob("*/DONE")
    mark.unlink()
    (mark.parent / "history.csv").unlink()
    assert bench([(sets[0], QUICK)], runs_on_other, CPU, {}).failures == []
    assert list_folders(mark.parent) == []


def test_a_folder_of_sets_each_way_has_the_own_row_beside_the_other(sets: Sets, tmp_path: Path) -> None:
    grid = [(data, replace(QUICK, manipulations=data.manipulations)) for data in sets]
    outcome = bench(grid, tmp_path, CPU, {}, test_data=sets)
    assert outcome.failures == []
    assert len(outcome.runs) == 4
    assert outcome.board is not None
    rows = outcome.cells[["table", "method"]].drop_duplicates()
    assert rows["table"].value_counts().tolist() == [2, 2]
    assert rows["method"].str.contains("trained on").sum() == 2
    assert len(outcome.board.comparisons[["table"]].drop_duplicates()) == 2


def test_detectors_of_one_manipulation_are_rows_of_their_own(sets: Sets, tmp_path: Path) -> None:
    grid = make_grid(sets[0], [QUICK], [0], each=True)
    outcome = bench(grid, tmp_path, CPU, {}, test_data=[sets[1]])
    across = outcome.cells[outcome.cells["method"].str.contains("trained on")]
    assert sorted({label.rpartition(", ")[2] for label in across["method"]}) == ["train_on=DF]", "train_on=F2F]"]
    assert not across["run_ids"].str.contains(";").any(), "they are no seeds of each other"


def test_pairs_of_other_videos_may_have_the_names_of_val_pairs(sets: Sets, tmp_path: Path) -> None:
    named = make_set(tmp_path / "b", {**OTHERS, "test": PAIRS["val"]})
    edit(named, "sources", lambda rows: rows.assign(sha256="9" + rows["sha256"].str[1:]))
    outcome = bench([(sets[0], QUICK)], tmp_path / "runs", CPU, {}, test_data=[load(named)])
    assert len(outcome.runs) == 2
    assert (outcome.cells["metric"] == "accuracy_val").any()


def test_the_faces_of_all_are_cut_as_those_of_one(sets: Sets, tmp_path: Path) -> None:
    other = make_other(tmp_path / "b", faces="all")
    assert len(bench([(sets[0], QUICK)], tmp_path / "runs", CPU, {}, test_data=[other]).runs) == 2


def test_the_command_of_a_row_names_both_sets(runs_on_other: Path) -> None:
    _, other = read_runs(runs_on_other)
    assert "--data DATA --test-data celeb-df" in write_command([other], "celeb-df")


def test_the_command_takes_all_sets_unmixed(ffpms: Command, sets: Sets, tmp_path: Path) -> None:
    flags = ("--methods", "s-mil", "--backbone", "tiny", "--epochs", 1, "--unmixed", "--quiet", "--out", tmp_path)
    result = ffpms("bench", *flags, "--data", sets[0].root, "--test-data", sets[1].root)
    assert result.exit_code == 0, result.output
    own, other = read_runs(tmp_path)
    assert {own.dataset, other.dataset} == {"FF++-c40-custom"}
    fakes = other.scores[(other.scores["level"] == "video") & (other.scores["y_true"] == 1)]
    assert set(fakes["fake_rate"]) == {1.0}
