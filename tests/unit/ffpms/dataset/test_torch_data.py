"""``BuiltSet.torch``: which faces an epoch draws, and what a batch is."""

from collections import Counter
from itertools import combinations
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
from ffpms.dataset.torch_data import TorchBags, draw_frames, faces_of_frames, make_generator
from ffpms.errors import ConfigError


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


def test_every_choice_of_frames_is_as_likely_and_short_bags_show_all() -> None:
    drawn = draw_frames([range(4)] * 6000 + [[3, 9, 9]] * 100 + [[5]], 2, np.random.default_rng(0))
    often = Counter(tuple(frames.tolist()) for frames in drawn[:6000])
    assert set(often) == set(combinations(range(4), 2))
    assert all(abs(n - 1000) < 4 * 29 for n in often.values()), "four standard deviations"
    assert {tuple(frames.tolist()) for frames in drawn[6000:]} == {(0, 1), (0,)}


bags = st.lists(st.lists(st.integers(1, 4), max_size=24), min_size=1, max_size=6)
"""Bags, as the numbers of people in their frames."""


@given(bags=bags, more=bags, n_drawn=st.integers(1, 24), seed=st.integers(0, 2**32))
def test_all_people_of_a_drawn_frame_are_shown(
    bags: list[list[int]], more: list[list[int]], n_drawn: int, seed: int
) -> None:
    slots = [np.repeat(np.arange(len(people)), people) for people in bags]
    drawn = draw_frames([frames.tolist() for frames in slots], n_drawn, np.random.default_rng(seed))
    for people, own, frames in zip(bags, slots, drawn, strict=True):
        assert len(frames) == min(n_drawn, len(people))
        assert (np.diff(frames) > 0).all()
        chosen = faces_of_frames(own.tolist(), frames)
        assert own[chosen].tolist() == [i for i in frames for _ in range(people[i])]


@pytest.mark.parametrize("n_frames", [1, 12, 20])
def test_more_bags_that_are_not_longer_change_no_draw(n_frames: int) -> None:
    few, many = (draw_frames([*[range(20)] * 5, *[range(n_frames)] * n], 8, np.random.default_rng(3)) for n in (0, 4))
    assert np.array_equal(few, many[:5])


def test_drawn_numbers_are_pinned() -> None:
    frames = draw_frames([range(20)] * 2, 8, make_generator(5, 29))
    expected = [[2, 5, 7, 8, 11, 12, 17, 18], [0, 7, 8, 11, 12, 14, 15, 17]]
    assert [own.tolist() for own in frames] == expected


def test_it_draws_what_training_draws(built_set: BuiltSet) -> None:
    ours, _ = built_set.torch("train", frames=8, seed=2)
    faces = {crop: face for bag in ours.bags for crop, face in zip(bag.crops, bag.faces(), strict=True)}
    theirs = BagDataset(faces.__getitem__, ours.bags, n_frames=8, seed=2)
    ours.set_epoch(4)
    theirs.epoch = 4
    for i in range(len(ours)):
        assert torch.equal(ours[i]["faces"].permute(0, 2, 3, 1), theirs[i]["faces"])


def test_eight_frames_are_drawn_of_a_bag_if_no_number_is_given(built_set: BuiltSet) -> None:
    shown = [len(built_set.torch("test", **frames)[0][0]["faces"]) for frames in ({}, {"frames": 8}, {"frames": None})]
    assert shown == [8, 8, 20]


def test_a_batch_is_padded_and_goes_into_a_detector(built_set: BuiltSet) -> None:
    dataset, collate = built_set.torch("test", frames=None)
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
