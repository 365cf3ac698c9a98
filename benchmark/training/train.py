"""Training run: fits a detector on train bags and selects its epoch on val bags.

It never sees a test bag.
"""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmark.data.batches import BagDataset, Batch, FaceDataset, in_batches
from benchmark.data.loading import load_batches
from benchmark.metrics.accuracy import accuracy
from benchmark.training.checkpoint import (
    BEST,
    TrainingState,
    keep_last,
    publish,
    record_epoch,
    resume,
    save,
    write_tensorboard,
)
from benchmark.training.model import Model
from benchmark.training.predict import BagScore, predict_alike
from benchmark.training.stored_weights import load_weights
from detectors.detector import Detector
from ffpms.errors import ConfigError
from ffpms.machine.allocator import keep_freed_memory


def fit(
    model: Model, train: BagDataset, val: BagDataset, folder: Path, sharing: Mapping[str, Detector] | None = None
) -> None:
    """Trains to the last epoch, resuming after the last finished one, and keeps the best epoch.

    ``config.select`` says which is best. Its weights are left in the detector and in
    ``best.safetensors``. Methods of ``sharing`` are scored with the same training's weights. Each
    keeps its own best epoch, in ``best.xn-max.safetensors`` and the like.

    Raises:
        ConfigError: there is nothing to train or to select on, or the loss is no longer a number.
        ManifestError: the best weights are lost or damaged.
    """
    _check_bags(train, val)
    keep_freed_memory()
    detector, config, ranks = model.detector, model.config, model.machine.ranks
    trained = [parameter for parameter in detector.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=config.lr, fused=model.machine.device.type == "cpu" or None)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, config.lr_halved_every, gamma=0.5)
    state = {"detector": detector, "optimizer": optimizer, "scheduler": scheduler}
    done = resume(folder, state)
    if ranks.first:
        publish(folder, done)
    ranks.broadcast(detector)
    while done.epoch < config.epochs:
        started = time.monotonic()
        row = _train_epoch(model, train, optimizer, done.epoch)
        scheduler.step()
        done.epoch += 1
        alike = {"": detector, **(sharing or {})}
        scores = score_shared(model, list(alike.values()), val)
        if ranks.first:
            _select(model, dict(zip(alike, scores, strict=True)), row, done, folder, started)
            save(folder, state, done)
        ranks.wait()
    if ranks.first:
        keep_last(detector, folder, done)
    load_weights(detector, folder / BEST)


def score_shared(model: Model, detectors: Sequence[Detector], dataset: BagDataset) -> list[list[BagScore]]:
    """Scores every bag with several detectors, as :func:`predict_alike` does; ranks share the work.

    All have the first rank's weights and statistics then. Each takes whole batches, so that the
    scores are those of one rank. The first returns them, in the data set's order; others, nothing.
    """
    ranks = model.machine.ranks
    ranks.broadcast(model.detector)
    order = [i for i, bag in enumerate(dataset.bags) if bag.crops]
    batches = in_batches(order, model.batch_size)
    shares = [[i for batch in batches[rank :: ranks.world] for i in batch] for rank in range(ranks.world)]
    found = ranks.gather(predict_alike(model.without_progress, detectors, dataset, shares[ranks.rank]))
    return [_join(shares, parts) for parts in zip(*found, strict=True)]


def _join(shares: list[list[int]], parts: Sequence[list[BagScore]]) -> list[BagScore]:
    """Joins the scores of the ranks' shares in the order of the bags."""
    by_index = {
        i: score for share, part in zip(shares, parts, strict=True) for i, score in zip(share, part, strict=True)
    }
    return [by_index[i] for i in sorted(by_index)]


def _select(
    model: Model,
    scores: Mapping[str, list[BagScore]],
    row: dict[str, float],
    done: TrainingState,
    folder: Path,
    started: float,
) -> None:
    """Records the scores of val of each detector, and keeps the weights if they are its best."""
    for name, own in scores.items():
        found = row | validate(own) | {"seconds": round(time.monotonic() - started, 2)}
        record_epoch(done, found, model.detector, folder, model.config.select, name)
    _report(model, done.history[""][-1], folder)


def _check_bags(train: BagDataset, val: BagDataset) -> None:
    for name, bags in (("train", train.bags), ("val", val.bags)):
        if {bag.label for bag in bags if bag.crops} != {0, 1}:
            raise ConfigError(f"{name}: the set has not both real and fake bags with faces; build it with this split")


def _report(model: Model, row: dict[str, float], folder: Path) -> None:
    """Logs the numbers of an epoch."""
    config = model.config
    if model.machine.tensorboard:
        write_tensorboard(row, folder)
    model.machine.log(
        f"{config.method} seed {config.seed} epoch {row['epoch']}/{config.epochs}: "
        f"loss {row['train_loss']:.4f}, val loss {row['val_loss']:.4f}, val accuracy {row['val_accuracy']:.3f}"
    )


