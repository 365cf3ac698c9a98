"""Runs trials one after the other; one that fails does not end the others."""

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark.runs.folder import FAILED, is_done
from benchmark.trials.resources import Resources
from benchmark.trials.trial import Trial, run_trial
from detectors.errors import DetectorError
from ffpms.errors import FfpmsError

Runner = Callable[[Sequence[Trial], Resources], list[str]]
"""Runs trials that are not done yet; returns one line for each that failed."""


def run_here(trials: Sequence[Trial], resources: Resources) -> list[str]:
    """Runs trials in this process; returns one line for each that failed."""
    failures, log = [], resources.machine.log
    for number, trial in enumerate(trials, 1):
        prefix = f"[{number}/{len(trials)}] {trial.folder.name}"
        if is_done(trial.folder):  # another trial's detector was trained by it
            log(f"{prefix}: done already")
            continue
        log(f"{prefix}: training on {', '.join(trial.config.manipulations)}")
        resources.faces(trial.data)  # a crop that is not what was built ends all trials, before any begins
        if reason := attempt(trial, resources):
            failures.append(f"{trial.folder.name}: {reason}")
    return failures


def attempt(trial: Trial, resources: Resources) -> str:
    """Runs a trial; why it failed, in one line that stays in its folder, or nothing."""
    (trial.folder / FAILED).unlink(missing_ok=True)
    try:
        run_trial(trial, resources)
    except (FfpmsError, DetectorError, RuntimeError, OSError, ValueError) as error:
        if resources.machine.ranks.world > 1:
            raise  # torchrun then stops the other ranks, which would wait for this one
        return note_failure(trial.folder, _explain(error))
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
