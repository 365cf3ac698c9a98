"""Training: what an epoch sees, where the epoch is picked, and that an interruption changes nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from benchmark import train, trial
from benchmark.config import TrainConfig
from benchmark.data import BagRecord, BuiltSet
from benchmark.loader import BagDataset, balanced_epoch, collate_bags
from benchmark.machine import Machine
from benchmark.runs import run_id
from benchmark.trial import run_trial
from detectors.bag import Prediction
from detectors.losses import video_loss
from ffpms.errors import ConfigError

CONFIG = TrainConfig(
    method="s-mil", manipulations=("DF", "F2F", "FS", "NT"), backbone="tiny", epochs=3, batch_size=8, precision="fp32"
)
CPU = Machine(torch.device("cpu"))


@pytest.fixture(scope="module")
def data(built: Path) -> BuiltSet:
    return BuiltSet.load(built)


def record(label: int, n: int = 3) -> BagRecord:
    return BagRecord(
        "b", "DF", "p", label, 0.5, "ok", tuple(range(n)), (0,) * n, (label,) * n, ("c.png",) * n, ("",) * n
    )


def test_an_interrupted_run_ends_as_an_uninterrupted_one(
    data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_trial(CONFIG, data, tmp_path / "whole", CPU, {})
    original = train._train_epoch

    def dies(*arguments: object) -> dict[str, float]:
        if arguments[-1] == 2:
            raise KeyboardInterrupt
        return original(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(train, "_train_epoch", dies)
        with pytest.raises(KeyboardInterrupt):
            run_trial(CONFIG, data, tmp_path / "cut", CPU, {})
    assert not (tmp_path / "cut" / "DONE").exists()
    run_trial(CONFIG, data, tmp_path / "cut", CPU, {})
    whole, cut = (pd.read_parquet(tmp_path / name / "scores.parquet") for name in ("whole", "cut"))
    pd.testing.assert_frame_equal(whole.drop(columns="run_id"), cut.drop(columns="run_id"), check_exact=True)
    weights = [load_file(tmp_path / name / "best.safetensors") for name in ("whole", "cut")]
    assert all(torch.equal(weights[0][k], weights[1][k]) for k in weights[0])


def test_training_reads_no_test_bag(data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the one pass over test, every bag that fit() is given is a train or a val bag."""
    split = dict(zip(data.videos["bag_id"], data.videos["split"], strict=True))
    seen: dict[str, set[str]] = {}
    original = trial.fit

    def spy(detector, train_set, val_set, config, machine, folder):  # type: ignore[no-untyped-def]
        seen["train"] = {split[b.bag_id] for b in train_set.bags}
        seen["val"] = {split[b.bag_id] for b in val_set.bags}
        assert not (folder / "scores.parquet").exists()
        original(detector, train_set, val_set, config, machine, folder)

    monkeypatch.setattr(trial, "fit", spy)
    run_trial(replace(CONFIG, epochs=1), data, tmp_path / "run", CPU, {})
    assert seen == {"train": {"train"}, "val": {"val"}}
    scores = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    assert {split[b] for b in scores["bag_id"]} == {"test"}


def test_the_best_epoch_on_val_is_kept(tmp_path: Path) -> None:
    progress, detector = train.Progress(), torch.nn.Linear(1, 1, bias=False)
    rows = [(0.5, 0.7), (0.8, 0.6), (0.8, 0.5), (0.8, 0.5), (0.7, 0.1)]
    for epoch, (accuracy, loss) in enumerate(rows):
        torch.nn.init.constant_(detector.weight, epoch)
        train._keep(progress, {"val_accuracy": accuracy, "val_loss": loss}, detector, tmp_path)
    assert load_file(tmp_path / "best.safetensors")["weight"].item() == 2
    assert len(pd.read_csv(tmp_path / "history.csv")) == 5


