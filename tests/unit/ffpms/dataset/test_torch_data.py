"""``BuiltSet.torch``: which faces an epoch draws, and what a batch is."""

from multiprocessing import get_all_start_methods
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from benchmark.data.batches import BagDataset
from detectors import Bag, create
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.torch_data import TorchBags, draw_faces, make_generator
from ffpms.errors import ConfigError
from tests.helpers.crowds import crowd


def labels_of(dataset: TorchBags, epoch: int) -> list[list[float]]:
    dataset.set_epoch(epoch)
    return [dataset[i]["faces"].flatten(1).double().sum(dim=1).tolist() for i in range(len(dataset))]


def test_faces_are_drawn_anew_each_epoch_in_the_order_of_time(built_set: BuiltSet) -> None:
    dataset, _ = built_set.torch("train", frames=3, seed=5, manipulations="DF")
    again, _ = built_set.torch("train", frames=3, seed=5, manipulations="DF")
    other, _ = built_set.torch("train", frames=3, seed=6, manipulations="DF")
    assert labels_of(dataset, 0) == labels_of(again, 0)
    assert labels_of(dataset, 0) != labels_of(dataset, 1)
    assert labels_of(dataset, 0) != labels_of(other, 0)
    drawn = [draw_faces(range(20), 3, make_generator(5, epoch, 0)) for epoch in range(30)]
    assert all((np.diff(rows) > 0).all() for rows in drawn)
    assert set(np.concatenate(drawn)) == set(range(20))


@given(n_faces=st.integers(0, 30), n_drawn=st.integers(1, 30), seed=st.integers(0, 2**32), first=st.integers(0, 9))
def test_with_one_face_a_frame_the_draw_is_that_of_faces(n_faces: int, n_drawn: int, seed: int, first: int) -> None:
    """Number for number, the state of the generator after it too, so that no run changes."""
    ours, plain = np.random.default_rng(seed), np.random.default_rng(seed)
    slots = [first + 2 * i for i in range(n_faces)]
    assert draw_faces(slots, n_drawn, ours).tolist() == sorted(plain.permutation(n_faces)[:n_drawn].tolist())
    assert ours.bit_generator.state == plain.bit_generator.state


def test_drawn_numbers_are_pinned() -> None:
    assert draw_faces(range(20), 8, make_generator(0, 0, 0)).tolist() == [2, 3, 4, 6, 11, 13, 16, 19]
    assert draw_faces(range(20), 8, make_generator(5, 29, 719)).tolist() == [0, 3, 8, 9, 10, 14, 16, 18]


people = st.lists(st.integers(1, 4), min_size=1, max_size=24)


@given(people=people, n_drawn=st.integers(1, 24), seed=st.integers(0, 2**32))
def test_all_people_of_a_drawn_frame_are_shown(people: list[int], n_drawn: int, seed: int) -> None:
    slots = np.repeat(np.arange(len(people)), people)
    chosen = draw_faces(slots.tolist(), n_drawn, np.random.default_rng(seed))
    shown = set(slots[chosen])
    assert len(shown) == min(n_drawn, len(people))
    assert chosen.tolist() == [i for i, slot in enumerate(slots) if slot in shown]


@pytest.mark.parametrize("n_people", [1, 3])
def test_a_fake_bag_of_training_shows_a_fake_face_however_many_people_there_are(
    built_set: BuiltSet, n_people: int
) -> None:
    """Of 20 frames 5 are real and 8 are drawn; of 60 faces, 8 at random are all real in 8.4 % of cases."""
    bags = [crowd(bag, n_people) for bag in built_set.bags("train", ("DF",)) if bag.label]
    ours = TorchBags(bags, 8, 0)
    seen: list[str] = []
    blank = np.zeros((4, 4, 3), np.uint8)
    theirs = BagDataset(lambda crop: (seen.append(crop), blank)[1], bags, n_frames=8)
    for epoch in range(40):
        ours.set_epoch(epoch)
        theirs.epoch = epoch
        for i in range(len(bags)):
            shown = ours._draw(i)
            assert sum(shown.frame_labels) >= 3
            assert len(shown.crops) == 8 * n_people
            seen.clear()
            assert len(theirs[i]["faces"]) == len(shown.crops)
            assert tuple(seen) == shown.crops


def test_bags_of_several_people_are_padded(built_set: BuiltSet) -> None:
    dataset, collate = built_set.torch("train", frames=4)
    dataset.bags[0] = crowd(dataset.bags[0], 2)
    batch = collate([dataset[0], dataset[1]])
    assert batch["mask"].sum(dim=1).tolist() == [8, 4]
    assert batch["frame_labels"].shape == (2, 8)


