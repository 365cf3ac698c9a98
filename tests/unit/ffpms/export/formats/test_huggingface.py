"""``datasets.load_dataset`` opens the export and the built set itself, with typed columns."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ffpms.dataset.loading import load
from ffpms.export.export import export
from ffpms.export.formats import huggingface
from tests.helpers.tiny_set import BAG, FACELESS, edit, lose_faces, make_set, put

datasets = pytest.importorskip("datasets")

HAVE_FACES = {"train": 24, "validation": 24}
"""Faces of the splits that have any, where the test split has none."""


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    """``opened(folder, "bags")`` is what ``load_dataset`` gives, its cache in a folder of the test."""
    datasets.disable_progress_bars()
    return lambda *names, **more: datasets.load_dataset(*map(str, names), cache_dir=str(tmp_path / "cache"), **more)


def test_bags_are_lists_of_faces_with_labels(whole: Path, tmp_path: Path, opened: Any) -> None:
    export(whole, "huggingface", tmp_path / "hf")
    bags = opened(tmp_path / "hf", "bags")
    assert {split: len(rows) for split, rows in bags.items()} == {"train": 6, "validation": 6, "test": 6}
    types = bags["test"].features
    assert types["label"] == datasets.ClassLabel(names=["real", "fake"])
    assert types["images"].feature == datasets.Image()
    assert types["frame_labels"].feature == types["slot_labels"].feature == types["label"]
    by_id = {row["bag_id"]: row for row in bags["test"]}
    for bag in load(whole).bags("test"):
        row = by_id[bag.bag_id]
        assert (np.stack([np.asarray(image) for image in row["images"]]) == bag.faces()).all()
        assert (row["label"], tuple(row["frame_labels"])) == (bag.label, bag.frame_labels)
        assert (tuple(row["slot"]), tuple(row["sha256"])) == (bag.slots, bag.sha256)


def test_frames_are_faces_with_their_own_labels(whole: Path, tmp_path: Path, opened: Any) -> None:
    export(whole, "huggingface", tmp_path / "hf")
    frames = opened(tmp_path / "hf", "frames", split="test")
    assert frames.features["label"].names == ["real", "fake"]
    own = [row for row in frames if row["bag_id"] == BAG]
    (bag,) = (bag for bag in load(whole).bags("test") if bag.bag_id == BAG)
    assert [row["label"] for row in own] == list(bag.frame_labels)
    assert {row["bag_label"] for row in own} == {1}
    assert (np.stack([np.asarray(row["image"]) for row in own]) == bag.faces()).all()


def test_it_can_be_streamed(whole: Path, tmp_path: Path, opened: Any) -> None:
    export(whole, "huggingface", tmp_path / "hf", splits=["val"], size=24)
    first = next(iter(opened(tmp_path / "hf", "bags", split="validation", streaming=True)))
    assert [image.size for image in first["images"]] == [(24, 24)] * 4


def test_stored_pictures_are_copied_byte_for_byte(whole: Path, tmp_path: Path) -> None:
    export(whole, "huggingface", tmp_path / "hf", splits=["test"])
    rows = pq.read_table(tmp_path / "hf" / "frames" / "test-00000-of-00001.parquet").to_pylist()
    stored = dict(zip(load(whole).frames["sha256"], load(whole).frames["crop"], strict=True))
    assert all(row["image"]["bytes"] == (whole / stored[row["sha256"]]).read_bytes() for row in rows)
    assert Image.open(io.BytesIO(rows[0]["image"]["bytes"])).size == (16, 16)


def test_large_splits_are_several_files(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Any
) -> None:
    monkeypatch.setattr(huggingface, "SHARD_BYTES", 1000)
    monkeypatch.setattr(huggingface, "GROUP_BYTES", 400)
    export(whole, "huggingface", tmp_path / "hf", splits=["test"])
    assert len(list((tmp_path / "hf" / "bags").iterdir())) > 1
    assert len(opened(tmp_path / "hf", "bags", split="test")) == 6


def test_a_split_without_any_face_spoils_no_other(tmp_path: Path, opened: Any) -> None:
    data = lose_faces(make_set(tmp_path / "data"), "test")
    export(data, "huggingface", tmp_path / "hf")
    row = opened(tmp_path / "hf", "bags", split="test")[0]
    assert (row["images"], row["frame_labels"], len(row["slot_labels"])) == ([], [], 4)
    assert {split: len(rows) for split, rows in opened(tmp_path / "hf", "frames").items()} == HAVE_FACES


@pytest.mark.parametrize(("name", "folder"), [("frames", "imagefolder"), ("video", "videofolder")])
def test_folders_are_opened_too(tmp_path: Path, opened: Any, name: str, folder: str) -> None:
    export(lose_faces(make_set(tmp_path / "data"), "test"), name, tmp_path / "out")
    rows = opened(folder, data_dir=str(tmp_path / "out"))
    assert set(rows) == set(HAVE_FACES)


def test_a_large_bag_does_not_leave_the_faceless_ones_before_it_in_a_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Any
) -> None:
    monkeypatch.setattr(huggingface, "SHARD_BYTES", 1)
    data = make_set(tmp_path / "data")
    edit(data, "frames", put(FACELESS, bag_id="original_004"))
    export(data, "huggingface", tmp_path / "hf", splits=["test"])
    assert len(opened(tmp_path / "hf", "frames", split="test")) == 20
    assert len(opened(tmp_path / "hf", "bags", split="test")) == 6


def test_without_pixels_labels_and_hashes_stay(whole: Path, tmp_path: Path, opened: Any) -> None:
    export(whole, "huggingface", tmp_path / "hf", recipe_only=True)
    frames = opened(tmp_path / "hf", "frames", split="test")
    assert "image" not in frames.features
    assert frames.features["label"].names == ["real", "fake"]
    assert len(frames) == 24


def test_a_built_set_gives_its_tables(built: Path, opened: Any) -> None:
    videos = opened(built)["all_splits"]
    assert list(videos.to_pandas()["bag_id"]) == list(pd.read_parquet(built / "videos.parquet")["bag_id"])
    names = datasets.get_dataset_config_names(str(built))
    assert names == ["videos", "frames", "crops", "sources", "grid"]
    assert set(opened(built, "frames")["all_splits"]["label"]) == {0, 1}


@pytest.mark.parametrize("name", ["recipe", "croissant"])
def test_what_has_tables_alone_gives_them(whole: Path, tmp_path: Path, opened: Any, name: str) -> None:
    export(whole, name, tmp_path / "out", splits=["test"])
    assert len(opened(tmp_path / "out")["all_splits"]) == 6
    assert datasets.get_dataset_config_names(str(tmp_path / "out")) == ["videos", "frames", "sources", "grid"]
