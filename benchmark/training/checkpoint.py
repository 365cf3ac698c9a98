"""Checkpoints: store a training run so that it can resume, and choose its best epoch."""

import math
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import pandas as pd
import torch
from torch import nn

from benchmark.training.stored_weights import UNREADABLE, epoch_of, read_weights, save_weights
from ffpms.errors import ConfigError, not_installed
from ffpms.regular_files import check_file
from ffpms.storage import whole_file, write_whole

LAST, BEST, HISTORY = "last.ckpt", "best.safetensors", "history.csv"
"""File names of the checkpoint, of the best weights, and of the history of epochs."""
LAST_WEIGHTS = "last.safetensors"
"""File name of the weights after the last epoch, where that is not the best."""
_NEXT = ".next"
"""End of the name of weights that are set aside until the checkpoint has their epoch."""


@dataclass
class TrainingState:
    """The number of epochs done; by method their history, the rank of the best, and which it is.

    The methods are the one that is trained, and those that are scored with its weights.
    """

    epoch: int = 0
    history: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    best: dict[str, tuple[float, ...]] = field(default_factory=dict)
    best_epoch: dict[str, int] = field(default_factory=dict)


def rank_epoch(row: dict[str, float], select: str) -> tuple[float, ...]:
    """Ranks an epoch by what ``--select`` names: the highest is best, the earlier of equals.

    Example:
        >>> rank_epoch({"epoch": 3, "val_accuracy": 0.75, "val_loss": 0.5}, "val-accuracy")
        (0.75, -0.5)
    """
    if select == "last":
        return (row["epoch"],)
    lower_loss = -row["val_loss"]
    return (lower_loss,) if select == "val-loss" else (row[select.replace("-", "_")], lower_loss)


def record_epoch(
    done: TrainingState, row: dict[str, float], detector: nn.Module, folder: Path, select: str, method: str = ""
) -> None:
    """Records an epoch, and sets the weights aside if they are the best so far.

    ``method`` is one that is scored with these weights; its files bear its name. They count once
    the checkpoint has the epoch too: see :func:`publish`.
    """
    rank = rank_epoch(row, select)
    if rank > done.best.get(method, (-math.inf,)):
        done.best[method], done.best_epoch[method] = rank, int(row["epoch"])
        if not method or select != "last":  # of all methods the last epoch is the same
            save_weights(detector, folder / f"{name_file(BEST, method)}{_NEXT}", int(row["epoch"]))
    done.history.setdefault(method, []).append(row)


def publish(folder: Path, done: TrainingState) -> None:
    """Makes the best weights and the history those of the checkpoint.

    Weights that were set aside for an epoch of which the checkpoint knows nothing are dropped: a
    kill came between, and the epoch is trained again.
    """
    chosen = {name_file(BEST, method): epoch for method, epoch in done.best_epoch.items()}
    for aside in folder.glob(f"*{_NEXT}"):
        final = aside.name.removesuffix(_NEXT)
        if chosen.get(final) == epoch_of(aside):
            aside.replace(folder / final)
        else:
            aside.unlink()
    for method, history in done.history.items():
        write_whole(folder / name_file(HISTORY, method), pd.DataFrame(history).to_csv(index=False))


def name_file(name: str, method: str) -> str:
    """Names the file of a method that is scored with this run's weights.

    Example:
        >>> name_file("best.safetensors", "xn-max")
        'best.xn-max.safetensors'
    """
    stem, dot, ending = name.partition(".")
    return f"{stem}.{method}{dot}{ending}" if method else name


def write_tensorboard(row: dict[str, float], folder: Path) -> None:
    """Writes an epoch's numbers for TensorBoard.

    Raises:
        ConfigError: tensorboard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise not_installed("tensorboard", "tensorboard") from None
    with SummaryWriter(str(folder / "tensorboard")) as writer:
        for name, value in row.items():
            writer.add_scalar(name, value, int(row["epoch"]))


def save(folder: Path, state: dict[str, Any], done: TrainingState) -> None:
    """Writes the checkpoint in one step, then the best weights and the history that it names."""
    with whole_file(folder / LAST) as file:
        try:
            torch.save({k: v.state_dict() for k, v in state.items()} | {"progress": vars(done)}, file)
        except RuntimeError as error:  # torch tells that it could not write, and hides why
            raise (error.__context__ if isinstance(error.__context__, OSError) else error) from None
    publish(folder, done)


def keep_last(detector: nn.Module, folder: Path, done: TrainingState) -> None:
    """Keeps the weights after the last epoch for ``--select last``, unless they are the best."""
    if done.best_epoch[""] != done.epoch:
        save_weights(detector, folder / LAST_WEIGHTS, done.epoch)


def find_last(folder: Path, epochs: int) -> Path | None:
    """Returns the file of a run's weights after the last epoch, if there is one that is whole."""
    for path in (folder / LAST_WEIGHTS, folder / BEST):
        with suppress(*UNREADABLE):
            if read_weights(path)[0] == epochs:
                return path
    return None


def is_trained(folder: Path, epochs: int) -> bool:
    """Whether a folder has the weights and the history of a training that is done.

    Its checkpoint goes with that; what is left to do is to score.
    """
    if (folder / LAST).exists():
        return False
    with suppress(*UNREADABLE):
        return len(pd.read_csv(check_file(folder / HISTORY))) == epochs and read_weights(folder / BEST)[0] <= epochs
    return False


def drop_checkpoint(folder: Path) -> None:
    """Deletes the checkpoint of a run that is done, in a folder that can be written to."""
    with suppress(OSError):
        (folder / LAST).unlink(missing_ok=True)


def resume(folder: Path, state: dict[str, Any]) -> TrainingState:
    """Loads the checkpoint if there is one.

    It is read to the CPU. Each part moves what it needs to its own device, and Adam's counters of
    steps stay: on a GPU, each would be waited for at every step.

    Raises:
        ConfigError: it is damaged or of another run.
    """
    path = folder / LAST
    if not path.is_file():
        return TrainingState()
    try:
        with ZipFile(path) as parts:
            if broken := parts.testzip():  # torch does not look at the checksums
                raise BadZipFile(broken)
        saved = torch.load(path, map_location="cpu", weights_only=True)
        for name, part in state.items():
            part.load_state_dict(saved[name])
        return TrainingState(**saved["progress"])
    except Exception as error:
        raise ConfigError(
            f"{path}: no checkpoint of this run ({type(error).__name__}); delete it and run again"
        ) from error
