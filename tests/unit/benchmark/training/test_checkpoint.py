"""Checkpoints: which epoch is kept, and that a kill, damage or an older training leaves no wrong weights."""

import builtins
import io
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import safetensors.torch
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from benchmark.train_config import SELECTS
from benchmark.training import checkpoint, stored_weights, train
from benchmark.training.predict import BagScore
from benchmark.trials import scoring
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial, run_trial
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError, ManifestError
from ffpms.hashing import digest
from ffpms.parquet import write_table
from tests.helpers.trials import CONFIG

BEST_EPOCH = {"val-accuracy": 2, "val-auc": 4, "val-loss": 4, "last": 5}
"""What each choice keeps of the epochs below: accuracy, loss and AUC of each, from epoch 0."""
EPOCHS = [(0.5, 0.7, 0.6), (0.8, 0.6, 0.6), (0.8, 0.5, 0.7), (0.8, 0.5, 0.9), (0.7, 0.1, 0.9), (0.6, 0.8, 0.8)]


@pytest.mark.parametrize("select", SELECTS)
def test_the_epoch_is_kept_that_select_names(select: str, tmp_path: Path) -> None:
    done, detector = checkpoint.TrainingState(), torch.nn.Linear(1, 1, bias=False)
    for epoch, (accuracy, loss, auc) in enumerate(EPOCHS):
        torch.nn.init.constant_(detector.weight, epoch)
        row = {"epoch": epoch, "val_accuracy": accuracy, "val_loss": loss, "val_auc": auc}
        checkpoint.record_epoch(done, row, detector, tmp_path, select)
        checkpoint.publish(tmp_path, done)
    assert load_file(tmp_path / "best.safetensors")["weight"].item() == BEST_EPOCH[select]
    assert len(pd.read_csv(tmp_path / "history.csv")) == len(EPOCHS)