def _train_epoch(model: Model, train: BagDataset, optimizer: torch.optim.Optimizer, epoch: int) -> dict[str, float]:
    """Trains one epoch; returns its mean loss and the mean entropy of the pool's weights.

    Raises:
        ConfigError: the loss is no number, or batches are too small for the ranks.
    """
    config, machine = model.config, model.machine
    torch.manual_seed((config.seed * 100_003 + epoch) * machine.ranks.world + machine.ranks.rank)
    train.epoch = epoch
    whole = train.draw_epoch(config.frame_batch_size if isinstance(train, FaceDataset) else config.batch_size)
    share = machine.ranks.share(whole)
    if not share:
        raise ConfigError(f"torchrun: no batch has one for each of {machine.ranks.world} processes; start fewer")
    batches = load_batches(train, share, machine.count_workers(train.forge is not None), machine.log)
    model.detector.train()
    found = []
    for batch, members in zip(machine.progress(batches, len(whole)), whole, strict=False):
        optimizer.zero_grad(set_to_none=True)
        found.append(accumulate_gradients(model, batch, len(members)))
        machine.ranks.add_gradients(model.detector.parameters())
        optimizer.step()
    row = {"epoch": epoch + 1, "lr": optimizer.param_groups[0]["lr"]}
    return row | _summarise(model, machine.ranks.add_up(torch.stack(found)), epoch)


def _summarise(model: Model, found: Tensor, epoch: int) -> dict[str, float]:
    """Returns the mean loss and entropy of an epoch, from the sums of each of its batches.

    Shape: found (batches, 4), of all ranks.

    Raises:
        ConfigError: the loss is no number.
    """
    loss, entropy, weighted, count = found.sum(dim=0).tolist()
    mean_loss = loss / count
    if not math.isfinite(mean_loss):
        raise ConfigError(f"{model.config.method}: the loss is {mean_loss} {_explain_loss(model, found[0], epoch)}")
    return {"train_loss": mean_loss} | ({"attention_entropy": entropy / weighted} if weighted else {})


def _explain_loss(model: Model, first: Tensor, epoch: int) -> str:
    """Says when a loss ceased to be a number, and what to do."""
    precision = " or --precision fp32" if model.config.precision == "bf16" else ""
    if epoch == 0 and not first.isfinite().all():
        return f"in the first batch, before any step: look at the detector's code and at its first weights{precision}"
    return f"in epoch {epoch + 1}; try a lower --lr{precision}"


def accumulate_gradients(model: Model, batch: Batch, size: int) -> Tensor:
    """Adds up the gradients of the mean loss over a batch of ``size`` videos, or of single faces.

    ``batch`` is this rank's part of it. It is computed in micro-batches.

    Shape: -> (4,): the sums over its videos of the loss and of the weights' entropy, how many have
    weights, and how many there are.
    """
    step = model.part_size or len(batch)
    sums = torch.zeros(4, device=model.machine.device)
    for start in range(0, len(batch), step):
        part = batch.part(start, start + step)
        given = model.input(part)
        with model.autocast():
            prediction, loss = model.detector.learn(given.bag, given.label, given.boundary)
        (loss * (len(part) / size)).backward()  # type: ignore[no-untyped-call]
        sums[0] += loss.detach() * len(part)
        if prediction.weight is not None:
            sums[1] += torch.special.entr(prediction.weight.detach()).sum()
            sums[2] += len(part)
        sums[3] += len(part)
    return sums


def validate(scores: list[BagScore]) -> dict[str, float]:
    """Returns accuracy as the leaderboard counts it, AUC, and the loss with both classes weighing
    the same.

    Raises:
        ConfigError: a score is no number.
    """
    label = np.array([s.record.label for s in scores])
    logit = np.array([s.video_logit for s in scores])
    if not np.isfinite(logit).all():
        raise ConfigError("the scores of val bags are not all numbers; try a lower --lr")
    each = np.logaddexp(0, np.where(label == 1, -logit, logit))
    loss = float(np.mean([each[label == y].mean() for y in (0, 1)]))
    return {
        "val_loss": loss,
        "val_accuracy": accuracy(label, 1 / (1 + np.exp(-logit))),
        "val_auc": _auc(label, logit),
    }


def _auc(label: np.ndarray, logit: np.ndarray) -> float:
    """AUC of logits of any size: the share of pairs whose fake is higher; ties count half.

    scikit-learn has it too, and its import takes as long as pandas' and scipy's together.

    Shape: label, logit (N,).
    """
    real, fake = np.sort(logit[label == 0]), logit[label == 1]
    won = np.searchsorted(real, fake, "left") + np.searchsorted(real, fake, "right")
    return float(won.sum() / (2 * len(real) * len(fake)))
