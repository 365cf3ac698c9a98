"""Embeddings in a file: each is computed once, whenever the process dies, and a damaged one is found."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.data import features
from benchmark.data.batches import BagDataset
from benchmark.data.features import Face, FeatureFile, Features, Table
from benchmark.data.loading import load_batches
from ffpms.dataset.bag import BagRecord
from ffpms.errors import StorageError
from ffpms.progress import Log

CROPS = [f"crops/{i}.png" for i in range(10)]
TABLE = np.random.default_rng(0).normal(size=(len(CROPS), 3)).astype(np.float32)


def bag(crops: Sequence[str], label: int = 0) -> BagRecord:
    each = tuple(range(len(crops)))
    return BagRecord("", "", "", label, 0.0, "ok", each, each, each, tuple(crops), tuple(crops))


class Backbone:
    """Embeds crops in parts of four, notes which, and dies at one of them."""

    def __init__(self, dies_at: str = "") -> None:
        self.seen: list[str] = []
        self.dies_at = dies_at

    def embed(self, faces: Sequence[Face]) -> Iterator[np.ndarray]:
        for start in range(0, len(faces), 4):
            some = [crop for crop, _ in faces[start : start + 4]]
            if self.dies_at in some:
                raise KeyboardInterrupt
            self.seen += some
            yield TABLE[[CROPS.index(crop) for crop in some]]


@pytest.fixture
def file(tmp_path: Path) -> FeatureFile:
    return FeatureFile(tmp_path / "features" / "a.npy", [(crop, False) for crop in CROPS], 3)


def make(file: FeatureFile, backbone: Backbone, log: Log = lambda _: None) -> np.ndarray:
    return file.open(backbone.embed, log)


def test_each_face_is_embedded_once(file: FeatureFile) -> None:
    first, second = Backbone(), Backbone()
    np.testing.assert_array_equal(make(file, first), TABLE)
    np.testing.assert_array_equal(make(file, second), TABLE)
    assert (first.seen, second.seen) == (CROPS, [])


def test_it_is_a_numpy_file_of_embeddings_and_sums(file: FeatureFile) -> None:
    make(file, Backbone())
    np.testing.assert_array_equal(np.load(file.path)[:, :-1], TABLE)


def test_a_kill_costs_the_faces_of_one_part(file: FeatureFile) -> None:
    with pytest.raises(KeyboardInterrupt):
        make(file, Backbone(dies_at=CROPS[5]))
    again = Backbone()
    np.testing.assert_array_equal(make(file, again), TABLE)
    assert again.seen == CROPS[4:]


@pytest.mark.parametrize("cut", [1, 5, 16, 17, 100, 140, 280])
def test_a_kill_within_a_row_costs_that_row(file: FeatureFile, cut: int) -> None:
    make(file, Backbone())
    whole = file.path.read_bytes()
    file.path.write_bytes(whole[:-cut])
    told: list[str] = []
    np.testing.assert_array_equal(make(file, Backbone(), told.append), TABLE)
    assert not any("damaged" in line for line in told)
    assert file.path.read_bytes() == whole


@pytest.mark.parametrize("n_left", range(11))
def test_a_resumed_file_is_that_of_an_uninterrupted_run(file: FeatureFile, n_left: int) -> None:
    """The last digits of an embedding depend on the faces that are embedded with it."""

    def embed(faces: Sequence[Face]) -> Iterator[np.ndarray]:
        places = [CROPS.index(crop) for crop, _ in faces]
        for start in range(0, len(places), 4):
            yield TABLE[places[start : start + 4]] + places[start]

    file = replace(file, together=4)
    file.open(embed, lambda _: None)
    whole = file.path.read_bytes()
    file.path.write_bytes(whole[: len(whole) - (10 - n_left) * 16])
    file.open(embed, lambda _: None)
    assert file.path.read_bytes() == whole


@pytest.mark.parametrize("place", [3, 130, 145, 250, -1, -6])
def test_a_damaged_byte_is_found_and_embedded_again(file: FeatureFile, place: int) -> None:
    make(file, Backbone())
    whole = file.path.read_bytes()
    damaged = bytearray(whole)
    damaged[place] ^= 1
    file.path.write_bytes(damaged)
    again, told = Backbone(), list[str]()
    np.testing.assert_array_equal(make(file, again, told.append), TABLE)
    assert again.seen
    n_sound = len(CROPS) - len(again.seen)
    assert told[0] == f"{file.path}: damaged after {n_sound} faces; what follows is embedded again"
    assert file.path.read_bytes() == whole


def test_a_longer_file_is_cut(file: FeatureFile) -> None:
    make(file, Backbone())
    with file.path.open("ab") as end:
        end.write(b"x" * 99)
    np.testing.assert_array_equal(make(file, Backbone()), TABLE)


def test_no_room_is_said_before_the_work(file: FeatureFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "SPARE", 1 << 60)
    backbone = Backbone()
    with pytest.raises(StorageError, match=r"the embeddings need 0\.0 GB, and .* GB are free; make room"):
        make(file, backbone)
    assert backbone.seen == []


def test_a_batch_has_the_embeddings_of_the_faces_that_were_drawn() -> None:
    """Mirrored bags have those of mirror images; short bags are padded."""
    bags = [bag(CROPS[:6]), bag(CROPS[6:8], label=1)]
    rows = {crop: i for i, crop in enumerate(CROPS)}
    read = Features([Table(TABLE[:0], {}), Table(np.concatenate([TABLE, -TABLE]), rows)])
    data = BagDataset(read, bags, n_frames=3, seed=6)
    drawn = [data.draw((0, 0)), data.draw((1, 0))]
    assert {bool(one.move[2]) for one in drawn} == {True, False}, "of this seed"
    (batch,) = load_batches(data, [[(0, 0), (1, 0)]])
    assert batch.mask.tolist() == [[True] * 3, [True, True, False]]
    assert batch.label.tolist() == [0, 1]
    for i, one in enumerate(drawn):
        expected = TABLE[[rows[bags[i].crops[j]] for j in one.chosen]] * (-1 if one.move[2] else 1)
        np.testing.assert_array_equal(batch.faces[i, : len(expected)], expected)


def test_whole_bags_are_not_mirrored() -> None:
    rows = {crop: i for i, crop in enumerate(CROPS)}
    data = BagDataset(Features([Table(TABLE, rows)]), [bag(CROPS)])
    (batch,) = load_batches(data, [[0]])
    np.testing.assert_array_equal(batch.faces[0], TABLE)
