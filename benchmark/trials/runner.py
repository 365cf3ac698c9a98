"""Runs trials one after the other; one that fails does not end the others."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from benchmark.runs.folder import FAILED
from benchmark.trials.claims import claim
from benchmark.trials.failures import end_all, explain, note_failure
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial, run_trial
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import StorageError
from ffpms.locks import POLL_S

Runner = Callable[[Sequence[Trial], Resources], list[str]]
"""Runs trials that are not done yet; returns one line for each that failed."""


def run_here(trials: Sequence[Trial], resources: Resources) -> list[str]:
    """Runs trials in this process; returns one line for each that failed.

    One that another process is training is left for later. Then it is waited for, and trained if
    that process ended without it.
    """
    failures = list[str]()
    left, busy = {f"[{number}/{len(trials)}] {one.folder.name}": one for number, one in enumerate(trials, 1)}, set()
    while left:
        for name, trial in list(left.items()):
            for data in trial.shows_pixels:
                resources.faces(data)  # a set whose crops are damaged was left out before
            outcome = _try_running(name, trial, resources)
            if not isinstance(outcome, str):
                failures += outcome
                del left[name]
            elif name not in busy:
                busy.add(name)
                resources.machine.log(f"{name}: {outcome} is training it; it is left for later")
        if left:
            time.sleep(POLL_S)
    return failures


def _try_running(name: str, trial: Trial, resources: Resources) -> list[str] | str:
    """Runs a trial unless another process has it: returns a line if it failed, or who has it."""
    try:
        with claim(trial, resources.machine) as owner:
            return owner or _run_claimed(name, trial, resources)
    except StorageError as error:  # its lock cannot be had
        end_all(error, trial.folder)
        if resources.machine.ranks.world > 1:
            raise
        return [f"{trial.folder.name}: {error}"]


def _run_claimed(name: str, trial: Trial, resources: Resources) -> list[str]:
    """Runs a trial that is this process's own; returns a line for each part that failed."""
    machine = resources.machine
    if machine.ranks.agree(trial.is_done):  # by another trial, or by another process
        machine.log(f"{name}: done already")
        return []
    machine.log(f"{name}: on {', '.join(trial.config.manipulations)}")
    return attempt(trial, resources)


def attempt(trial: Trial, resources: Resources) -> list[str]:
    """Runs a trial, whatever its detector does, and then scores each other set by itself.

    Returns a line for each part that failed. The reason is also left in the folder of that part.
    A set that cannot be scored costs neither the run nor the other sets.

    Raises:
        KeyboardInterrupt: the user ended all.
        StorageError: the disk takes nothing more, of no trial.
    """
    lines = _attempt_part(trial, None, resources)
    return lines or [line for test in trial.tests for line in _attempt_part(trial, test, resources)]


def _attempt_part(trial: Trial, test: BuiltSet | None, resources: Resources) -> list[str]:
    """Trains and scores a trial, or scores another set with it; returns a line if that failed."""
    folder = trial.folder_on(test)
    try:
        (folder / FAILED).unlink(missing_ok=True)
        run_trial(replace(trial, tests=(test,) if test else ()), resources)
    except BaseException as error:
        end_all(error, folder)
        reason = explain(error, trial.config)
        note_failure(trial, reason, resources.machine, error, test)
        if resources.machine.ranks.world > 1:
            raise  # torchrun then stops the other ranks, which would wait for this one
    else:
        return []
    gc.collect()  # what the failed detector still holds, the next one may need
    return [f"{folder.relative_to(trial.folder.parent)}: {reason}"]
