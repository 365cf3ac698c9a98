"""What an epoch sees: which bags, which of their faces, and how they are moved."""

import errno
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import dataloader

from benchmark.data import loading
from benchmark.data.batches import SHIFT, BagDataset, FaceDataset, balanced_epoch, collate_bags, pad_rows
from benchmark.data.face_cache import open_faces
from benchmark.data.inputs import augment
from benchmark.data.loading import load_batches
from benchmark.trials.failures import explain
from benchmark.trials.shared_resources import Resources
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.crops import read_crop
from ffpms.errors import ManifestError
from tests.helpers.trials import CONFIG


def record(label: int, n: int = 3) -> BagRecord:
    return BagRecord(
        "b", "DF", "p", label, 0.5, "ok", tuple(range(n)), (0,) * n, (label,) * n, ("c.png",) * n, ("",) * n
    )


def test_an_epoch_is_balanced_and_has_every_bag() -> None:
    bags = [record(0)] * 3 + [record(1)] * 10
    order = balanced_epoch(bags, seed=0, epoch=0)
    assert sorted(i for i, _ in order if i >= 3) == list(range(3, 13))
    assert sum(i < 3 for i, _ in order) == 10
    assert {i for i, _ in order} == set(range(13))
    assert len(set(order)) == 20, "a repeated bag is drawn and augmented anew"
    assert order == balanced_epoch(bags, seed=0, epoch=0) != balanced_epoch(bags, seed=0, epoch=1)


def test_training_draws_8_faces_in_the_order_of_time(built_set: BuiltSet) -> None:
    bags = built_set.bags("train", ("DF",), seed=0)
    chosen: list[np.ndarray] = []
    read: list[str] = []
    dataset = BagDataset(lambda path: (read.append(path), np.zeros((8, 8, 3), np.uint8))[1], bags, n_frames=8)
    for epoch in range(40):
        dataset.epoch = epoch
        assert len(dataset[0]["faces"]) == 8
        chosen.append(np.array([bags[0].crops.index(path) for path in read[-8:]]))
    assert all((np.diff(rows) > 0).all() for rows in chosen)
    assert set(np.concatenate(chosen)) == set(range(20))


def test_a_bag_that_comes_again_shows_other_frames_moved_otherwise() -> None:
    dataset = BagDataset(lambda _: np.zeros((2, 2, 3), np.uint8), [record(0, 20)] + [record(1, 20)] * 5, n_frames=8)
    shown = [dataset.draw(item) for batch in dataset.draw_epoch(size=4) for item in batch]
    assert len(shown) == 10
    assert len({tuple(one.chosen) for one in shown}) == len({one.move for one in shown}) == 10


def test_the_runs_seed_draws_which_training_frames_are_replaced(built_set: BuiltSet) -> None:
    zero, again, one = (built_set.bags("train", ("DF", "NT"), seed) for seed in (0, 0, 1))
    assert zero == again
    assert [b.frame_labels for b in zero] != [b.frame_labels for b in one]
    for bag in zero:
        assert sum(bag.frame_labels) == (15 if bag.label else 0)
        folders = [crop.split("/")[2] for crop in bag.crops]
        expected = [
            bag.bag_id if label or not bag.label else "original_" + bag.bag_id[3:6] for label in bag.frame_labels
        ]
        assert folders == expected
        assert all((built_set.root / crop).is_file() for crop in bag.crops)


def test_augmentation_moves_and_flips_the_faces_of_a_bag_alike() -> None:
    faces = torch.arange(2 * 2 * 400).reshape(2, 2, 1, 20, 20)
    moved = augment(faces, torch.tensor([[0.05, -0.05, 0.0], [0.0, 0.05, 1.0]]))
    first, second = faces[:, :, 0], moved[:, :, 0]
    assert torch.equal(second[0, :, :-1, 1:], first[0, :, 1:, :-1])
    assert torch.equal(second[0, :, -1], second[0, :, -2]), "the border is repeated"
    assert torch.equal(second[1, :, :, 1:].flip(-1)[..., 1:], first[1, :, :, 2:])


