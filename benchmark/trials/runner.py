"""Runs trials one after the other; one that fails does not end the others."""

import gc
from collections.abc import Callable, Sequence

from benchmark.runs.folder import FAILED, is_done
from benchmark.trials.failures import end_all, explain, note_failure
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial, run_trial

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
        log(f"{prefix}: on {', '.join(trial.config.manipulations)}")
        resources.faces(trial.data)  # a crop that is not what was built ends all trials, before any begins
        if reason := attempt(trial, resources):
            failures.append(f"{trial.folder.name}: {reason}")
    return failures


def attempt(trial: Trial, resources: Resources) -> str:
    """Runs a trial, whatever its detector does.

    Returns why it failed, in one line, or nothing. The reason is also left in its folder.

    Raises:
        KeyboardInterrupt: the user ended all.
        StorageError: the disk takes nothing more, of no trial.
    """
    try:
        (trial.folder / FAILED).unlink(missing_ok=True)
        run_trial(trial, resources)
    except BaseException as error:
        end_all(error, trial.folder)
        reason = explain(error, trial.config)
        note_failure(trial, reason, resources.machine, error)
        if resources.machine.ranks.world > 1:
            raise  # torchrun then stops the other ranks, which would wait for this one
    else:
        return ""
    gc.collect()  # what the failed detector still holds, the next one may need
    return reason
