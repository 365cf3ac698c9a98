"""Checkpoints: store a training run so that it can resume, and the weights of its best epoch."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors.torch import save_file
from torch import nn

from ffpms.errors import ConfigError, not_installed

LAST, BEST, HISTORY = "last.ckpt", "best.safetensors", "history.csv"
"""File names of the checkpoint, of the best weights, and of the history of epochs."""


@dataclass
class TrainingState:
    """The number of epochs done, their history and the rank of the best."""

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: tuple[float, float] = (-math.inf, -math.inf)


def record_epoch(done: TrainingState, row: dict[str, float], detector: nn.Module, folder: Path) -> None:
    """Records an epoch, and saves the weights if they are the best so far.

    Epochs are ranked by val accuracy, then val loss; of equals the earlier one is best.
    """
    rank = (row["val_accuracy"], -row["val_loss"])
    if rank > done.best:
        done.best = rank
        partial = folder / f"{BEST}.partial"
        save_file({k: v.contiguous() for k, v in detector.state_dict().items()}, partial)
        partial.replace(folder / BEST)
    done.history.append(row)
    done.epoch += 1
    pd.DataFrame(done.history).to_csv(folder / HISTORY, index=False)


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
    """Writes the checkpoint in one step."""
    partial = folder / f"{LAST}.partial"
    torch.save({k: v.state_dict() for k, v in state.items()} | {"progress": vars(done)}, partial)
    partial.replace(folder / LAST)


def resume(folder: Path, state: dict[str, Any], device: torch.device) -> TrainingState:
    """Loads the checkpoint if there is one.

    Raises:
        ConfigError: it is damaged or of another run.
    """
    path = folder / LAST
    if not path.is_file():
        return TrainingState()
    try:
        saved = torch.load(path, map_location=device, weights_only=True)
        for name, part in state.items():
            part.load_state_dict(saved[name])
        return TrainingState(**saved["progress"])
    except Exception as error:
        raise ConfigError(
            f"{path}: no checkpoint of this run ({type(error).__name__}); delete it and run again"
        ) from error