def test_each_epoch_is_drawn_anew(data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    epochs: list[int] = []
    original = BagDataset.__getitem__

    def spy(self: BagDataset, item: tuple[int, int] | int) -> dict[str, object]:
        if self.n_faces is not None:
            epochs.append(self.epoch)
        return original(self, item)

    monkeypatch.setattr(BagDataset, "__getitem__", spy)
    run_trial(CONFIG, data, tmp_path / "run", CPU, {})
    assert set(epochs) == {0, 1, 2}


def test_an_epoch_is_balanced_and_has_every_bag() -> None:
    bags = [record(0)] * 3 + [record(1)] * 10
    order = balanced_epoch(bags, seed=0, epoch=0)
    assert sorted(i for i, _ in order if i >= 3) == list(range(3, 13))
    assert sum(i < 3 for i, _ in order) == 10
    assert {i for i, _ in order} == set(range(13))
    assert len(set(order)) == 20, "a repeated bag is drawn and augmented anew"
    assert order == balanced_epoch(bags, seed=0, epoch=0) != balanced_epoch(bags, seed=0, epoch=1)


def test_training_draws_8_faces_in_the_order_of_time(data: BuiltSet) -> None:
    bags = data.bags("train", ("DF",), seed=0)
    chosen: list[np.ndarray] = []
    dataset = BagDataset(data.root, bags, n_faces=8)
    dataset._read = lambda _, rows, __: (chosen.append(rows), torch.zeros(len(rows), 3, 8, 8, dtype=torch.uint8))[1]  # type: ignore[method-assign]
    for epoch in range(40):
        dataset.epoch = epoch
        assert len(dataset[0]["faces"]) == 8
    assert all((np.diff(rows) > 0).all() for rows in chosen)
    assert set(np.concatenate(chosen)) == set(range(20))


def test_the_runs_seed_draws_which_training_frames_are_replaced(data: BuiltSet) -> None:
    zero, again, one = (data.bags("train", ("DF", "NT"), seed) for seed in (0, 0, 1))
    assert zero == again
    assert [b.frame_labels for b in zero] != [b.frame_labels for b in one]
    for bag in zero:
        assert sum(bag.frame_labels) == (15 if bag.label else 0)
        folders = [crop.split("/")[2] for crop in bag.crops]
        expected = [
            bag.bag_id if label or not bag.label else "original_" + bag.bag_id[3:6] for label in bag.frame_labels
        ]
        assert folders == expected
        assert all((data.root / crop).is_file() for crop in bag.crops)


def test_augmentation_moves_and_flips_the_faces_of_a_bag_alike(data: BuiltSet) -> None:
    bag = data.bags("train", ("DF",))[0]
    one = replace(
        bag, crops=bag.crops[:1] * 8, sha256=bag.sha256[:1] * 8, slots=bag.slots[:8], frame_labels=bag.frame_labels[:8]
    )
    dataset = BagDataset(data.root, [one], n_faces=8)
    views = []
    for epoch in range(12):
        dataset.epoch = epoch
        faces = dataset[0]["faces"]
        assert (faces == faces[:1]).all()
        views.append(faces[0])
    assert any(not torch.equal(views[0], view) for view in views)


def test_collate_pads_to_the_longest() -> None:
    def item(n: int) -> dict[str, object]:
        none = torch.zeros(n, 0, 4, 4, dtype=torch.uint8)
        return {"faces": torch.ones(n, 3, 4, 4, dtype=torch.uint8), "boundary": none, "label": n % 2, "index": n}

    items = [item(n) for n in (2, 3)]
    batch = collate_bags(items)
    assert batch.bag.faces.shape == (2, 3, 3, 4, 4)
    assert batch.bag.mask.sum(dim=1).tolist() == [2, 3]
    assert batch.label.tolist() == [0, 1]
    assert batch.index == [2, 3]


def test_losses_follow_the_supervision() -> None:
    prediction = Prediction(torch.tensor([2.0]), torch.tensor([[1.0, -1.0, 9.0]]), None)
    mask, label = torch.tensor([[True, True, False]]), torch.ones(1)
    softplus = torch.nn.functional.softplus
    assert torch.isclose(video_loss(prediction, label, mask, "video"), softplus(torch.tensor(-2.0)))
    expected = (softplus(torch.tensor(-1.0)) + softplus(torch.tensor(1.0))) / 2
    assert torch.isclose(video_loss(prediction, label, mask, "frame"), expected)


def test_identity_changes_with_anything_that_changes_a_score(data: BuiltSet) -> None:
    changes = [
        {},
        {"seed": 1},
        {"epochs": 4},
        {"backbone": "resnet18"},
        {"train_frames": 4},
        {"manipulations": ("DF",)},
    ]
    ids = [run_id(replace(CONFIG, **change), data.sha256) for change in changes]  # type: ignore[arg-type]
    assert len({*ids, run_id(CONFIG, "other data")}) == len(changes) + 1


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"lr": -1.0}, {"precision": "fp8"}, {"train_frames": 0}])
def test_a_configuration_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        replace(CONFIG, **wrong)  # type: ignore[arg-type]


def test_a_method_trained_as_another_takes_its_weights(data: BuiltSet, tmp_path: Path) -> None:
    average, largest = (replace(CONFIG, method=name, epochs=1) for name in ("xn-avg", "xn-max"))
    folders = {name: tmp_path / run_id(config, data.sha256) for name, config in (("avg", average), ("max", largest))}
    run_trial(largest, data, folders["max"], CPU, {})
    assert (folders["avg"] / "DONE").is_file()
    assert (folders["avg"] / "best.safetensors").read_bytes() == (folders["max"] / "best.safetensors").read_bytes()
    scores = {name: pd.read_parquet(folder / "scores.parquet") for name, folder in folders.items()}
    frames = scores["max"][scores["max"]["level"] == "frame"]
    by_bag = frames.groupby("bag_id")["score"]
    for name, expected in (("max", by_bag.max()), ("avg", by_bag.mean())):
        videos = scores[name][scores[name]["level"] == "video"].set_index("bag_id")["score"]
        np.testing.assert_allclose(videos.loc[expected.index], expected, atol=1e-6)


def test_a_loss_that_is_no_number_ends_the_run_in_one_line(data: BuiltSet, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="try a lower --lr"):
        run_trial(replace(CONFIG, lr=1e30), data, tmp_path / "run", CPU, {})
