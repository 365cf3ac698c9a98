"""Scores across data: a detector that was trained and selected on one set scores the test bags of others."""

import errno
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest

from benchmark.bench import Outcome, bench, make_grid
from benchmark.figures.robustness_files import SHOWN
from benchmark.finished_run import open_run
from benchmark.leaderboards.groups import by_table
from benchmark.models.loading import open_model
from benchmark.perturbation.kinds import LEVELS, perturb
from benchmark.report.commands import write_command
from benchmark.runs import collection
from benchmark.runs.collection import describe_left_out, read_collection, read_runs
from benchmark.runs.folder import Run
from benchmark.runs.other_sets import list_folders
from benchmark.training import train
from benchmark.trials import trial
from benchmark.trials.other_sets import take_test_part
from benchmark.trials.shared_resources import Resources
from ffpms.builder.config import BuildConfig
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.loading import load
from ffpms.errors import ConfigError
from ffpms.protocol.splits import Pairs
from ffpms.schema import Split
from tests.conftest import Command
from tests.helpers.tiny_set import CONFIG as TINY
from tests.helpers.tiny_set import PAIRS, edit, make_set
from tests.helpers.trials import CONFIG, CPU

OTHERS: Pairs = {"train": [("900", "901")], "val": [("902", "903")], "test": [("904", "905"), ("906", "907")]}
"""Other people than those of the set to train on."""
OF_OTHERS = replace(TINY, recipe=replace(TINY.recipe, manipulations=("DF", "NT")))
QUICK = replace(CONFIG, epochs=1, manipulations=("DF", "F2F"))


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuiltSet, BuiltSet]:
    """Two sets of different people and manipulations."""
    root = tmp_path_factory.mktemp("sets")
    return load(make_set(root / "a")), load(make_set(root / "b", OTHERS, OF_OTHERS))


