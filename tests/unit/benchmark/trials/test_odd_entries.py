"""A folder, a pipe or a file where a run has another: it costs its own trial at most, and nobody waits for ever."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.bench import bench
from benchmark.models.loading import open_model
from benchmark.runs.collection import read_collection
from benchmark.trials import runner
from benchmark.trials.claims import add_training_sets, discard, lock_of
from benchmark.trials.configure import settle
from benchmark.trials.runner import run_here
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial
from ffpms.dataset.built_set import BuiltSet
from ffpms.locks import LOCKS, try_lock
from tests.conftest import Patience
from tests.helpers.trials import CONFIG, CPU

_PIPES = (
    *("config.toml", "environment.json", "FAILED", "DONE", "last.ckpt", "best.safetensors", "last.safetensors"),
    *("history.csv", "scores.parquet", "val_scores.parquet", "segments.parquet", "x.1-abcd.partial", "val-forgeries"),
)


def make_trials(built_set: BuiltSet, out: Path, count: int) -> list[Trial]:
    """Trials that differ in their seed."""
    return [Trial.below(out, replace(CONFIG, epochs=1, seed=seed), built_set) for seed in range(count)]


def test_a_folder_or_a_pipe_in_place_of_a_file_costs_its_own_trial(
    built_set: BuiltSet, tmp_path: Path, patience: Patience
) -> None:
    folder, pipes, sound = make_trials(built_set, tmp_path, 3)
    (folder.folder / "history.csv" / "inside").mkdir(parents=True)
    pipes.folder.mkdir()
    for name in _PIPES:
        os.mkfifo(pipes.folder / name)
    with patience(120):
        outcome = bench([(one.data, one.config) for one in (folder, pipes, sound)], tmp_path, CPU, {})
    assert {run.run_id for run in outcome.runs} == {sound.folder.name}
    of_folder, of_pipes = outcome.failures
    assert "history.csv: Is a directory; give another path" in of_folder
    assert "config.toml: is a pipe, no file; give another path" in of_pipes


@pytest.mark.parametrize("name", ["FAILED", "x.1-abcd.partial", "lock"])
def test_no_folder_ends_all_before_a_trial_begins(
    name: str, built_set: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials, seen = make_trials(built_set, tmp_path, 2), []
    odd = trials[0].folder / name if name != "lock" else tmp_path / LOCKS / f"{trials[0].folder.name}.lock"
    odd.mkdir(parents=True)
    monkeypatch.setattr(runner, "run_trial", lambda trial, _: seen.append(trial.config.seed))
    failures = run_here(trials, Resources(CPU))
    assert seen[-1] == 1
    assert [str(odd) in line for line in failures] == ([] if name.endswith(".partial") else [True])


@pytest.mark.parametrize("name", ["config.toml", "FAILED", "DONE"])
@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_a_run_of_which_a_file_is_none_is_left_out(name: str, kind: str, tmp_path: Path, patience: Patience) -> None:
    run = tmp_path / "s-mil-0123456789ab"
    run.mkdir()
    (run / "config.toml").write_text("")
    (run / "DONE").write_text("")
    if name == "FAILED":
        (run / "DONE").unlink()
    else:
        (run / name).unlink()
    os.mkfifo(run / name) if kind == "pipe" else (run / name).mkdir()
    with patience(5):
        found = read_collection(tmp_path)
    said = found.left_out.get(run.name, "") if name != "DONE" else f"{run / name}: a {kind}, no file"
    assert f"{run / name}: a {kind}, no file" in said
    assert not found.runs


def test_a_pipe_in_place_of_a_run_folder_is_not_waited_for(
    built_set: BuiltSet, tmp_path: Path, patience: Patience
) -> None:
    (trial,) = make_trials(built_set, tmp_path, 1)
    os.mkfifo(trial.folder)
    with patience(20):
        discard([trial], CPU)
        (line,) = run_here([trial], Resources(CPU))
    assert trial.folder.name in line


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("name", ["", "data.json"])
def test_where_what_the_set_is_cannot_be_written_it_costs_its_own_trial(
    name: str, done: bool, built_set: BuiltSet, tmp_path: Path
) -> None:
    """Also where a run of an older version is done, which lacks it. Nothing of it is written before its lock is."""
    odd, sound = trials = make_trials(built_set, tmp_path, 2)
    if done:
        run_here(trials, Resources(CPU))
        (odd.folder / "data.json").unlink()
    if name:
        (odd.folder / name).mkdir(parents=True)
    elif not done:
        odd.folder.touch()
    outcome = bench([(one.data, one.config) for one in trials], tmp_path, CPU, {})
    assert {sound.folder.name} <= {run.run_id for run in outcome.runs}
    assert len(outcome.failures) == (0 if done and not name else 1)
    assert all(line.startswith(f"{odd.folder.name}: ") for line in outcome.failures)
    assert (odd.folder / "data.json").is_file() == (done and not name)


def test_what_another_process_is_writing_is_left_alone(built_set: BuiltSet, tmp_path: Path) -> None:
    (trial,) = make_trials(built_set, tmp_path, 1)
    run_here([trial], Resources(CPU))
    (trial.folder / "data.json").unlink()
    with try_lock(lock_of(trial.folder)):
        assert add_training_sets([trial]) == []
        assert not (trial.folder / "data.json").exists()
    assert add_training_sets([trial]) == []
    assert (trial.folder / "data.json").is_file()


@pytest.mark.parametrize("old", [False, True])
def test_a_run_that_was_trained_for_another_method_can_be_opened(
    old: bool, built_set: BuiltSet, tmp_path: Path
) -> None:
    """Its set is described as any run's, also if an older version made it, which forgot that."""
    config = settle(replace(CONFIG, method="xn-max", epochs=1), CPU)
    bench([(built_set, config)], tmp_path, CPU, {})
    teacher = Trial.below(tmp_path, config, built_set).teacher.folder
    if old:
        (teacher / "data.json").unlink()
        assert bench([(built_set, config)], tmp_path, CPU, {}).failures == []
    assert open_model(teacher).run_id == teacher.name
