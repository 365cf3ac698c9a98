"""Claims: locks that let one process at a time work in a run folder, or write the leaderboard.

Two ``ffpms bench`` may so have one ``--out`` (docs/adr/0024-locks-and-checksums.md).
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmark.runs.folder import is_done, unfinish
from benchmark.runs.other_sets import ON
from benchmark.runs.training_set import DATA, write_training_set
from benchmark.training.device import Machine
from benchmark.trials.failures import end_all, explain
from benchmark.trials.trial import Trial
from ffpms.errors import writing
from ffpms.locks import LOCKS, try_lock
from ffpms.storage import remove_partial


@contextmanager
def claim(trial: Trial, machine: Machine) -> Iterator[str]:
    """Locks a trial and the trial that trains its weights; yields who has one of them, or ''.

    The first rank takes the locks, and the others follow it.

    Raises:
        StorageError: the folder of locks cannot be written to.
    """
    ranks = machine.ranks
    with ExitStack() as locks:
        owner = _lock(trial, locks) if ranks.first else ""
        yield (owner or "another process") if ranks.agree(bool(owner)) else ""


def _lock(trial: Trial, locks: ExitStack) -> str:
    """Locks what the trial will write; returns who has it already, or who trains what it needs."""
    folders = dict.fromkeys(one.folder for one in (trial, trial.teacher) if one is trial or not is_done(one.folder))
    for folder in folders:
        if owner := locks.enter_context(try_lock(lock_of(folder))):
            return owner
        remove_partial(folder)
        remove_partial(folder, f"{ON}*/*")
    for folder in trial.teacher.selecting_otherwise if trial.config.select == "last" else ():
        with try_lock(lock_of(folder)) as owner:
            if owner:
                return owner
    return ""


def discard(trials: Sequence[Trial], machine: Machine) -> None:
    """Deletes the run folders of trials; one in which another process is at work stays.

    Raises:
        StorageError: a folder cannot be deleted.
    """
    for folder in [trial.folder for trial in trials if machine.ranks.first and trial.folder.is_dir()]:
        with try_lock(lock_of(folder)) as owner, writing(folder):
            if owner:
                machine.log(f"{folder.name}: {owner} is training it; it is left as it is")
                continue
            unfinish(folder)
            shutil.rmtree(folder)
    machine.ranks.wait()


def add_training_sets(trials: Iterable[Trial]) -> list[str]:
    """Writes what the set of a run is where an older version did not, also of those that train
    weights.

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
    except BaseException as error:  # the check of all methods told it
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


def lock_of(folder: Path) -> Path:
    """Returns the lock of a run folder."""
    return folder.parent / LOCKS / f"{folder.name}.lock"
