"""One training run: fits a detector on train bags and picks its epoch on val bags. It never sees a test bag."""

import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from benchmark.config import TrainConfig
from benchmark.loader import BagDataset, balanced_epoch, load_batches
from benchmark.machine import Machine, autocast
from benchmark.metrics import accuracy
from benchmark.predict import BagScore, predict
from detectors.detector import Detector
from ffpms.errors import ConfigError


@dataclass
class Progress:
    """What survives an interruption, beside the weights: the epochs done, their history and the best so far."""

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: tuple[float, float] = (-math.inf, -math.inf)


def fit(
    detector: Detector, train: BagDataset, val: BagDataset, config: TrainConfig, machine: Machine, folder: Path
) -> None:
    """Trains to the last epoch, resuming after the last one finished, and leaves the weights of the epoch that is best
    on val (accuracy at 0.5, then loss, then the earlier one) in the detector and in ``best.safetensors``.

    Raises:
        ConfigError: there is nothing to train or to select on, or the loss is no longer a number.
    """
    _check_bags(train, val)
    optimizer = torch.optim.Adam([p for p in detector.parameters() if p.requires_grad], lr=config.lr)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, config.lr_halved_every, gamma=0.5)
    state = {"detector": detector, "optimizer": optimizer, "scheduler": scheduler}
    progress = _resume(folder / "last.ckpt", state, machine.device)
    while progress.epoch < config.epochs:
        started = time.monotonic()
        row = _train_epoch(detector, train, optimizer, config, machine, progress.epoch)
        scheduler.step()
        scores = predict(detector, val, config, replace(machine, track=lambda batches, _: batches))
        row |= _validate(scores) | {"seconds": round(time.monotonic() - started, 2)}
        _keep(progress, row, detector, folder)
        _save(folder / "last.ckpt", state, progress)
        machine.say(
            f"{config.method} seed {config.seed} epoch {progress.epoch}/{config.epochs}: "
            f"loss {row['train_loss']:.4f}, val loss {row['val_loss']:.4f}, val accuracy {row['val_accuracy']:.3f}"
        )
    detector.load_state_dict(load_file(folder / "best.safetensors"))


def _check_bags(train: BagDataset, val: BagDataset) -> None:
    for name, bags in (("train", train.bags), ("val", val.bags)):
        if {bag.label for bag in bags if bag.crops} != {0, 1}:
            raise ConfigError(f"{name}: the set has not both real and fake bags with faces; build it with this split")


def _train_epoch(
    detector: Detector,
    train: BagDataset,
    optimizer: torch.optim.Optimizer,
    config: TrainConfig,
    machine: Machine,
    epoch: int,
) -> dict[str, float]:
    torch.manual_seed(config.seed * 100_003 + epoch)
    train.epoch = epoch
    order = balanced_epoch(train.bags, config.seed, epoch)
    batches = load_batches(train, order, config.batch_size, machine.workers)
    detector.train()
    losses, entropies = [], []
    for batch in machine.track(batches, math.ceil(len(order) / config.batch_size)):
        shown = machine.show(batch, detector, config)
        with autocast(config.precision, machine.device):
            prediction, loss = detector.learn(shown.bag, shown.label, shown.boundary)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.detach())
        if prediction.weight is not None:
            entropies.append(torch.special.entr(prediction.weight.detach()).sum(dim=1).mean())
    mean_loss = float(torch.stack(losses).mean())
    if not math.isfinite(mean_loss):
        raise ConfigError(f"{config.method}: the loss is {mean_loss} in epoch {epoch + 1}; try a lower --lr")
    row = {"epoch": epoch + 1, "lr": optimizer.param_groups[0]["lr"], "train_loss": mean_loss}
    return row | ({"attention_entropy": float(torch.stack(entropies).mean())} if entropies else {})


def _validate(scores: list[BagScore]) -> dict[str, float]:
    """Accuracy as the leaderboard counts it, and the loss with both classes weighing the same."""
    label = np.array([s.record.label for s in scores])
    logit = np.array([s.video_logit for s in scores])
    each = np.logaddexp(0, np.where(label == 1, -logit, logit))
    loss = float(np.mean([each[label == y].mean() for y in (0, 1)]))
    return {"val_loss": loss, "val_accuracy": accuracy(label, 1 / (1 + np.exp(-logit)))}


def _keep(progress: Progress, row: dict[str, float], detector: nn.Module, folder: Path) -> None:
    """Books the epoch; saves the weights if they are the best so far."""
    rank = (row["val_accuracy"], -row["val_loss"])
    if rank > progress.best:
        progress.best = rank
        partial = folder / "best.safetensors.partial"
        save_file({k: v.contiguous() for k, v in detector.state_dict().items()}, partial)
        partial.replace(folder / "best.safetensors")
    progress.history.append(row)
    progress.epoch += 1
    pd.DataFrame(progress.history).to_csv(folder / "history.csv", index=False)


def _save(path: Path, state: dict[str, Any], progress: Progress) -> None:
    """Writes the checkpoint in one step."""
    partial = path.with_name(path.name + ".partial")
    torch.save({k: v.state_dict() for k, v in state.items()} | {"progress": vars(progress)}, partial)
    partial.replace(path)


def _resume(path: Path, state: dict[str, Any], device: torch.device) -> Progress:
    """Loads the checkpoint if there is one."""
    if not path.is_file():
        return Progress()
    try:
        saved = torch.load(path, map_location=device, weights_only=True)
        for name, part in state.items():
            part.load_state_dict(saved[name])
        return Progress(**saved["progress"])
    except Exception as error:
        raise ConfigError(
            f"{path}: no checkpoint of this run ({type(error).__name__}); delete it and run again"
        ) from error
