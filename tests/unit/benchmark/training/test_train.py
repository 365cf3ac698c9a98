"""Training: where the epoch is picked, what a run is named by, and that an interruption changes nothing."""

import builtins
import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score

from benchmark.data.batches import BagDataset
from benchmark.runs.folder import read_run
from benchmark.train_config import SELECTS
from benchmark.training import checkpoint, train
from benchmark.training.model import Model
from benchmark.training.predict import BagScore, predict
from benchmark.trials import trial
from benchmark.trials.identity import run_id
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial, run_trial
from detectors import Prediction, create
from detectors.errors import DetectorError
from detectors.pooling import SharpPool
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError, ManifestError
from tests.helpers.trials import CONFIG, CPU


def test_an_interrupted_run_ends_as_an_uninterrupted_one(
    built_set: BuiltSet, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_trial(Trial(CONFIG, built_set, tmp_path / "whole"), resources)
    original = train._train_epoch

    def dies(*arguments: object) -> dict[str, float]:
        if arguments[-1] == 2:
            raise KeyboardInterrupt
        return original(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(train, "_train_epoch", dies)
        with pytest.raises(KeyboardInterrupt):
            run_trial(Trial(CONFIG, built_set, tmp_path / "cut"), resources)
    assert not (tmp_path / "cut" / "DONE").exists()
    run_trial(Trial(CONFIG, built_set, tmp_path / "cut"), resources)
    whole, cut = (pd.read_parquet(tmp_path / name / "scores.parquet") for name in ("whole", "cut"))
    pd.testing.assert_frame_equal(whole.drop(columns="run_id"), cut.drop(columns="run_id"), check_exact=True)
    weights = [load_file(tmp_path / name / "best.safetensors") for name in ("whole", "cut")]
    assert all(torch.equal(weights[0][k], weights[1][k]) for k in weights[0])


def test_training_reads_no_test_bag(
    built_set: BuiltSet, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the one pass over test, every bag that fit() is given is a train or a val bag."""
    split = dict(zip(built_set.videos["bag_id"], built_set.videos["split"], strict=True))
    seen: dict[str, set[str]] = {}
    original = trial.fit

    def spy(model, train_set, val_set, folder, sharing):  # type: ignore[no-untyped-def]
        seen["train"] = {split[b.bag_id] for b in train_set.bags}
        seen["val"] = {split[b.bag_id] for b in val_set.bags}
        assert not (folder / "scores.parquet").exists()
        original(model, train_set, val_set, folder, sharing)

    monkeypatch.setattr(trial, "fit", spy)
    run_trial(Trial(replace(CONFIG, epochs=1), built_set, tmp_path / "run"), resources)
    assert seen == {"train": {"train"}, "val": {"val"}}
    scores = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    assert {split[b] for b in scores["bag_id"]} == {"test"}


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


def _interrupt() -> None:
    raise KeyboardInterrupt


def test_each_epoch_is_drawn_anew(
    built_set: BuiltSet, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs: list[int] = []
    original = BagDataset.__getitem__

    def spy(self: BagDataset, item: tuple[int, int] | int) -> dict[str, object]:
        if self.n_frames is not None:
            epochs.append(self.epoch)
        return original(self, item)

    monkeypatch.setattr(BagDataset, "__getitem__", spy)
    run_trial(Trial(CONFIG, built_set, tmp_path / "run"), resources)
    assert set(epochs) == {0, 1, 2}


def test_identity_changes_with_anything_that_changes_a_score(built_set: BuiltSet) -> None:
    changes = [
        {},
        {"seed": 1},
        {"epochs": 4},
        {"backbone": "resnet18"},
        {"train_frames": 4},
        {"train_mix": "whole"},
        {"select": "last"},
        {"frame_faces": "drawn"},
        {"frame_batch_size": 16},
        {"ranks": 2},
        {"manipulations": ("DF",)},
    ]
    ids = [run_id(replace(CONFIG, **change), built_set.sha256) for change in changes]  # type: ignore[arg-type]
    assert len({*ids, run_id(CONFIG, "other data")}) == len(changes) + 1


_REFUSED = (
    *({"epochs": 0}, {"epochs": 1.5}, {"epochs": "3"}, {"seed": -1}, {"lr": -1.0}, {"lr": None}, {"micro_batch": -1}),
    *({"precision": "fp8"}, {"train_frames": 0}, {"input_size": 8}, {"manipulations": "DF"}),
    *({"options": "eq12=scores"}, {"options": ("eq12",)}, {"train_mix": "half"}, {"select": "test"}, {"ranks": 0}),
    *({"frame_faces": 8}, {"frame_batch_size": 0}),
)


@pytest.mark.parametrize("wrong", _REFUSED)
def test_a_configuration_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        replace(CONFIG, **wrong)  # type: ignore[arg-type]


def test_a_method_trained_as_another_keeps_its_own_best_epoch_of_that_training(
    built_set: BuiltSet, resources: Resources, tmp_path: Path
) -> None:
    """xn-max is chosen by its own val scores, which are not those of xn-avg; nothing is trained twice."""
    average, largest = (
        Trial.below(tmp_path, replace(CONFIG, method=name, select="val-loss", epochs=4), built_set)
        for name in ("xn-avg", "xn-max")
    )
    run_trial(largest, resources)
    assert (average.folder / "DONE").is_file()
    assert not (largest.folder / "last.ckpt").exists()
    histories = {name: pd.read_csv(own.folder / "history.csv") for name, own in (("avg", average), ("max", largest))}
    assert histories["avg"]["train_loss"].equals(histories["max"]["train_loss"])
    assert not histories["avg"]["val_loss"].equals(histories["max"]["val_loss"])
    for own, history in ((average, histories["avg"]), (largest, histories["max"])):
        val = pd.read_parquet(own.folder / "val_scores.parquet").query("level == 'video'")
        each = -np.log(np.where(val["y_true"] == 1, val["score"], 1 - val["score"]))
        loss = np.mean([each[val["y_true"] == y].mean() for y in (0, 1)])
        assert loss == pytest.approx(history["val_loss"].min(), rel=1e-4)


def test_the_two_xception_baselines_have_the_same_frame_scores_if_they_have_the_same_epoch(
    built_set: BuiltSet, resources: Resources, tmp_path: Path
) -> None:
    average, largest = (
        Trial.below(tmp_path, replace(CONFIG, method=name, epochs=1), built_set) for name in ("xn-avg", "xn-max")
    )
    run_trial(largest, resources)
    scores = {
        name: pd.read_parquet(own.folder / "scores.parquet") for name, own in (("avg", average), ("max", largest))
    }
    by_bag = scores["max"][scores["max"]["level"] == "frame"].groupby("bag_id")["score"]
    for name, expected in (("max", by_bag.max()), ("avg", by_bag.mean())):
        videos = scores[name][scores[name]["level"] == "video"].set_index("bag_id")["score"]
        np.testing.assert_allclose(videos.loc[expected.index], expected, atol=1e-6)


@pytest.mark.parametrize("name", ["s-mil", "xn-max"])
def test_the_last_epoch_is_taken_from_a_finished_training(
    name: str, built_set: BuiltSet, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(CONFIG, method=name)
    alone = Trial.below(tmp_path / "alone", replace(config, select="last"), built_set)
    run_trial(alone, resources)
    run_trial(Trial.below(tmp_path, config, built_set), resources)
    monkeypatch.setattr(trial, "fit", lambda *_: pytest.fail("trained twice"))
    last = Trial.below(tmp_path, replace(config, select="last"), built_set)
    run_trial(last, resources)
    for file in ("best.safetensors", "scores.parquet"):
        assert (last.folder / file).read_bytes() == (alone.folder / file).read_bytes()
    own, other = (pd.read_csv(t.folder / "history.csv").drop(columns="seconds") for t in (last, alone))
    pd.testing.assert_frame_equal(own, other)
    val = pd.read_parquet(last.folder / "val_scores.parquet").query("level == 'video'")
    auc = roc_auc_score(val["y_true"], val["score"])
    assert own["val_auc"].iloc[-1] == pytest.approx(auc), "the history is the method's own"
    assert read_run(last.folder).training == read_run(Trial.below(tmp_path, config, built_set).folder).training


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
    checkpoint.save_weights(detector, path, 3)
    whole = path.read_bytes()
    checkpoint.save_weights(detector, path, 3)
    assert path.read_bytes() == whole, "the same weights are the same bytes"
    assert checkpoint.find_last(tmp_path, 3) == path
    _flip(path, -1)
    assert checkpoint.find_last(tmp_path, 3) is None
    with pytest.raises(ManifestError, match=r"best\.safetensors: .*damaged.*; delete its folder and run"):
        checkpoint.load_weights(detector, path)
    path.unlink()
    with pytest.raises(ManifestError, match=r"best\.safetensors: not found; delete its folder and run"):
        checkpoint.load_weights(detector, path)


def test_a_training_of_fewer_epochs_is_not_taken_for_a_whole_one(
    built_set: BuiltSet, resources: Resources, tmp_path: Path
) -> None:
    """Someone has deleted the checkpoint in between: the training begins anew."""
    run_trial(Trial(replace(CONFIG, epochs=2), built_set, tmp_path), resources)
    (tmp_path / "DONE").unlink()
    run_trial(Trial(CONFIG, built_set, tmp_path), resources)
    assert len(pd.read_csv(tmp_path / "history.csv")) == 3


def test_a_loss_that_is_no_number_ends_the_run_in_one_line(
    built_set: BuiltSet, resources: Resources, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"the loss is nan in epoch [12]; try a lower --lr$"):
        run_trial(Trial(replace(CONFIG, lr=1e30), built_set, tmp_path / "run"), resources)


def test_a_lower_rate_is_no_advice_where_nothing_was_trained(
    built_set: BuiltSet, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Trial(replace(CONFIG, epochs=1), built_set, tmp_path / "run")
    forward = SharpPool.forward
    monkeypatch.setattr(SharpPool, "forward", lambda *given: _nan(forward(*given)))
    with pytest.raises(ConfigError, match=r"nan in the first batch, before any step: look at the detector's code"):
        run_trial(run, resources)


def test_scores_that_are_no_numbers_are_explained_by_the_weights(
    built_set: BuiltSet, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = BagDataset(resources.faces(built_set), built_set.bags("test", CONFIG.manipulations)[:2])
    own = create("s-mil", "tiny").eval()
    forward = SharpPool.forward
    monkeypatch.setattr(SharpPool, "forward", lambda *given: _nan(forward(*given)))
    for precision, advice in (("fp32", "logarithm of 0"), ("bf16", "logarithm of 0 or try --precision fp32")):
        with pytest.raises(DetectorError, match=rf"video_logit is not a finite .* weights are finite: .*{advice}$"):
            predict(Model(own, replace(CONFIG, precision=precision), CPU), dataset)
    torch.nn.init.constant_([*own.parameters()][-1], 1e30)
    with pytest.raises(DetectorError, match=r"its weights are up to 1e\+30 \(pool\..*\): .*; try a lower --lr$"):
        predict(Model(own, CONFIG, CPU), dataset)
    torch.nn.init.constant_([*own.parameters()][-1], float("nan"))
    with pytest.raises(DetectorError, match=r"its weights are none either \(pool\..*\): .*; try a lower --lr$"):
        predict(Model(own, CONFIG, CPU), dataset)


def _nan(prediction: Prediction) -> Prediction:
    return prediction._replace(video_logit=prediction.video_logit * float("nan"))


def test_tensorboard_has_the_history(built_set: BuiltSet, resources: Resources, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = replace(resources, machine=replace(CPU, tensorboard=True))
    run_trial(Trial(replace(CONFIG, epochs=2), built_set, tmp_path / "run"), board)
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    history = pd.read_csv(tmp_path / "run" / "history.csv")
    assert [e.step for e in events.Scalars("val_loss")] == [1, 2]
    np.testing.assert_allclose([e.value for e in events.Scalars("val_loss")], history["val_loss"], rtol=1e-5)


def test_without_tensorboard_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match=r"pip install 'ffpms\[tensorboard\]'"):
        checkpoint.write_tensorboard({"epoch": 1}, tmp_path)


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