@pytest.fixture(scope="module")
def done(sets: tuple[BuiltSet, BuiltSet], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run on the first set that scored the second too, to be copied."""
    data, other = sets
    out = tmp_path_factory.mktemp("done") / "runs"
    assert bench([(data, QUICK)], out, CPU, {}, test_data=[other]).failures == []
    return out


@pytest.fixture
def runs(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "runs"))


@pytest.fixture
def again(runs: Path, sets: tuple[BuiltSet, BuiltSet], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """The same command on the copy, in which nothing may be trained."""
    monkeypatch.setattr(train, "_train_epoch", lambda *_: pytest.fail("trained again"))
    return lambda *tests, **flags: bench([(sets[0], QUICK)], runs, replace(CPU, **flags), {}, test_data=tests)


def folder_on_other(runs: Path) -> Path:
    (folder,) = (place for done in runs.glob("*/DONE") for place in list_folders(done.parent))
    return folder


def test_the_scores_are_those_of_the_trained_detector(runs: Path, sets: tuple[BuiltSet, BuiltSet]) -> None:
    own, other = read_runs(runs)
    assert (own.origin, own.data_sha256) == (None, sets[0].sha256)
    assert other.origin is own
    assert (other.dataset, other.data_sha256, other.manipulations) == (sets[1].name, sets[1].sha256, ("DF", "NT"))
    scored = open_run(runs / own.run_id).score(sets[1].bags("test"))
    pd.testing.assert_frame_equal(scored, other.scores)
    assert set(other.grid["manipulation"]) == {"DF", "NT"}
    assert not other.fewer.empty
    assert other.segments is not None


def test_each_set_has_a_table_and_every_choice_is_of_the_val_bags_of_training(
    runs: Path, sets: tuple[BuiltSet, BuiltSet]
) -> None:
    cells = pd.read_csv(runs / "leaderboard.csv")
    own, other = (f"{data.name} {data.sha256[:8]}" for data in sets)
    labels = cells.groupby("table")["method"].unique().map(list).to_dict()
    settings = "backbone=tiny, epochs=1, batch_size=8"
    assert labels == {own: [f"s-mil [{settings}]"], other: [f"s-mil [{settings}, trained on {own}]"]}
    chosen = cells[cells["metric"] == "accuracy_val"].groupby("table")["threshold"].unique()
    assert chosen[own].tolist() == chosen[other].tolist()
    assert set(cells.loc[cells["table"] == other, "manipulation"]) == {"DF", "NT", "all"}
    assert cells["minus_paper"].isna().all()
    assert [[run.data_sha256 for run in of] for _, of, _ in by_table(read_runs(runs))] == [
        [data.sha256] for data in sets
    ]


def test_nothing_but_the_test_bags_is_looked_at(sets: tuple[BuiltSet, BuiltSet], tmp_path: Path) -> None:
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
    runs: Path, sets: tuple[BuiltSet, BuiltSet], again: Callable[..., Outcome]
) -> None:
    added, (mark,) = folder_on_other(runs), runs.glob("*/DONE")
    scores, before = (added / "scores.parquet").read_bytes(), mark.read_bytes()
    shutil.rmtree(added)
    assert len(again().runs) == 1
    assert len(again(sets[1]).runs) == 2
    assert (added / "scores.parquet").read_bytes() == scores
    assert mark.read_bytes() == before
    said: list[str] = []
    again(sets[1], log=said.append)
    assert [line.partition(": ")[2] for line in said] == ["done already"]
    assert len(again().runs) == 1, "a grid without the set has not asked for its scores"


def test_test_bags_of_other_sets_are_perturbed_too(runs: Path, sets: tuple[BuiltSet, BuiltSet]) -> None:
    grid = [(sets[0], QUICK)]
    outcome = bench(grid, runs, CPU, {}, test_data=[sets[1]], perturb=["contrast"])
    assert outcome.failures == []
    for run, data, kinds in zip(outcome.runs, sets, (("DF", "F2F"), ("DF", "NT")), strict=True):
        bags = {bag.bag_id for bag in data.bags("test", kinds)}
        assert set(run.perturbed["bag_id"]) == bags
        assert len(run.perturbed) == len(LEVELS) * len(bags)
    own, other = (f"{data.name} {data.sha256[:8]}" for data in sets)
    table = pd.read_csv(runs / "robustness.csv")
    assert set(table["table"]) == {own, other}
    assert all(f"trained on {own}" in label for label in table.loc[table["table"] == other, "method"])
    assert outcome.robustness.count("on perturbed faces, ") == 2 * len(SHOWN)
    said: list[str] = []
    bench(grid, runs, replace(CPU, log=said.append), {}, test_data=[sets[1]], perturb=["contrast"])
    assert sum("perturbed faces are scored already" in line for line in said) == 2


def test_other_scores_on_worse_faces_are_those_by_hand(runs: Path, sets: tuple[BuiltSet, BuiltSet]) -> None:
    _, other = bench([(sets[0], QUICK)], runs, CPU, {}, test_data=[sets[1]], perturb=["blur"]).runs
    model, bag = open_model(runs / other.run_id), sets[1].bags("test", ("NT",))[-1]
    ((prob, *_),) = model.score([perturb(bag.faces(), bag, "blur", 3)])
    rows = other.perturbed[(other.perturbed["bag_id"] == bag.bag_id) & (other.perturbed["level"] == 3)]
    assert model.calibration.apply(rows["score"].tolist())[0] == pytest.approx(prob, abs=1e-5)


def test_a_kill_while_the_other_set_is_scored_costs_nothing_else(
    sets: tuple[BuiltSet, BuiltSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trial, "write_test_scores", kill)
        with pytest.raises(KeyboardInterrupt):
            bench([(sets[0], QUICK)], tmp_path, CPU, {}, test_data=[sets[1]])
    found = read_collection(tmp_path)
    assert [run.data_sha256 for run in found.runs] == [sets[0].sha256]
    (line,) = describe_left_out(tmp_path, found)
    assert f"1 not finished ({found.runs[0].run_id}/on-{sets[1].name}-" in line
    monkeypatch.setattr(train, "_train_epoch", lambda *_: pytest.fail("trained again"))
    assert len(bench([(sets[0], QUICK)], tmp_path, CPU, {}, test_data=[sets[1]]).runs) == 2


def fail_on(data: BuiltSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the scoring of a set fail, and of no other."""
    score = trial.write_test_scores

    def refuse(model: Any, tested: BuiltSet, *rest: Any) -> None:
        if tested.sha256 == data.sha256:
            raise RuntimeError("no such face")
        score(model, tested, *rest)

    monkeypatch.setattr(trial, "write_test_scores", refuse)


def test_a_set_that_cannot_be_scored_is_a_failure_of_its_own(
    sets: tuple[BuiltSet, BuiltSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, other = sets
    third = load(make_set(tmp_path / "c", {**OTHERS, "test": [("910", "911"), ("912", "913")]}, OF_OTHERS))
    with monkeypatch.context() as patch:
        fail_on(other, patch)
        outcome = bench([(data, QUICK)], tmp_path / "runs", CPU, {}, test_data=[other, third])
    own, scored = outcome.runs
    assert (own.origin, scored.data_sha256) == (None, third.sha256), "neither the run nor the next set is lost"
    folder = tmp_path / "runs" / own.run_id
    (on_other,) = folder.glob(f"on-*-{other.sha256[:8]}")
    assert (folder / "DONE").is_file()
    assert [path.parent for path in folder.rglob("FAILED")] == [on_other]
    (line,) = outcome.failures
    assert line.startswith(f"{own.run_id}/{on_other.name}: RuntimeError: no such face")
    (row,) = pd.read_csv(tmp_path / "runs" / "failures.csv", dtype=str).to_dict("records")
    assert (row["run_id"], row["dataset"], row["data"]) == (own.run_id, other.name, other.sha256[:8])
    assert row["reason"].startswith("RuntimeError: no such face")
    assert outcome.failed[0].data == other.sha256[:8]
    monkeypatch.setattr(train, "_train_epoch", lambda *_: pytest.fail("trained again"))
    again = bench([(data, QUICK)], tmp_path / "runs", CPU, {}, test_data=[other, third])
    assert (again.failures, len(again.runs), again.failed) == ([], 3, [])
    assert not (on_other / "FAILED").exists()


def test_a_set_whose_faces_crash_leaves_the_run_done(
    runs: Path, sets: tuple[BuiltSet, BuiltSet], again: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_on_other(runs)
    shutil.rmtree(folder)

    def crash(_: Resources, data: BuiltSet) -> None:
        if data.sha256 == sets[1].sha256:
            raise MemoryError

    monkeypatch.setattr(Resources, "faces", crash)
    outcome = again(sets[1])
    assert [path.parent for path in runs.rglob("FAILED")] == [folder]
    assert [(one.dataset, one.reason[:11]) for one in outcome.failed] == [(sets[1].name, "MemoryError")]
    assert [run.origin for run in outcome.runs] == [None]


def test_damaged_scores_of_a_set_are_left_out_alone_and_made_again(
    runs: Path, sets: tuple[BuiltSet, BuiltSet], again: Callable[..., Outcome]
) -> None:
    table = folder_on_other(runs) / "scores.parquet"
    whole = table.read_bytes()
    table.write_bytes(whole[: len(whole) // 2])
    found = read_collection(runs)
    assert len(found.runs) == 1
    assert list(found.left_out) == [table.parent.relative_to(runs).as_posix()]
    assert again(sets[1]).failures == []
    assert table.read_bytes() == whole


def test_scores_of_another_set_are_not_taken_for_these(runs: Path) -> None:
    folder = folder_on_other(runs)
    text = (folder / "set.json").read_text()
    (folder / "set.json").write_text(text.replace("FFPMS", "Celeb-DF"))
    (line,) = read_collection(runs).left_out.values()
    assert "or its set.json was edited; delete it; the same 'ffpms bench' makes what is missing" in line


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "damaged (Expecting"),
        ("[]", "damaged (list indices"),
        ('{"name": "a"}', "damaged (it has no 'reasons')"),
        ("", "damaged (Expecting"),
        (None, "lost"),
    ],
)
def test_a_damaged_set_file_is_one_true_line_and_made_again(
    runs: Path, sets: tuple[BuiltSet, BuiltSet], again: Callable[..., Outcome], text: str | None, what: str
) -> None:
    path = folder_on_other(runs) / "set.json"
    whole = path.read_text()
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    (line,) = read_collection(runs).left_out.values()
    assert line.startswith(f"{path}: {what}")
    assert line.endswith("; run the same 'ffpms bench' again, or delete the folder")
    said: list[str] = []
    outcome = again(sets[1], log=said.append)
    assert (outcome.failures, outcome.left_out, len(outcome.runs)) == ([], [], 2)
    assert path.read_text() == whole
    (told,) = (line for line in said if line.startswith(f"{path}: {what}"))
    assert told.endswith("; it is scored again")
    assert "run the same" not in told


def test_a_folder_that_may_not_be_read_costs_no_other(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_on_other(runs)
    shutil.copytree(folder, folder.with_name("on-Z-00000000"))

    def refuse(place: Path, run: Run, own: Any = collection.read_on) -> Run:
        if place == folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(folder / "set.json"))
        return cast(Run, own(place, run))

    monkeypatch.setattr(collection, "read_on", refuse)
    denied, copied = read_collection(runs).left_out.values()
    assert denied == f"{folder}/set.json: Permission denied; make it readable, or move the folder away"
    assert copied.startswith(f"{folder.with_name('on-Z-00000000')}: is a copy of {folder.name}")


def test_new_weights_have_no_old_scores(runs: Path, sets: tuple[BuiltSet, BuiltSet]) -> None:
    (mark,) = runs.glob("*/DONE")
    mark.unlink()
    (mark.parent / "history.csv").unlink()
    assert bench([(sets[0], QUICK)], runs, CPU, {}).failures == []
    assert list_folders(mark.parent) == []


def test_a_folder_of_sets_each_way_has_the_own_row_beside_the_other(
    sets: tuple[BuiltSet, BuiltSet], tmp_path: Path
) -> None:
    grid = [(data, replace(QUICK, manipulations=data.manipulations)) for data in sets]
    outcome = bench(grid, tmp_path, CPU, {}, test_data=sets)
    assert outcome.failures == []
    assert len(outcome.runs) == 4
    assert outcome.board is not None
    rows = outcome.cells[["table", "method"]].drop_duplicates()
    assert rows["table"].value_counts().tolist() == [2, 2]
    assert rows["method"].str.contains("trained on").sum() == 2
    assert len(outcome.board.comparisons[["table"]].drop_duplicates()) == 2


def test_detectors_of_one_manipulation_are_rows_of_their_own(sets: tuple[BuiltSet, BuiltSet], tmp_path: Path) -> None:
    grid = make_grid(sets[0], [QUICK], [0], each=True)
    outcome = bench(grid, tmp_path, CPU, {}, test_data=[sets[1]])
    across = outcome.cells[outcome.cells["method"].str.contains("trained on")]
    assert sorted({label.rpartition(", ")[2] for label in across["method"]}) == ["train_on=DF]", "train_on=F2F]"]
    assert not across["run_ids"].str.contains(";").any(), "they are no seeds of each other"


def test_pairs_of_other_videos_may_have_the_names_of_val_pairs(sets: tuple[BuiltSet, BuiltSet], tmp_path: Path) -> None:
    named = make_set(tmp_path / "b", {**OTHERS, "test": PAIRS["val"]})
    edit(named, "sources", lambda rows: rows.assign(sha256="9" + rows["sha256"].str[1:]))
    outcome = bench([(sets[0], QUICK)], tmp_path / "runs", CPU, {}, test_data=[load(named)])
    assert len(outcome.runs) == 2
    assert (outcome.cells["metric"] == "accuracy_val").any()


def make_other(out: Path, **crop: Any) -> BuiltSet:
    return load(make_set(out, OTHERS, BuildConfig(OF_OTHERS.recipe, replace(TINY.crop, **crop))))


@pytest.mark.parametrize(
    ("crop", "said"),
    [({"size": 32}, "--size 16"), ({"margin": 1.5}, "--margin 1.3"), ({"finder": "dlib+mtcnn"}, "--finder dlib")],
)
def test_faces_that_were_cut_otherwise_are_refused(
    sets: tuple[BuiltSet, BuiltSet], tmp_path: Path, crop: dict[str, Any], said: str
) -> None:
    check_refusal(sets[0], [make_other(tmp_path / "b", **crop)], tmp_path / "runs", f"build it with {said}$")


def test_the_faces_of_all_are_cut_as_those_of_one(sets: tuple[BuiltSet, BuiltSet], tmp_path: Path) -> None:
    other = make_other(tmp_path / "b", faces="all")
    assert len(bench([(sets[0], QUICK)], tmp_path / "runs", CPU, {}, test_data=[other]).runs) == 2


def test_sets_that_say_nothing_of_other_data_are_refused(sets: tuple[BuiltSet, BuiltSet], tmp_path: Path) -> None:
    data, other = sets
    out = tmp_path / "runs"
    copied = load(Path(shutil.copytree(other.root, tmp_path / "copy")))
    check_refusal(data, [other, copied], out, "is given twice, or is a copy; give it once")
    check_refusal(data, [data], out, "is the set of --data, whose test bags are scored anyway")
    untested = load(make_set(tmp_path / "u", {**OTHERS, "test": []}))
    check_refusal(data, [untested], out, "no real and fake test bags with faces; build with --split test$")
    shared = load(make_set(tmp_path / "s", {**OTHERS, "test": [*OTHERS["test"], *PAIRS["train"]]}))
    check_refusal(data, [shared], out, r"6 test videos of .* are train or val videos of .* \(first .*\.mp4\)")


def check_refusal(data: BuiltSet, tests: list[BuiltSet], out: Path, said: str) -> None:
    """Checks that a line says so before anything is trained."""
    with pytest.raises(ConfigError, match=said):
        bench([(data, QUICK)], out, CPU, {}, test_data=tests)
    assert not out.exists()


def test_a_method_that_sees_the_order_does_not_score_a_crowd(
    sets: tuple[BuiltSet, BuiltSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = property(lambda data: ("DF_904_905",) if data.sha256 == sets[1].sha256 else ())
    monkeypatch.setattr(BuiltSet, "crowded", named)
    grid = [(sets[0], replace(QUICK, method=name)) for name in ("lstm", "s-mil")]
    outcome = bench(grid, tmp_path, CPU, {}, test_data=[sets[1]])
    assert [(run.method, bool(run.origin)) for run in outcome.runs] == [
        ("lstm", False),
        ("s-mil", False),
        ("s-mil", True),
    ]
    (line,) = outcome.failures
    assert line.startswith("lstm: sees the order of faces")


def test_the_command_of_a_row_names_both_sets(runs: Path) -> None:
    _, other = read_runs(runs)
    assert "--data DATA --test-data celeb-df" in write_command([other], "celeb-df")


def test_the_command_takes_all_sets_unmixed(ffpms: Command, sets: tuple[BuiltSet, BuiltSet], tmp_path: Path) -> None:
    flags = ("--methods", "s-mil", "--backbone", "tiny", "--epochs", 1, "--unmixed", "--quiet", "--out", tmp_path)
    result = ffpms("bench", *flags, "--data", sets[0].root, "--test-data", sets[1].root)
    assert result.exit_code == 0, result.output
    own, other = read_runs(tmp_path)
    assert {own.dataset, other.dataset} == {"FF++-c40-custom"}
    fakes = other.scores[(other.scores["level"] == "video") & (other.scores["y_true"] == 1)]
    assert set(fakes["fake_rate"]) == {1.0}
