"""Trials: detectors to be trained and scored on sets, and how they are run one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.config import TrainConfig
from benchmark.runs.folder import FAILED, is_done
from benchmark.training.device import Machine
from benchmark.trials.resources import Material, Supply
from benchmark.trials.trial import run_trial
from detectors.errors import DetectorError
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import FfpmsError


@dataclass(frozen=True, eq=False)
class Trial:
    """A detector to be trained and scored on a set, into a folder."""

    config: TrainConfig
    data: BuiltSet
    folder: Path


Runner = Callable[[Sequence[Trial], Supply], list[str]]
"""Runs trials that are not done yet; returns one line for each that failed."""


def run_here(trials: Sequence[Trial], supply: Supply) -> list[str]:
    """In this process, one after the other; one that fails says so and the others go on."""
    failures, machine = [], supply.machine
    for number, trial in enumerate(trials, 1):
        prefix = f"[{number}/{len(trials)}] {trial.folder.name}"
        if is_done(trial.folder):  # another trial's detector was trained by it
            machine.say(f"{prefix}: done already")
            continue
        machine.say(f"{prefix}: training on {', '.join(trial.config.manipulations)}")
        if reason := attempt(trial.config, trial.folder, supply.of(trial.data), machine):
            failures.append(f"{trial.folder.name}: {reason}")
    return failures


def attempt(config: TrainConfig, folder: Path, material: Material, machine: Machine) -> str:
    """Runs a trial; why it failed, in one line that stays in its folder, or nothing."""
    (folder / FAILED).unlink(missing_ok=True)
    try:
        run_trial(config, material, folder, machine)
    except (FfpmsError, DetectorError, RuntimeError, OSError, ValueError) as error:
        if machine.ranks.world > 1:
            raise  # torchrun then stops the other ranks, which would wait for this one
        return note_failure(folder, _explain(error))
    return ""


def note_failure(folder: Path, reason: str) -> str:
    """Leaves the reason in a trial's folder, if it has begun; returns it."""
    if folder.is_dir():
        (folder / FAILED).write_text(reason + "\n", encoding="utf-8")
    return reason


def _explain(error: Exception) -> str:
    """In one line; with what to do where memory ran out."""
    reason = " ".join(str(error).split())
    return f"{reason}; give --micro-batch 8 or less" if "out of memory" in reason.lower() else reason
