"""D-FWA, Face X-ray and SBI learn from real faces of one split and what they make of them; never from a deepfake."""

import pickle
from collections import Counter
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.data.batches import collate_bags
from benchmark.data.face_cache import open_faces
from benchmark.data.training_sets import make_training_sets
from benchmark.train_config import TrainConfig
from detectors import method, names
from ffpms.builder.config import BuildConfig
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ManifestError
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.recipe import Recipe
from tests.helpers.tiny_set import add_landmarks, make_set

SELF_MADE = [name for name in names() if method(name).training_data != "bags"]
PAIRS = {"train": [("000", "001"), ("006", "007")], "val": [("002", "003")], "test": [("004", "005")]}
SIDE = 64


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> BuiltSet:
    """Squares for faces, with an oval of landmarks on each real one."""
    recipe = Recipe(frames_per_video=4, replaced=(1, 3), manipulations=("DF", "F2F"))
    root = make_set(tmp_path_factory.mktemp("set"), PAIRS, BuildConfig(recipe, CropConfig(size=SIDE)))
    return BuiltSet.load(add_landmarks(root))


def config(name: str) -> TrainConfig:
    return TrainConfig(name, ("DF", "F2F"), "tiny", train_frames=3)


@pytest.mark.parametrize("name", SELF_MADE)
def test_nothing_but_real_faces_of_its_split_is_ever_read(data: BuiltSet, name: str) -> None:
    splits = dict(zip(data.videos["bag_id"], data.videos["split"], strict=True))
    read, faces = [], open_faces(data, None)

    def spy(path: str) -> np.ndarray:
        read.append(path)
        return faces(path)

    datasets = make_training_sets(data, spy, config(name))
    for dataset, split in zip(datasets, ("train", "val"), strict=True):
        read.clear()
        for epoch in range(3):
            dataset.epoch = epoch
            for item in chain(*dataset.draw_epoch(size=8)):
                dataset[item]
        videos = {path.split("/")[2] for path in read}
        assert videos == {bag for bag, own in splits.items() if own == split and bag.startswith("original")}


@pytest.mark.parametrize("name", names())
def test_frame_based_methods_see_all_faces_of_a_video_and_others_draw_some(data: BuiltSet, name: str) -> None:
    train, _ = make_training_sets(data, open_faces(data, None), config(name))
    seen = Counter(train.bags[item[0]].bag_id for item in chain(*train.draw_epoch(size=8)) if item[1] == 0)
    assert set(seen.values()) == ({4} if method(name).unit == "frame" else {1})


@pytest.mark.parametrize("name", SELF_MADE)
def test_each_real_video_has_a_forged_twin(data: BuiltSet, name: str) -> None:
    as_bags = replace(config(name), frame_faces="drawn")
    train, val = make_training_sets(data, open_faces(data, None), as_bags)
    for dataset, n_faces in ((train, 3), (val, 4)):
        half = len(dataset) // 2
        assert [bag.label for bag in dataset.bags] == [0] * half + [1] * half
        assert [bag.crops for bag in dataset.bags[:half]] == [bag.crops for bag in dataset.bags[half:]]
        batch = collate_bags([dataset[i] for i in range(len(dataset))])
        assert batch.faces.shape[1] == n_faces
    forged = val[len(val) // 2]["faces"].numpy()
    assert np.array_equal(forged, val[len(val) // 2]["faces"].numpy()), "selection sees the same forgeries each time"


@pytest.mark.parametrize("name", SELF_MADE)
def test_val_forgeries_are_made_once_and_kept(
    data: BuiltSet, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In files, which processes share; a damaged one is made again."""
    read, folder = open_faces(data, None), tmp_path / "kept"
    _, plain = make_training_sets(data, read, config(name))
    _, kept = make_training_sets(data, read, config(name), folder)
    expected = [plain[i] for i in range(len(plain))]
    assert all(torch.equal(kept[i]["faces"], item["faces"]) for i, item in enumerate(expected))
    files = sorted(folder.iterdir())
    assert len(files) == sum(bag.label for bag in kept.bags)
    made, forge = [], kept.forge
    monkeypatch.setattr(kept, "forge", lambda *given: (made.append(given[1].label), forge(*given))[1])
    files[0].write_bytes(files[0].read_bytes()[:500])
    for i, item in enumerate(expected):
        again = kept[i]
        assert torch.equal(again.pop("faces"), item.pop("faces"))
        assert again == item
    assert made.count(1) == 1
    assert pickle.loads(pickle.dumps(plain)).bags == plain.bags


def test_forgeries_that_cannot_be_kept_are_made_each_time(data: BuiltSet, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("no folder")
    _, val = make_training_sets(data, open_faces(data, None), config("d-fwa"), tmp_path / "kept")
    assert torch.equal(val[len(val) - 1]["faces"], val[len(val) - 1]["faces"])


def test_a_warped_face_has_lost_its_detail(data: BuiltSet) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    _, val = make_training_sets(data, lambda _: noise, config("d-fwa"))
    real, forged = (val[i]["faces"].numpy()[:, 28:40, 26:38].std(axis=(1, 2)).mean() for i in (0, len(val) // 2))
    assert forged < 0.6 * real


def test_a_face_and_its_self_blend_are_alike_outside_the_face(data: BuiltSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real ones are changed in colour and resolution too, and all are augmented after it."""
    from benchmark.data.pseudo_fakes import self_blending

    noise, varied = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8), []
    monkeypatch.setattr(self_blending, "vary", lambda face, _: (varied.append(1), face)[1])
    train, _ = make_training_sets(data, lambda _: noise, config("sbi"))
    items = [train[item] for item in chain(*train.draw_epoch(size=8))]
    assert len(varied) == len(items)
    for label in (0, 1):
        corners = [item["faces"][0, :8, :8].numpy() for item in items if item["label"] == label]
        unchanged = sum(np.array_equal(corner, noise[:8, :8]) for corner in corners)
        assert 0.2 < unchanged / len(corners) < 0.8


def test_the_boundary_is_where_a_face_was_blended_in(data: BuiltSet) -> None:
    _, val = make_training_sets(data, open_faces(data, None), config("x-ray"))
    half = len(val) // 2
    faces = np.concatenate([val[i]["faces"].numpy() for i in range(len(val))])
    boundary = faces[..., 3]
    assert not boundary[: half * 4].any()
    assert (boundary[half * 4 :].max(axis=(1, 2)) > 200).all()


def test_a_set_without_landmarks_is_named(data: BuiltSet, tmp_path: Path) -> None:
    bare = BuiltSet.load(make_set(tmp_path))
    with pytest.raises(ManifestError, match="build it with --landmarks"):
        make_training_sets(bare, open_faces(bare, None), config("x-ray"))
