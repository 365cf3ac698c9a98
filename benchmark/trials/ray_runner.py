"""Trials over a Ray cluster: each by itself on a core or a GPU, wherever one is free."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.config import TrainConfig
from benchmark.runs.folder import is_done
from benchmark.training.device import Say, Setup
from benchmark.trials import identity
from benchmark.trials.resources import Supply
from benchmark.trials.runner import Trial, attempt, note_failure
from benchmark.trials.trial import teacher_of
from detectors import load_plugins
from ffpms.dataset.unmixed import load_set
from ffpms.engine import Done, on_ray

MAX_DEATHS = 3
"""A trial whose worker died goes on from its last epoch, but not for ever."""


@dataclass(frozen=True)
class Errand:
    """A trial as another machine can be told of it, which shares the folders."""

    config: TrainConfig
    folder: Path
    root: Path
    unmixed: bool
    faces: Path | None
    weights: Mapping[str, Path]
    setup: Setup


@dataclass(frozen=True)
class Cluster:
    """How trials are spread: ``n_gpus`` and ``setup.threads`` cores for each."""

    setup: Setup
    workers: int
    n_gpus: int

    def run(self, trials: Sequence[Trial], supply: Supply) -> list[str]:
        """Runs trials side by side; first those whose detectors others take. Returns one line a failure."""
        for trial in trials:
            supply.of(trial.data)  # so that workers find the stores of faces, and do not make them
        first = {errand.folder: errand for errand in (self._errand(_teacher(t), supply) for t in trials)}
        own = [self._errand(trial, supply) for trial in trials]
        waves = [e for e in first.values() if not is_done(e.folder)], [e for e in own if e.folder not in first]
        return [line for wave in waves for line in self._run_wave(wave, supply.machine.say)]

    def _errand(self, trial: Trial, supply: Supply) -> Errand:
        return Errand(
            trial.config,
            trial.folder.absolute(),
            trial.data.root.absolute(),
            trial.data.unmixed,
            supply.folder.absolute() if supply.folder else None,
            {name: path.absolute() for name, path in supply.weights.items()},
            self.setup,
        )

    def _run_wave(self, errands: Sequence[Errand], say: Say) -> list[str]:
        failures, deaths, left = list[str](), Counter[Path](), list(errands)
        needs = {"num_cpus": self.setup.threads or 1, "num_gpus": self.n_gpus}
        while left:
            outcomes, left = on_ray(run_errand, left, self.workers, needs), []
            for outcome in outcomes:
                folder = outcome.job.folder
                reason = outcome.result if isinstance(outcome, Done) else _mourn(folder, deaths)
                if reason is None:
                    say(f"{folder.name}: its worker died; it goes on from its last epoch")
                    left.append(outcome.job)
                    continue
                say(f"{folder.name}: {reason or 'done'}")
                failures += [f"{folder.name}: {reason}"] if reason else []
        return failures


def _mourn(folder: Path, deaths: Counter[Path]) -> str | None:
    """Why a trial is given up after one more death, if it is."""
    deaths[folder] += 1
    return note_failure(folder, f"its worker died {MAX_DEATHS} times") if deaths[folder] == MAX_DEATHS else None


def _teacher(trial: Trial) -> Trial:
    """The trial whose training gives a trial its detector: mostly itself."""
    config = teacher_of(trial.config)
    return replace(trial, config=config, folder=trial.folder.parent / identity.run_id(config, trial.data.sha256))


def run_errand(errand: Errand) -> str:
    """Runs a trial on whatever machine this is; why it failed, or nothing."""
    load_plugins()
    machine = errand.setup.apply()
    supply = Supply(errand.weights, errand.faces, machine)
    return attempt(errand.config, errand.folder, supply.of(load_set(errand.root, errand.unmixed)), machine)