def test_it_draws_what_training_draws(built_set: BuiltSet) -> None:
    ours, _ = built_set.torch("train", frames=8, seed=2)
    faces = {crop: face for bag in ours.bags for crop, face in zip(bag.crops, bag.faces(), strict=True)}
    theirs = BagDataset(faces.__getitem__, ours.bags, n_frames=8, seed=2)
    ours.set_epoch(4)
    theirs.epoch = 4
    for i in range(len(ours)):
        assert torch.equal(ours[i]["faces"].permute(0, 2, 3, 1), theirs[i]["faces"])


def test_a_batch_is_padded_and_goes_into_a_detector(built_set: BuiltSet) -> None:
    dataset, collate = built_set.torch("test")
    some = dataset.bags[-1]
    dataset.bags[-1] = some.with_faces(some.instances[:7])
    batch = collate([dataset[0], dataset[len(dataset) - 1]])
    assert batch["mask"].sum(dim=1).tolist() == [20, 7]
    assert batch["mask"][1, :7].all()
    assert not batch["faces"][1, 7:].any()
    assert batch["label"].tolist() == [0, 1]
    assert batch["frame_labels"].shape == (2, 20)
    assert batch["frame_labels"][1, :7].tolist() == list(some.frame_labels[:7])
    assert not batch["frame_labels"][1, 7:].any()
    assert batch["bag_id"] == [dataset.bags[0].bag_id, some.bag_id]
    prediction = create("s-mil", backbone="tiny").eval()(Bag(batch["faces"], batch["mask"]))
    assert prediction.frame_logit.shape == (2, 20)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_gives_every_bag_once(built_set: BuiltSet, workers: int) -> None:
    dataset, collate = built_set.torch("test", frames=2)
    loader = DataLoader(dataset, batch_size=4, collate_fn=collate, num_workers=workers)
    batches = list(loader)
    assert [name for batch in batches for name in batch["bag_id"]] == [bag.bag_id for bag in dataset.bags]
    assert {batch["faces"].shape for batch in batches} == {(4, 2, 3, 64, 64)}
    assert batches[0]["faces"].dtype == torch.uint8


def drawn(loader: DataLoader[dict[str, Any]]) -> list[list[float]]:
    return [batch["faces"].flatten(1).double().sum(dim=1).tolist() for batch in loader]


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_that_live_on_see_each_epoch(built_set: BuiltSet, start: str) -> None:
    if start not in get_all_start_methods():
        pytest.skip(f"this system has no {start}")
    dataset, collate = built_set.torch("train", frames=3, manipulations="DF")
    loader = DataLoader(
        dataset, collate_fn=collate, num_workers=1, persistent_workers=True, multiprocessing_context=start
    )
    shown = []
    for epoch in (0, 1, 0):
        dataset.set_epoch(epoch)
        shown.append(drawn(loader))
    assert shown[0] == shown[2] != shown[1]
    dataset.set_epoch(1)
    assert drawn(DataLoader(dataset, collate_fn=collate)) == shown[1], "as without workers"


def test_an_index_may_count_from_the_end(built_set: BuiltSet) -> None:
    dataset, _ = built_set.torch("test", frames=2)
    last = len(dataset) - 1
    assert torch.equal(dataset[-1]["faces"], dataset[last]["faces"])
    for index in (last + 1, -last - 2):
        with pytest.raises(IndexError):
            dataset[index]


@pytest.mark.parametrize("wrong", [{"frames": 1.5}, {"frames": "8"}, {"seed": -1}, {"seed": None}, {"seed": 0.5}])
def test_a_wrong_number_is_named(built_set: BuiltSet, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))}: .* is not a whole number from"):
        built_set.torch("test", **wrong)


@pytest.mark.parametrize("epoch", [-1, 1.0, None])
def test_a_wrong_epoch_is_refused(built_set: BuiltSet, epoch: Any) -> None:
    dataset, _ = built_set.torch("test")
    dataset.set_epoch(3)
    with pytest.raises(ConfigError, match=r"epoch: .* is not a whole number from 0 up"):
        dataset.set_epoch(epoch)
    assert dataset.epoch == 3


def test_bags_without_a_face_are_left_out_and_no_faces_cannot_be_drawn(built_set: BuiltSet) -> None:
    bags = built_set.bags("test")
    faceless = bags[0].with_faces([])
    assert TorchBags([faceless, *bags[1:]], None, 0).bags == bags[1:]
    with pytest.raises(ConfigError, match="frames: 0"):
        built_set.torch("test", frames=0)