def test_a_kill_between_weights_and_checkpoint_leaves_what_the_checkpoint_says(
    built_set: BuiltSet, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lost epoch is trained again, and may come out otherwise on a GPU: then it is not the best."""
    run = Trial(replace(CONFIG, method="xn-avg", select="val-loss"), built_set, tmp_path)
    losses, original = iter([0.6, 0.1, 0.9, 0.8]), train.validate

    def validate(scores: list[BagScore]) -> dict[str, float]:
        return original(scores) | {"val_loss": next(twice)}

    twice = (loss for loss in losses for _ in range(2))  # of xn-avg and of xn-max
    monkeypatch.setattr(train, "validate", validate)
    with monkeypatch.context() as patch:
        patch.setattr(train, "save", lambda *a: checkpoint.save(*a) if a[2].epoch == 1 else _interrupt())
        with pytest.raises(KeyboardInterrupt):
            run_trial(run, resources)
    first = load_file(tmp_path / "best.safetensors")
    assert [path.name for path in tmp_path.glob("*.next")], "the epoch of 0.1 was set aside"
    run_trial(run, resources)
    for name in ("", ".xn-max"):
        assert pd.read_csv(tmp_path / f"history{name}.csv")["val_loss"].tolist() == [0.6, 0.9, 0.8]
        best = load_file(tmp_path / f"best{name}.safetensors")
        assert all(torch.equal(best[key], first[key]) for key in first)
    assert not [*tmp_path.glob("*.next")]


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("worst", ["first", "last"])
def test_the_checkpoint_goes_when_the_run_is_done(
    worst: str, built_set: BuiltSet, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last epoch's weights stay where they are not the best; a lost table is scored again, without training."""
    losses = iter([0.9, 0.5, 0.1] if worst == "first" else [0.1, 0.5, 0.9])
    original = train.validate
    monkeypatch.setattr(train, "validate", lambda scores: original(scores) | {"val_loss": next(losses)})
    run = Trial(replace(CONFIG, select="val-loss"), built_set, tmp_path)
    run_trial(run, resources)
    assert not (tmp_path / "last.ckpt").exists()
    assert (tmp_path / "last.safetensors").exists() == (worst == "last")
    scores = (tmp_path / "scores.parquet").read_bytes()
    for lost in ("DONE", "scores.parquet"):
        (tmp_path / lost).unlink()
    monkeypatch.setattr(train, "_train_epoch", lambda *_: pytest.fail("trained twice"))
    run_trial(run, resources)
    assert (tmp_path / "scores.parquet").read_bytes() == scores


def test_a_kill_between_tables_of_scores_leaves_a_run_that_goes_on_to_the_same_bytes(
    built_set: BuiltSet, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_below(folder: str) -> dict[str, bytes]:
        run_trial(Trial(CONFIG, built_set, tmp_path / folder / "run"), resources)
        return {path.name: path.read_bytes() for path in (tmp_path / folder / "run").glob("*.parquet")}

    whole = run_below("whole")
    assert len(whole) == 5
    monkeypatch.setattr(train, "_train_epoch", lambda *_: pytest.fail("trained twice"))
    for n_written in range(5):
        folder = tmp_path / str(n_written) / "run"
        lost = shutil.ignore_patterns("DONE", "*.parquet")
        shutil.copytree(tmp_path / "whole" / "run", folder, ignore=lost)
        with monkeypatch.context() as patch:
            steps = iter([write_table] * n_written)
            patch.setattr(scoring, "write_table", lambda *a, left=steps: next(left, _interrupt)(*a))
            with pytest.raises(KeyboardInterrupt):
                run_below(str(n_written))
        assert len([*folder.glob("*.parquet")]) == n_written
        assert run_below(str(n_written)) == whole


def _flip(path: Path, place: int) -> None:
    """Changes a number in a file as a fault of the disk does: nobody is told."""
    stored = bytearray(path.read_bytes())
    stored[place] ^= 8
    path.write_bytes(stored)


def test_a_checkpoint_that_changed_on_the_disk_is_refused(tmp_path: Path) -> None:
    detector = torch.nn.Linear(64, 64)
    checkpoint.save(tmp_path, {"detector": detector}, checkpoint.TrainingState(epoch=1))
    path = tmp_path / "last.ckpt"
    _flip(path, path.read_bytes().index(detector.weight.detach().numpy().tobytes()) + 3)
    with pytest.raises(ConfigError, match=r"last\.ckpt: no checkpoint of this run .*; delete it and run again"):
        checkpoint.resume(tmp_path, {"detector": detector})


def test_best_weights_that_changed_on_the_disk_are_not_used(tmp_path: Path) -> None:
    path, detector = tmp_path / "best.safetensors", torch.nn.Linear(8, 8)
    stored_weights.save_weights(detector, path, 3)
    whole = path.read_bytes()
    stored_weights.save_weights(detector, path, 3)
    assert path.read_bytes() == whole, "the same weights are the same bytes"
    assert checkpoint.find_last(tmp_path, 3) == path
    _flip(path, -1)
    assert checkpoint.find_last(tmp_path, 3) is None
    with pytest.raises(ManifestError, match=r"best\.safetensors: .*damaged.*; delete its folder and run"):
        stored_weights.load_weights(detector, path)
    path.unlink()
    with pytest.raises(ManifestError, match=r"best\.safetensors: not found; delete its folder and run"):
        stored_weights.load_weights(detector, path)


def test_a_training_of_fewer_epochs_is_not_taken_for_a_whole_one(
    built_set: BuiltSet, resources: Resources, tmp_path: Path
) -> None:
    """Someone has deleted the checkpoint in between: the training begins anew."""
    run_trial(Trial(replace(CONFIG, epochs=2), built_set, tmp_path), resources)
    (tmp_path / "DONE").unlink()
    run_trial(Trial(CONFIG, built_set, tmp_path), resources)
    assert len(pd.read_csv(tmp_path / "history.csv")) == 3


def test_a_kill_at_any_write_leaves_weights_and_history_that_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever step is the last one before a kill: what goes on from there has one story."""
    losses = {1: 0.9, 2: 0.5, 3: 0.7, 4: 0.2}
    for kill in range(100):
        folder, steps = tmp_path / str(kill), iter(range(kill))
        folder.mkdir()
        with monkeypatch.context() as patch:
            for module, name in ((os, "replace"), (os, "unlink"), (builtins, "open"), (io, "open"), (os, "open")):
                patch.setattr(module, name, _killed(getattr(module, name), folder, steps))
            killed = _train(folder, losses)
        assert not _train(folder, losses)
        assert pd.read_csv(folder / "history.csv")["val_loss"].tolist() == list(losses.values())
        assert load_file(folder / "best.safetensors")["weight"].item() == 4
        assert not list(folder.glob("*.next"))
        if not killed:
            break
    assert kill > 10, "each epoch has several steps"


def _train(folder: Path, losses: dict[int, float]) -> bool:
    """Stands for ``fit``: the weight after an epoch is its number. Returns whether it was killed."""
    detector = torch.nn.Linear(1, 1, bias=False)
    try:
        done = checkpoint.resume(folder, {"detector": detector})
        checkpoint.publish(folder, done)
        for epoch in range(done.epoch + 1, len(losses) + 1):
            done.epoch = epoch
            torch.nn.init.constant_(detector.weight, epoch)
            row = {"epoch": epoch, "val_accuracy": 0.5, "val_auc": 0.5, "val_loss": losses[epoch]}
            checkpoint.record_epoch(done, row, detector, folder, "val-loss")
            checkpoint.save(folder, {"detector": detector}, done)
    except KeyboardInterrupt:
        return True
    return False


def _killed(original: Callable[..., object], folder: Path, steps: Iterator[int]) -> Callable[..., object]:
    """A step at a file of the folder, of which only so many are done."""

    def step(path: object, *given: object, **named: object) -> object:
        if str(path).startswith(str(folder)) and next(steps, None) is None:
            raise KeyboardInterrupt
        return original(path, *given, **named)

    return step


def test_damaged_weights_that_were_set_aside_are_named(tmp_path: Path) -> None:
    detector, done = torch.nn.Linear(8, 8), checkpoint.TrainingState()
    row = {"epoch": 1, "val_accuracy": 0.5, "val_loss": 0.5, "val_auc": 0.5}
    checkpoint.record_epoch(done, row, detector, tmp_path, "last")
    (tmp_path / "best.safetensors.next").write_bytes(b"\xff" * 100)
    with pytest.raises(ManifestError, match=r"best\.safetensors\.next: .*; delete its folder and run the same"):
        checkpoint.publish(tmp_path, done)


def test_weights_are_serialised_once_and_hashed_as_the_file_without_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector, serialise, calls = torch.nn.Linear(3, 5), safetensors.torch.save, list[object]()
    plain = serialise(detector.state_dict())
    monkeypatch.setattr(safetensors.torch, "save", lambda *given: calls.append(given) or serialise(*given))
    stored_weights.save_weights(detector, tmp_path / "w.safetensors", 7)
    assert len(calls) == 1
    with safe_open(tmp_path / "w.safetensors", "pt") as file:
        assert file.metadata() == {"epoch": f"7 {digest(plain)}"}
        assert all(torch.equal(file.get_tensor(name), own) for name, own in detector.state_dict().items())
