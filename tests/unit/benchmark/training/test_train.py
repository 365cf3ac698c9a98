"""Training: what it reads, what a run is named by, and that an interruption changes nothing."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from benchmark.data.batches import BagDataset
from benchmark.training import checkpoint, train
from benchmark.trials import trial
from benchmark.trials.identity import run_id
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial, run_trial
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
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
