"""Runs trials over a Ray cluster: each by itself on a core or a GPU, wherever one is free."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.runs.folder import FAILED, is_done
from benchmark.train_config import TrainConfig
from benchmark.training.device import Machine, Setup
from benchmark.trials.claims import claim
from benchmark.trials.failures import end_all, explain, note_failure
from benchmark.trials.other_sets import take_test_part
from benchmark.trials.runner import attempt
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial
from ffpms.dataset.loading import load
from ffpms.engine import Done, on_ray
from ffpms.locks import POLL_S
from ffpms.progress import Log

MAX_DEATHS = 3
"""Deaths of its worker after which a trial is given up; before, it resumes at its last epoch."""


@dataclass(frozen=True)
class RayJob:
    """A trial as it is sent to another machine, which shares the folders."""

    config: TrainConfig
    folder: Path
    root: Path
    tests: tuple[Path, ...]
    unmixed: bool
    cache: Path | None
    weight_files: Mapping[str, Path]
    setup: Setup


@dataclass(frozen=True)
class Busy:
    """The result of a job whose trial another process is training."""

    owner: str


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster that runs trials, with ``n_gpus`` and ``setup.threads`` cores for each."""

    setup: Setup
    workers: int
    n_gpus: int

    def run(self, trials: Sequence[Trial], resources: Resources) -> list[str]:
        """Runs trials side by side, wave by wave: one may take the weights of an earlier wave.

        Returns one line a failure.
        """
        for trial in trials:
            for data in trial.shows_pixels:
                resources.faces(data)  # so that workers find the caches of faces, and do not make them
        return [line for wave in _waves(trials) for line in self._run_wave(wave, resources)]

    def _job(self, trial: Trial, resources: Resources) -> RayJob:
        return RayJob(
            trial.config,
            trial.folder.absolute(),
            trial.data.root.absolute(),
            tuple(test.root.absolute() for test in trial.tests),
            trial.data.unmixed,
            resources.cache.absolute() if resources.cache else None,
            {name: path.absolute() for name, path in resources.weight_files.items()},
            self.setup,
        )

    def _run_wave(self, trials: Sequence[Trial], resources: Resources) -> list[str]:
        failures, deaths = list[str](), Counter[Path]()
        by_folder, machine = {trial.folder.absolute(): trial for trial in trials}, resources.machine
        left, busy = [self._job(trial, resources) for trial in trials], set[Path]()
        needs = {"num_cpus": self.setup.threads or 1, "num_gpus": self.n_gpus}
        while left:
            if busy.issuperset(job.folder for job in left):
                time.sleep(POLL_S)
            outcomes, left = on_ray(run_ray_job, left, self.workers, needs), []
            for outcome in outcomes:
                folder = outcome.job.folder
                trial = by_folder[folder]
                lines = outcome.result if isinstance(outcome, Done) else _on_death(trial, deaths, machine)
                if isinstance(lines, list):
                    failures += _conclude(trial, lines, machine)
                else:
                    _tell_why_left(folder, lines, busy, machine.log)
                    left.append(outcome.job)
        return failures


def _conclude(trial: Trial, lines: list[str], machine: Machine) -> list[str]:
    """Logs the end of a trial and marks its failure; returns the lines of what failed."""
    for line in lines or [f"{trial.folder.name}: done"]:
        machine.log(line)
    if lines and not any((folder / FAILED).is_file() for folder in trial.folders):  # else it was left, with traceback
        _mark(trial, lines[0].partition(": ")[2], machine)
    return lines


def _mark(trial: Trial, reason: str, machine: Machine) -> None:
    """Leaves a reason in the folder of the part of a trial that a worker did not end."""
    left = [test for test in trial.unscored if not (trial.folder_on(test) / FAILED).is_file()]
    note_failure(trial, reason, machine, test=left[0] if left and is_done(trial.folder) else None)


def _tell_why_left(folder: Path, reason: Busy | None, busy: set[Path], log: Log) -> None:
    """Logs why a trial is to be run once more; of one that is busy, the first time alone."""
    if reason is None:
        log(f"{folder.name}: its worker died; it goes on from its last epoch")
    elif folder not in busy:
        log(f"{folder.name}: {reason.owner} is training it; it is left for later")
        busy.add(folder)


def _waves(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Orders trials: those that train, that may take a last epoch, that take others' weights."""
    untrained = [trial for trial in trials if trial.teacher is trial or not trial.is_trained]
    teachers = {trial.teacher.folder: trial.teacher for trial in untrained}
    teachers |= {trial.folder: trial for trial in trials if trial.folder in teachers}  # those with other sets to score
    todo = [teacher for teacher in teachers.values() if not teacher.is_done]
    training, last = ([t for t in todo if (t.config.select == "last") is last] for last in (False, True))
    return [training, last, [trial for trial in trials if trial.folder not in teachers]]


def _on_death(trial: Trial, deaths: Counter[Path], machine: Machine) -> list[str] | None:
    """Returns a line if a trial is given up after one more death, and marks what it died of."""
    deaths[trial.folder] += 1
    if deaths[trial.folder] < MAX_DEATHS:
        return None
    reason = f"its worker died {MAX_DEATHS} times"
    _mark(trial, reason, machine)
    return [f"{trial.folder.name}: {reason}"]


def run_ray_job(job: RayJob) -> list[str] | Busy:
    """Runs a trial on this machine; returns a line for each part of it that failed."""
    try:
        tests = tuple(take_test_part(load(root, job.unmixed)) for root in job.tests)
        trial = Trial(job.config, load(job.root, job.unmixed), job.folder, tests)
        resources = Resources(job.setup.apply(), job.weight_files, job.cache)
    except BaseException as error:
        end_all(error, job.folder)
        return [f"{job.folder.name}: {explain(error, job.config)}"]
    with claim(trial, resources.machine) as owner:
        if owner:
            return Busy(owner)
        return [] if trial.is_done else attempt(trial, resources)
