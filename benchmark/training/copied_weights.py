"""Copied weights: those that one trial takes of the training of another."""

from pathlib import Path

from benchmark.runs.folder import is_done
from benchmark.training.checkpoint import BEST, HISTORY, find_last, name_file
from benchmark.training.model import Model
from benchmark.training.stored_weights import load_weights, save_weights
from ffpms.regular_files import read_bytes
from ffpms.storage import whole_file


def copy_kept(teacher: Path, model: Model, folder: Path) -> bool:
    """Copies weights and history that another trial kept for a method, if it did.

    The last epoch of all methods is the same.
    """
    name, last = model.config.method, model.config.select == "last"
    files = {BEST: teacher / name_file(BEST, "" if last else name), HISTORY: teacher / name_file(HISTORY, name)}
    if not model.machine.ranks.agree(all(path.is_file() for path in files.values())):
        return False
    model.machine.log(f"{folder.name}: takes its epoch of the training of {teacher.name}")
    load_weights(model.detector, files[BEST])
    if model.machine.ranks.first:
        for name, path in files.items():
            _copy(path, folder / name)
    return True


def copy_last(other: Path, model: Model, folder: Path) -> bool:
    """Copies histories and last weights of another finished trial, if it has them."""
    last = find_last(other, model.config.epochs) if is_done(other) else None
    if not model.machine.ranks.agree(last is not None):
        return False
    model.machine.log(f"{folder.name}: takes the last epoch of {other.name}")
    if last:  # of the first rank, which alone scores
        load_weights(model.detector, last)
        save_weights(model.detector, folder / BEST, model.config.epochs)
        for history in (other / HISTORY, *other.glob(name_file(HISTORY, "*"))):
            _copy(history, folder / history.name)
    return True


def _copy(path: Path, to: Path) -> None:
    """Copies a file in one step, for what is there is not copied again."""
    with whole_file(to) as file:
        file.write(read_bytes(path))