def test_augmentation_is_drawn_anew_each_epoch(built_set: BuiltSet, resources: Resources) -> None:
    dataset = BagDataset(resources.faces(built_set), built_set.bags("train", ("DF",)), n_frames=8)
    moves = []
    for epoch in range(12):
        dataset.epoch = epoch
        moves.append(dataset[0]["move"])
        assert moves[-1] == dataset[0]["move"]
    assert len(set(moves)) == 12
    assert all(abs(m[0]) <= SHIFT and abs(m[1]) <= SHIFT for m in moves)
    assert {m[2] for m in moves} == {0.0, 1.0}


def test_without_a_draw_all_faces_are_read_as_they_are(built_set: BuiltSet, resources: Resources) -> None:
    bag = built_set.bags("test", ("DF",))[0]
    item = BagDataset(resources.faces(built_set), [bag])[0]
    assert item["move"] == (0.0, 0.0, 0.0)
    expected = [
        read_crop(built_set.root, path, sha256, built_set.side)
        for path, sha256 in zip(bag.crops, bag.sha256, strict=True)
    ]
    assert np.array_equal(item["faces"].numpy(), np.stack(expected))


def test_rows_are_padded_as_faces_are() -> None:
    rows, mask = pad_rows([[4, 5, 6], [7], range(2)])
    assert rows.tolist() == [[4, 5, 6], [7, 0, 0], [0, 1, 0]]
    assert mask.tolist() == [[True, True, True], [True, False, False], [True, True, False]]


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


def test_an_epoch_of_single_faces_shows_every_face_each_moved_by_itself(
    built_set: BuiltSet, resources: Resources
) -> None:
    bags = built_set.bags("train", ("DF", "NT"), seed=0)
    dataset = FaceDataset(resources.faces(built_set), bags)
    batches = dataset.draw_epoch(size=7)
    items = [item for batch in batches for item in batch]
    fakes = {i for i, bag in enumerate(bags) if bag.label}
    assert sorted(place for i, _, place, _ in items if i == min(fakes)) == list(range(20))
    assert sum(i in fakes for i, *_ in items) == 20 * len(fakes) == sum(i not in fakes for i, *_ in items)
    assert len(set(items)) == len(items)
    assert max(map(len, batches)) <= 7
    assert max(map(len, batches)) - min(map(len, batches)) <= 1
    read = [dataset[item] for item in sorted(items)[:20]]
    assert len({item["move"] for item in read}) == 20, "faces of one video move and flip one by one"
    assert all(len(item["faces"]) == 1 for item in read)
    dataset.epoch = 1
    assert dataset.draw_epoch(size=7) != batches
    assert dataset[sorted(items)[0]]["move"] != read[0]["move"]


def counted(read: Callable[[], object] = lambda: None) -> BagDataset:
    """Four bags of one face, whose pixels are the bag's number."""

    def face(path: str) -> np.ndarray:
        read()
        return np.full((8, 8, 3), int(path), np.uint8)

    return BagDataset(face, [replace(record(i % 2, 1), crops=(str(i),)) for i in range(4)])


def no_room(_: torch.Tensor) -> None:
    raise RuntimeError("unable to allocate shared memory(shm) for file </torch_1>: No space left on device (28)")


