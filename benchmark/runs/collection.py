"""Reads a folder of runs; a folder in it that cannot be used does not cost the others."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.runs.folder import FAILED, OF_A_RUN, PERTURBED, Failure, Run, is_done, read_failure, read_run
from benchmark.runs.other_sets import list_folders, read_failure_on, read_on
from benchmark.runs.perturbed import read_perturbed
from ffpms.errors import FfpmsError, ManifestError
from ffpms.progress import Log


@dataclass(frozen=True)
class Collection:
    """The finished runs of a folder and the trials that failed, by name, and what else is there.

    A run that was scored on other sets too is among ``runs`` once for each set.
    ``left_out`` has a line for each folder that cannot be used, by its name: what is wrong, and
    what to do. ``unfinished`` are the names of runs that are neither done nor failed.
    """

    runs: list[Run]
    failures: list[Failure]
    left_out: dict[str, str]
    unfinished: list[str]


def read_collection(root: str | Path) -> Collection:
    """Reads all run folders below ``root``.

    A folder counts once. Files, and folders that hold nothing of a run, are passed over.

    Raises:
        ManifestError: there is no such folder, or it cannot be read.
    """
    found = Collection([], [], {}, [])
    for folder in _list_folders(Path(root)):
        with _leaving_out(folder, folder.name, found):
            _add(folder, found)
    found.runs.sort(key=lambda run: (run.run_id, bool(run.origin), run.dataset, run.data_sha256))
    return found


@contextmanager
def _leaving_out(place: Path, name: str, found: Collection) -> Iterator[None]:
    """Notes why something cannot be used, by its name, and goes on without it."""
    try:
        yield
    except FfpmsError as error:
        found.left_out[name] = str(error)
    except OSError as error:
        todo = "remove it" if isinstance(error, IsADirectoryError) else "make it readable"
        found.left_out[name] = f"{error.filename or place}: {error.strerror or error}; {todo}, or move the folder away"


def _list_folders(root: Path) -> list[Path]:
    """Lists what is in a folder by name, links last."""
    try:
        return sorted(root.iterdir(), key=lambda path: (path.is_symlink(), path.name))
    except (FileNotFoundError, NotADirectoryError):
        raise ManifestError(f"{root}: no such folder; give the one that 'ffpms bench' wrote to, such as runs") from None
    except OSError as error:
        raise ManifestError(f"{root}: {error.strerror or error}; make it readable") from None


def _add(folder: Path, found: Collection) -> None:
    """Adds what is in a folder, if it is a run's.

    Raises:
        ManifestError: it cannot be used.
        OSError: it cannot be read.
    """
    if folder.is_symlink() and not folder.exists():
        raise ManifestError(f"{folder}: a link to what is not there; mount its target, or delete the link")
    if not folder.is_dir():
        return
    names = {path.name for path in folder.iterdir()}
    if is_done(folder):
        run = read_run(folder)
        if any(run.run_id == other.run_id for other in found.runs):
            raise ManifestError(f"{folder}: is the run {run.run_id} once more; delete the link")
        run = _add_perturbed(folder, folder.name, run, found)
        found.runs.append(run)
        _add_other_sets(folder, run, found)
    elif FAILED in names:
        found.failures.append(read_failure(folder))
    elif names.intersection(OF_A_RUN):
        found.unfinished.append(folder.name)


def _add_perturbed(folder: Path, name: str, run: Run, found: Collection) -> Run:
    """Adds a run's scores of perturbed faces; those that cannot be used do not cost the run."""
    table = run.perturbed
    with _leaving_out(folder / PERTURBED, f"{name}/{PERTURBED}", found):
        table = read_perturbed(folder)
    return replace(run, perturbed=table)


def _add_other_sets(folder: Path, run: Run, found: Collection) -> None:
    """Adds a run's scores on other sets; those that cannot be used do not cost the run."""
    for place in list_folders(folder):
        name = f"{folder.name}/{place.name}"
        with _leaving_out(place, name, found):
            if is_done(place):
                found.runs.append(_add_perturbed(place, name, read_on(place, run), found))
            elif (place / FAILED).is_file():
                found.failures.append(read_failure_on(place, run))
            else:
                found.unfinished.append(name)


def read_some(root: Path, log: Log) -> Collection:
    """Reads a folder that is to have runs, and logs what of it is left out.

    Raises:
        ManifestError: there is no such folder, or neither a finished run nor a failed one in it.
    """
    found = read_collection(root)
    for line in describe_left_out(root, found):
        log(line)
    check_not_empty(root, found)
    return found


def describe_left_out(root: Path, found: Collection) -> list[str]:
    """Describes what is not in the tables: a line for each folder, one for unfinished runs."""
    lines = [f"left out: {line}" for line in found.left_out.values()]
    if found.unfinished:
        names = ", ".join(found.unfinished[:3]) + (", ..." if len(found.unfinished) > 3 else "")
        number = len(found.unfinished)
        lines.append(f"left out: {root}: {number} not finished ({names}); the same 'ffpms bench' goes on with them")
    return lines


def check_not_empty(root: Path, found: Collection) -> None:
    """Checks that a folder has a finished run or a failed one.

    Raises:
        ManifestError: it has neither.
    """
    if found.runs or found.failures:
        return
    if is_done(root):
        raise ManifestError(f"{root}: is a run itself; give the folder that it is in: {root.resolve().parent}")
    raise ManifestError(f"{root}: no finished run in it; make one with 'ffpms bench' or 'ffpms evaluate'")


def read_runs(root: str | Path) -> list[Run]:
    """Reads all finished runs below ``root``, by name.

    One that was scored on other sets too is there once for each set.
    It warns of what cannot be used, and leaves it out.

    Raises:
        ManifestError: there is no such folder, or it cannot be read.

    Example:
        >>> [run.method for run in benchmark.read_runs("runs")]
        ['s-mil', 'xn-avg']
    """
    return warn_of_left_out(Path(root), read_collection(root)).runs


def warn_of_left_out(root: Path, found: Collection) -> Collection:
    """Warns of what is not part of the tables, and returns what is."""
    for line in describe_left_out(root, found):
        warnings.warn(line, stacklevel=3)
    return found
