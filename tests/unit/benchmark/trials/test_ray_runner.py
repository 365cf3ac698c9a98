"""What a cluster does with trials whose workers die, and in which order it runs them; without a cluster."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch

from benchmark.runs.collection import read_collection
from benchmark.runs.folder import DONE, FAILED
from benchmark.train_config import TrainConfig
from benchmark.training.device import Machine, Setup
from benchmark.trials import identity, ray_runner
from benchmark.trials.failures import note_failure
from benchmark.trials.ray_runner import MAX_DEATHS, Cluster, RayJob, run_ray_job
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial
from ffpms.dataset.built_set import BuiltSet
from ffpms.engine import Died, Done, Outcome
from tests.helpers.trials import CPU


@pytest.fixture
def data(built: Path) -> BuiltSet:
    return BuiltSet.load(built)


def trial(data: BuiltSet, out: Path, method: str) -> Trial:
    config = TrainConfig(method, ("DF",), "tiny", precision="fp32")
    return Trial.below(out, config, data)


def test_a_trial_that_others_learn_from_scores_its_other_sets(data: BuiltSet, tmp_path: Path) -> None:
    """Also if a trial that takes its weights, and so names it as its teacher, comes after it."""
    teacher, pupil = (trial(data, tmp_path, method) for method in ("xn-avg", "xn-max"))
    asked = replace(teacher, tests=(data,))
    assert ray_runner._waves([asked, pupil]) == [[asked], [], [pupil]]
    asked.folder.mkdir()
    (asked.folder / DONE).touch()
    assert ray_runner._waves([asked, pupil]) == [[asked], [], [pupil]], "done, but for the other set"


def run_on(
    monkeypatch: pytest.MonkeyPatch, trials: list[Trial], dies: str = "", fails: str = ""
) -> tuple[list[str], list[list[str]], list[str]]:
    """Failures, the methods of each wave, and what was said, where workers at a method die, or its trials fail."""
    waves, said = list[list[str]](), list[str]()

    def on_ray(_: object, jobs: list[RayJob], *__: object) -> Iterator[Outcome[RayJob, list[str]]]:
        waves.append([job.config.method for job in jobs])
        for job in list(jobs):
            yield (
                Died(job)
                if job.config.method == dies
                else Done(job, [f"{job.folder.name}: TypeError: odd"] if job.config.method == fails else [])
            )

    monkeypatch.setattr(ray_runner, "on_ray", on_ray)
    resources = Resources(Machine(torch.device("cpu"), log=said.append))
    return Cluster(Setup(), 2, 0).run(trials, resources), waves, said


def test_a_detector_that_another_takes_is_trained_first_and_once(
    data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = [trial(data, tmp_path, name) for name in ("xn-max", "s-mil", "xn-avg")]
    failures, waves, _ = run_on(monkeypatch, trials)
    assert (failures, waves) == ([], [["xn-avg", "s-mil"], ["xn-max"]])


def test_a_trial_whose_workers_go_on_dying_is_given_up_and_says_so(
    data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed = trial(data, tmp_path, "s-mil")
    identity.start(doomed.folder, doomed.config, data, Machine(torch.device("cpu")))
    failures, waves, said = run_on(monkeypatch, [doomed, trial(data, tmp_path, "lstm")], dies="s-mil")
    assert waves == [["s-mil", "lstm"], *[["s-mil"]] * (MAX_DEATHS - 1)]
    assert failures == [f"{doomed.folder.name}: its worker died 3 times"]
    assert sum("goes on from its last epoch" in line for line in said) == MAX_DEATHS - 1
    assert [one.reason for one in read_collection(tmp_path).failures] == ["its worker died 3 times"]


def test_workers_that_die_of_another_set_leave_the_run_done(
    data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = replace(trial(data, tmp_path, "s-mil"), tests=(data,))
    identity.start(done.folder, done.config, data, Machine(torch.device("cpu")))
    (done.folder / DONE).touch()
    assert run_on(monkeypatch, [done], dies="s-mil")[0] == [f"{done.folder.name}: its worker died 3 times"]
    assert not (done.folder / FAILED).exists()
    assert (done.folder_on(data) / FAILED).read_text() == "its worker died 3 times\n"


def test_the_reason_of_a_worker_is_left_in_the_trials_folder(
    data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the trial failed before it had a folder."""
    trials = [trial(data, tmp_path, name) for name in ("s-mil", "lstm")]
    failures, waves, _ = run_on(monkeypatch, trials, fails="s-mil")
    assert (failures, waves[1:]) == ([f"{trials[0].folder.name}: TypeError: odd"], [])
    (row,) = read_collection(tmp_path).failures
    assert (row.run_id, row.reason) == (trials[0].folder.name, "TypeError: odd")


def test_a_machine_that_does_not_have_the_set_fails_its_own_trials(data: BuiltSet, tmp_path: Path) -> None:
    own = trial(data, tmp_path, "s-mil")
    job = RayJob(own.config, own.folder, tmp_path / "nowhere", (), False, None, {}, Setup())
    (line,) = cast(list[str], run_ray_job(job))
    assert line.startswith(f"{own.folder.name}: {tmp_path / 'nowhere'}: no built set")


def test_the_traceback_that_a_worker_left_stays(
    data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = trial(data, tmp_path, "s-mil")
    note_failure(own, "TypeError: odd", CPU, TypeError("odd"))
    noted = (own.folder / FAILED).read_text()
    assert run_on(monkeypatch, [own], fails="s-mil")[0] == [f"{own.folder.name}: TypeError: odd"]
    assert (own.folder / FAILED).read_text() == noted == "TypeError: odd\n\nTypeError: odd\n"
