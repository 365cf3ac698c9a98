"""Claims: locks that let one process at a time work in a run folder, or write the leaderboard.

Two ``ffpms bench`` may so have one ``--out`` (docs/adr/0024-locks-and-checksums.md).
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmark.runs.folder import is_done, unfinish
from benchmark.runs.other_sets import ON
from benchmark.training.device import Machine
from benchmark.trials.trial import Trial
from ffpms.errors import writing
from ffpms.storage import LOCKS, remove_partial, try_lock


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


def lock_of(folder: Path) -> Path:
    """Returns the lock of a run folder."""
    return folder.parent / LOCKS / f"{folder.name}.lock"
