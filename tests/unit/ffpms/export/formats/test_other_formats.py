"""Each export is opened by the library that it is for, and gives the faces and labels of the set."""

import io
import itertools
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import pytest

from ffpms.dataset.bag import BagRecord
from ffpms.dataset.loading import load
from ffpms.export.export import export
from ffpms.export.formats.video import FPS, encode_video
from tests.helpers.tiny_set import BAG, edit, put

NO_FACE = {"status": "no_face", "crop": "", "sha256": "", "track_id": -1}


def bags_of(data: Path) -> list[BagRecord]:
    return [bag for split in ("train", "val", "test") for bag in load(data).bags(split)]


def decode(path: Path) -> tuple[np.ndarray, list[float]]:
    """Frames and times of a video."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return np.stack([frame.to_ndarray(format="rgb24") for frame in frames]), [frame.time for frame in frames]


def test_videos_give_back_the_faces_byte_for_byte(whole: Path, tmp_path: Path) -> None:
    export(whole, "video", tmp_path / "out")
    for bag in (bags := bags_of(whole)):
        (path,) = (tmp_path / "out").glob(f"*/{bag.bag_id}.mp4")
        assert (decode(path)[0] == bag.faces()).all()
    assert len(bags) == 18


@pytest.mark.parametrize("side", [16, 61, 299])
def test_any_picture_is_coded_without_loss(side: int) -> None:
    noise = np.random.default_rng(side).integers(0, 256, (3, side, side, 3), np.uint8)
    for faces in (noise, np.full_like(noise, 255), noise // 128 * 255):
        path = io.BytesIO(encode_video(faces, [0, 2, 7]))
        with av.open(path) as container:
            frames = list(container.decode(video=0))
        assert (np.stack([frame.to_ndarray(format="rgb24") for frame in frames]) == faces).all()
        assert [frame.time for frame in frames] == [0, 2 / FPS, 7 / FPS]


def test_a_slot_without_a_face_is_a_gap_in_the_video(data: Path, tmp_path: Path) -> None:
    edit(data, "frames", put(NO_FACE, bag_id=BAG, slot=1))
    export(data, "video", tmp_path / "out", splits=["test"], size=32)
    frames, times = decode(tmp_path / "out" / "test" / f"{BAG}.mp4")
    assert frames.shape == (3, 32, 32, 3)
    assert times == pytest.approx([0, 2 / FPS, 3 / FPS])
    row = pd.read_parquet(tmp_path / "out" / "test" / "metadata.parquet").set_index("bag_id").loc[BAG]
    assert (list(row["slot"]), len(row["slot_labels"])) == ([0, 2, 3], 4)


def test_several_people_are_several_videos(data: Path, tmp_path: Path) -> None:
    def twice(frames: pd.DataFrame) -> pd.DataFrame:
        own = frames[frames["bag_id"] == BAG]
        return pd.concat([frames, own.assign(track_id=7, label=0)]).sort_values(["bag_id", "slot"], kind="stable")

    edit(data, "frames", twice)
    export(data, "video", tmp_path / "out", splits=["test"])
    assert decode(tmp_path / "out" / "test" / f"{BAG}-7.mp4")[0].shape[0] == 4
    export(data, "frames", tmp_path / "frames", splits=["test"])
    names = sorted(path.stem for path in (tmp_path / "frames").glob(f"test/*/{BAG}/*.png"))
    assert names[:3] == ["000000", "000007", "001000"]


def test_frames_are_folders_by_label_with_a_table(whole: Path, tmp_path: Path) -> None:
    export(whole, "frames", tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "metadata.csv")
    assert len(table) == 72
    for row in table.to_dict("records"):
        assert Path(row["file_name"]).parts[:2] == (row["split"], ("real", "fake")[row["label"]])
    for split, rows in table.groupby("split"):
        own = pd.read_parquet(tmp_path / "out" / str(split) / "metadata.parquet")
        assert [f"{split}/{name}" for name in own["file_name"]] == list(rows["file_name"])
    (bag,) = (bag for bag in bags_of(whole) if bag.bag_id == BAG)
    for slot, crop in zip(bag.slots, bag.crops, strict=True):
        (path,) = (tmp_path / "out" / "test").glob(f"*/{BAG}/{slot:03d}.png")
        assert path.read_bytes() == (whole / crop).read_bytes()


def test_imagefolder_and_videofolder_take_the_labels(whole: Path, tmp_path: Path) -> None:
    datasets: Any = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    cache = str(tmp_path / "cache")
    export(whole, "frames", tmp_path / "frames")
    found = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "frames"), cache_dir=cache)
    assert {split: len(rows) for split, rows in found.items()} == {"train": 24, "validation": 24, "test": 24}
    assert found["test"].features["label"].names == ["real", "fake"]
    table = pd.read_parquet(tmp_path / "frames" / "test" / "metadata.parquet")
    assert [row["label"] for row in found["test"]] == list(table["label"])
    export(whole, "video", tmp_path / "video")
    videos = datasets.load_dataset("videofolder", data_dir=str(tmp_path / "video"), cache_dir=cache)
    assert videos["test"].features["label"].names == ["real", "fake"]
    assert len(videos["test"]) == 6


def test_webdataset_gives_a_sample_a_bag(whole: Path, tmp_path: Path) -> None:
    webdataset: Any = pytest.importorskip("webdataset")
    export(whole, "webdataset", tmp_path / "out")
    path = str(tmp_path / "out" / "test-000000.tar")
    samples = {s["__key__"]: s for s in webdataset.WebDataset(path, shardshuffle=False).decode("rgb8")}
    bags = [bag for bag in bags_of(whole) if bag.bag_id in samples]
    assert len(bags) == len(samples) == 6
    for bag in bags:
        about = samples[bag.bag_id]["json"]
        faces = np.stack([samples[bag.bag_id][face["file"]] for face in about["faces"]])
        assert (faces == bag.faces()).all()
        assert (about["label"], [face["label"] for face in about["faces"]]) == (bag.label, list(bag.frame_labels))


def test_a_tar_file_keeps_the_files_of_a_sample_together(data: Path, tmp_path: Path) -> None:
    edit(data, "frames", put(NO_FACE, bag_id=BAG))
    edit(data, "videos", put({"status": "no_face"}, bag_id=BAG))
    export(data, "webdataset", tmp_path / "out", splits=["test"])
    with tarfile.open(tmp_path / "out" / "test-000000.tar") as tar:
        names = tar.getnames()
        about = json.load(tar.extractfile(f"{BAG}.json") or io.BytesIO())
        assert {(member.mtime, member.uid) for member in tar.getmembers()} == {(0, 0)}
    keys = [key for key, _ in itertools.groupby(name.partition(".")[0] for name in names)]
    assert len(keys) == len(set(keys)) == 6
    assert (about["faces"], len(about["slot_labels"])) == ([], 4)
    assert [name for name in names if name.startswith(BAG)] == [f"{BAG}.json"]


def test_croissant_is_valid_and_gives_the_tables(data: Path, tmp_path: Path) -> None:
    mlcroissant: Any = pytest.importorskip("mlcroissant")
    export(data, "croissant", tmp_path / "out")
    described = mlcroissant.Dataset(str(tmp_path / "out" / "croissant.json"))
    assert described.metadata.issues.report() == ""
    videos = list(described.records("videos"))
    assert [row["videos/bag_id"].decode() for row in videos] == list(load(data).videos["bag_id"])
    assert [row["videos/label"] for row in videos] == list(load(data).videos["label"])
    assert len(list(described.records("frames"))) == 72
    shutil.copytree(data / "crops", tmp_path / "out" / "crops")
    faces = list(described.records("faces"))
    crops = dict(zip(load(data).crops["crop"], load(data).crops["sha256"], strict=True))
    assert {row["faces/path"].decode() for row in faces} == set(crops)
    assert {row["faces/image"].size for row in faces} == {(16, 16)}


def test_croissant_of_some_bags_has_their_rows(whole: Path, tmp_path: Path) -> None:
    export(whole, "croissant", tmp_path / "out", splits=["test"], manipulations=["DF"])
    described = json.loads((tmp_path / "out" / "croissant.json").read_text())
    assert [r["@id"] for r in described["recordSet"]] == ["labels", "videos", "frames", "sources", "grid", "faces"]
    assert len(pd.read_parquet(tmp_path / "out" / "videos.parquet")) == 4
    assert len(pd.read_parquet(tmp_path / "out" / "sources.parquet")) == 4
    assert described["conformsTo"] == "http://mlcommons.org/croissant/1.1"
