"""Training: what an epoch sees, where the epoch is picked, and that an interruption changes nothing."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from benchmark import checkpoint, store, train, trial
from benchmark.config import TrainConfig
from benchmark.data import BagRecord, BuiltSet
from benchmark.loader import SHIFT, BagDataset, Batch, augment, balanced_epoch, collate_bags
from benchmark.machine import Machine
from benchmark.ranks import ALONE, Ranks
from benchmark.runs import run_id
from benchmark.store import open_faces, read_crop
from benchmark.train import descend
from benchmark.trial import Material, run_trial
from detectors import create
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


@pytest.fixture(scope="module")
def material(data: BuiltSet, tmp_path_factory: pytest.TempPathFactory) -> Material:
    return Material(data, open_faces(data, tmp_path_factory.mktemp("faces")), {})


def record(label: int, n: int = 3) -> BagRecord:
    return BagRecord(
        "b", "DF", "p", label, 0.5, "ok", tuple(range(n)), (0,) * n, (label,) * n, ("c.png",) * n, ("",) * n
    )


def test_an_interrupted_run_ends_as_an_uninterrupted_one(
    data: BuiltSet, material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_trial(CONFIG, material, tmp_path / "whole", CPU)
    original = train._train_epoch

    def dies(*arguments: object) -> dict[str, float]:
        if arguments[-1] == 2:
            raise KeyboardInterrupt
        return original(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(train, "_train_epoch", dies)
        with pytest.raises(KeyboardInterrupt):
            run_trial(CONFIG, material, tmp_path / "cut", CPU)
    assert not (tmp_path / "cut" / "DONE").exists()
    run_trial(CONFIG, material, tmp_path / "cut", CPU)
    whole, cut = (pd.read_parquet(tmp_path / name / "scores.parquet") for name in ("whole", "cut"))
    pd.testing.assert_frame_equal(whole.drop(columns="run_id"), cut.drop(columns="run_id"), check_exact=True)
    weights = [load_file(tmp_path / name / "best.safetensors") for name in ("whole", "cut")]
    assert all(torch.equal(weights[0][k], weights[1][k]) for k in weights[0])


def test_training_reads_no_test_bag(
    data: BuiltSet, material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    run_trial(replace(CONFIG, epochs=1), material, tmp_path / "run", CPU)
    assert seen == {"train": {"train"}, "val": {"val"}}
    scores = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    assert {split[b] for b in scores["bag_id"]} == {"test"}


def test_the_best_epoch_on_val_is_kept(tmp_path: Path) -> None:
    progress, detector = checkpoint.Progress(), torch.nn.Linear(1, 1, bias=False)
    rows = [(0.5, 0.7), (0.8, 0.6), (0.8, 0.5), (0.8, 0.5), (0.7, 0.1)]
    for epoch, (accuracy, loss) in enumerate(rows):
        torch.nn.init.constant_(detector.weight, epoch)
        checkpoint.book(progress, {"val_accuracy": accuracy, "val_loss": loss}, detector, tmp_path)
    assert load_file(tmp_path / "best.safetensors")["weight"].item() == 2
    assert len(pd.read_csv(tmp_path / "history.csv")) == 5


def test_each_epoch_is_drawn_anew(
    data: BuiltSet, material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs: list[int] = []
    original = BagDataset.__getitem__

    def spy(self: BagDataset, item: tuple[int, int] | int) -> dict[str, object]:
        if self.n_faces is not None:
            epochs.append(self.epoch)
        return original(self, item)

    monkeypatch.setattr(BagDataset, "__getitem__", spy)
    run_trial(CONFIG, material, tmp_path / "run", CPU)
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
    read: list[str] = []
    dataset = BagDataset(lambda path: (read.append(path), np.zeros((8, 8, 3), np.uint8))[1], bags, n_faces=8)
    for epoch in range(40):
        dataset.epoch = epoch
        assert len(dataset[0]["faces"]) == 8
        chosen.append(np.array([bags[0].crops.index(path) for path in read[-8:]]))
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


def test_augmentation_moves_and_flips_the_faces_of_a_bag_alike() -> None:
    faces = torch.arange(2 * 2 * 400).reshape(2, 2, 1, 20, 20)
    moved = augment(faces, torch.tensor([[0.05, -0.05, 0.0], [0.0, 0.05, 1.0]]))
    first, second = faces[:, :, 0], moved[:, :, 0]
    assert torch.equal(second[0, :, :-1, 1:], first[0, :, 1:, :-1])
    assert torch.equal(second[0, :, -1], second[0, :, -2]), "the border is repeated"
    assert torch.equal(second[1, :, :, 1:].flip(-1)[..., 1:], first[1, :, :, 2:])


def test_augmentation_is_drawn_anew_each_epoch(data: BuiltSet, material: Material) -> None:
    dataset = BagDataset(material.read, data.bags("train", ("DF",)), n_faces=8)
    moves = []
    for epoch in range(12):
        dataset.epoch = epoch
        moves.append(dataset[0]["move"])
        assert moves[-1] == dataset[0]["move"]
    assert len(set(moves)) == 12
    assert all(abs(m[0]) <= SHIFT and abs(m[1]) <= SHIFT for m in moves)
    assert {m[2] for m in moves} == {0.0, 1.0}


def test_without_a_draw_all_faces_are_read_as_they_are(data: BuiltSet, material: Material) -> None:
    bag = data.bags("test", ("DF",))[0]
    item = BagDataset(material.read, [bag])[0]
    assert item["move"] == (0.0, 0.0, 0.0)
    expected = [read_crop(data.root, path, sha256) for path, sha256 in zip(bag.crops, bag.sha256, strict=True)]
    assert np.array_equal(item["faces"].numpy(), np.stack(expected))


def test_the_store_is_made_once_and_whole(data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "faces").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(store, "read_crop", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            open_faces(data, tmp_path / "faces")
    assert not list((tmp_path / "faces").glob("*.npy"))
    read = open_faces(data, tmp_path / "faces", threads=2)
    crop = data.crops.iloc[-1]
    assert np.array_equal(read(crop["crop"]), read_crop(data.root, crop["crop"], crop["sha256"]))
    monkeypatch.setattr(store, "read_crop", None)
    assert np.array_equal(open_faces(data, tmp_path / "faces")(crop["crop"]), read(crop["crop"]))


def test_where_there_is_no_room_each_crop_is_decoded(
    data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SHARE", 0)
    said: list[str] = []
    read = open_faces(data, tmp_path / "faces", say=said.append)
    assert "no room" in said[0]
    assert not list((tmp_path / "faces").iterdir())
    crop = data.crops.iloc[0]
    assert np.array_equal(read(crop["crop"]), read_crop(data.root, crop["crop"], crop["sha256"]))


def test_collate_pads_to_the_longest() -> None:
    def item(n: int) -> dict[str, object]:
        faces = torch.ones(n, 4, 4, 3, dtype=torch.uint8)
        return {"faces": faces, "label": n % 2, "index": n, "move": (0.0, 0.0, 0.0)}

    batch = collate_bags([item(n) for n in (2, 3)])
    assert batch.faces.shape == (2, 3, 4, 4, 3)
    assert batch.mask.sum(dim=1).tolist() == [2, 3]
    assert batch.label.tolist() == [0, 1]
    assert batch.index == [2, 3]
    assert batch.part(1, 9).index == [3]


def gradients(micro_batch: int, ranks: list[Ranks]) -> list[torch.Tensor]:
    """Of one batch of seven bags of a detector without BatchNorm, computed in parts and by several ranks in turn."""
    torch.manual_seed(0)
    detector = create("s-mil", "tiny").eval()
    draw = torch.Generator().manual_seed(1)
    faces = torch.randint(0, 256, (7, 3, 16, 16, 3), dtype=torch.uint8, generator=draw)
    batch = Batch(faces, torch.ones(7, 3, dtype=torch.bool), torch.arange(7) % 2.0, torch.zeros(7, 3), list(range(7)))
    for own in ranks:
        rows = own.share([batch.index])[0]
        part = Batch(faces[rows], batch.mask[rows], batch.label[rows], batch.move[rows], rows)
        descend(detector, part, 7, replace(CONFIG, micro_batch=micro_batch), CPU)
    return [p.grad for p in detector.parameters() if p.grad is not None]


@pytest.mark.parametrize("micro_batch", [1, 3])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_gradients_add_up_whatever_the_parts_and_the_ranks(micro_batch: int, world: int) -> None:
    whole = gradients(0, [ALONE])
    parts = gradients(micro_batch, [Ranks(rank, world) for rank in range(world)])
    assert len(whole) == len(parts) > 0
    for a, b in zip(whole, parts, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)


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


def test_a_method_trained_as_another_takes_its_weights(data: BuiltSet, material: Material, tmp_path: Path) -> None:
    average, largest = (replace(CONFIG, method=name, epochs=1) for name in ("xn-avg", "xn-max"))
    folders = {name: tmp_path / run_id(config, data.sha256) for name, config in (("avg", average), ("max", largest))}
    run_trial(largest, material, folders["max"], CPU)
    assert (folders["avg"] / "DONE").is_file()
    assert (folders["avg"] / "best.safetensors").read_bytes() == (folders["max"] / "best.safetensors").read_bytes()
    scores = {name: pd.read_parquet(folder / "scores.parquet") for name, folder in folders.items()}
    frames = scores["max"][scores["max"]["level"] == "frame"]
    by_bag = frames.groupby("bag_id")["score"]
    for name, expected in (("max", by_bag.max()), ("avg", by_bag.mean())):
        videos = scores[name][scores[name]["level"] == "video"].set_index("bag_id")["score"]
        np.testing.assert_allclose(videos.loc[expected.index], expected, atol=1e-6)


def test_a_loss_that_is_no_number_ends_the_run_in_one_line(data: BuiltSet, material: Material, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="try a lower --lr"):
        run_trial(replace(CONFIG, lr=1e30), material, tmp_path / "run", CPU)


def test_tensorboard_has_the_history(data: BuiltSet, material: Material, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run_trial(replace(CONFIG, epochs=2), material, tmp_path / "run", replace(CPU, board=True))
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    history = pd.read_csv(tmp_path / "run" / "history.csv")
    assert [e.step for e in events.Scalars("val_loss")] == [1, 2]
    np.testing.assert_allclose([e.value for e in events.Scalars("val_loss")], history["val_loss"], rtol=1e-5)


def test_without_tensorboard_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match=r"pip install 'ffpms\[tensorboard\]'"):
        checkpoint.draw_board({"epoch": 1}, tmp_path)
