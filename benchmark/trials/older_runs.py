"""Older runs: gives those that are done what an older version did not write."""

from collections.abc import Iterable

from benchmark.runs.folder import is_done
from benchmark.runs.training_set import DATA, write_training_set
from benchmark.trials.claims import lock_of
from benchmark.trials.failures import end_all, explain
from benchmark.trials.trial import Trial
from ffpms.storage import try_lock


def add_training_sets(trials: Iterable[Trial]) -> list[str]:
    """Writes what the set of a run is, where trials or those that train their weights lack it.

    Only runs that are done are looked at, and none in which another process is at work. Returns a
    line for each that cannot have it; that costs no other.
    """
    runs = {run.folder: run for trial in trials for run in _with_teacher(trial)}
    lacking = [run for run in runs.values() if is_done(run.folder) and not (run.folder / DATA).is_file()]
    return [line for run in lacking for line in _try_adding(run)]


def _with_teacher(trial: Trial) -> tuple[Trial, ...]:
    """Returns a trial, and the one that trains its weights if there is one."""
    try:
        return trial, trial.teacher
    except BaseException as error:  # said of the trial before
        end_all(error, trial.folder)
        return (trial,)


def _try_adding(run: Trial) -> list[str]:
    try:
        with try_lock(lock_of(run.folder)) as owner:
            if not owner:
                write_training_set(run.folder, run.data, run.config.manipulations)
    except BaseException as error:
        end_all(error, run.folder)
        return [f"{run.folder.name}: {explain(error, run.config)}"]
    return []