def no_room_at_all(_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("full", ["", "for a batch", "for a worker"])
def test_workers_hand_over_the_same_batches_where_shared_memory_is_full(
    full: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if full == "for a batch":
        monkeypatch.setattr(torch.Tensor, "share_memory_", no_room)
    if full == "for a worker":
        monkeypatch.setattr(dataloader, "_MultiProcessingDataLoaderIter", no_room_at_all)
    said: list[str] = []
    log = said.append
    found = [batch for _ in range(2) for batch in load_batches(counted(), [[0, 1], [2, 3]], 1, log)]
    expected = [batch for _ in range(2) for batch in load_batches(counted(), [[0, 1], [2, 3]])]
    for one, other in zip(found, expected, strict=True):
        assert one.index == other.index
        for name in ("faces", "mask", "label", "move"):
            assert torch.equal(getattr(one, name), getattr(other, name))
    assert len(said) == bool(full), "once, not each epoch"
    assert not full or "docker run --shm-size" in said[0]


def test_a_worker_that_is_killed_ends_the_trial_in_one_line() -> None:
    with pytest.raises(RuntimeError) as raised:
        list(load_batches(counted(lambda: os.kill(os.getpid(), signal.SIGKILL)), [[0, 1], [2, 3]], 1))
    reason = explain(raised.value, CONFIG)
    assert reason.startswith("DataLoader worker (pid")
    assert reason.endswith(
        "; epochs that ended are kept; with fewer --workers, or 0, the same command needs less memory"
    )


def test_workers_that_hang_end_the_trial_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "TIMEOUT_S", 0.2)
    monkeypatch.setattr("torch.utils.data._utils.MP_STATUS_CHECK_INTERVAL", 0.2)
    with pytest.raises(RuntimeError, match="DataLoader timed out"):
        list(load_batches(counted(lambda: signal.pause()), [[0, 1], [2, 3]], 1))


def test_an_error_of_a_worker_is_in_its_own_words() -> None:
    def lost() -> None:
        raise ManifestError("a.png: not found; run the same 'ffpms build' again")

    with pytest.raises(ManifestError, match=r"^a\.png: not found; run the same 'ffpms build' again$"):
        list(load_batches(counted(lost), [[0, 1], [2, 3]], 1))


@pytest.mark.parametrize("kept", [True, False])
def test_a_process_is_sent_no_faces(built_set: BuiltSet, tmp_path: Path, kept: bool) -> None:
    """The store of FFPMS has 30 GB; where none is kept, nothing was pickled at all."""
    bags = built_set.bags("train", ("DF", "NT"), seed=0)
    dataset = BagDataset(open_faces(built_set, tmp_path if kept else None), bags, n_frames=8)
    sent = pickle.dumps(dataset)
    assert len(sent) < 0.05 * sum(dataset.read(crop).nbytes for bag in bags for crop in bag.crops)
    assert torch.equal(pickle.loads(sent)[1]["faces"], dataset[1]["faces"])


@pytest.fixture(params=[name for name in ("forkserver", "spawn") if name in multiprocessing.get_all_start_methods()])
def start_method(request: pytest.FixtureRequest) -> Iterator[None]:
    """Processes start as on macOS and Windows, or as on Linux from Python 3.14 on."""
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method(request.param, force=True)
    yield
    multiprocessing.set_start_method(before, force=True)


@pytest.mark.usefixtures("start_method")
def test_processes_load_what_this_one_loads(built_set: BuiltSet, resources: Resources) -> None:
    dataset = BagDataset(resources.faces(built_set), built_set.bags("train", ("DF",), seed=0), n_frames=8)
    order = dataset.draw_epoch(size=4)[:2]
    for own, sent in zip(load_batches(dataset, order), load_batches(dataset, order, workers=1), strict=True):
        assert torch.equal(own.faces, sent.faces)
        assert (own.index, own.move.tolist()) == (sent.index, sent.move.tolist())


SCRIPT = """
import multiprocessing, numpy as np
multiprocessing.set_start_method("spawn", force=True)
from benchmark.data.batches import BagDataset
from benchmark.data.loading import load_batches
from ffpms.dataset.bag import BagRecord
print("begun", flush=True)
dataset = BagDataset(np.load, [BagRecord.of_one("face.npy")])
print(sum(len(batch) for batch in load_batches(dataset, [[0], [0]], workers=1)))
"""


def test_a_script_without_a_guard_may_load_with_processes(tmp_path: Path) -> None:
    np.save(tmp_path / "face.npy", np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[4])}
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == ["begun", "2"], done.stderr
