"""Fakes held against their real counterparts: timing, brightness, who is faked, and what does not fit."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter

from ffpms.extraction.boxes import Box
from ffpms.extraction.decoding.probe import probe
from ffpms.extraction.decoding.wanted_frames import read_frames
from tests.conftest import Command
from tests.helpers.building import REAL, flags, not_ok, status_of
from tests.helpers.corpus import encode

pytestmark = pytest.mark.usefixtures("warm_worker")

DF = "manipulated_sequences/Deepfakes"
TWO = "005"
"""The target of the tree that shares its video with somebody else; it is in the val split."""
VAL = ("--split", "val")


def frames_of(path: Path) -> list[np.ndarray]:
    return list(read_frames(path, list(range(probe(path).n_frames))).values())


def source(data: Path, name: str) -> pd.Series:
    return pd.read_parquet(data / "sources.parquet").set_index("source_video").loc[name]


def test_sound_pairs_fit(built: Path) -> None:
    sources = pd.read_parquet(built / "sources.parquet")
    fakes = sources[sources["manipulation"] != "original"]
    assert (fakes["align_score"] > 0.98).all()
    lift = fakes[["lift_r", "lift_g", "lift_b"]].abs()
    assert (lift.median() < 0.5).all()
    assert (lift < 3).all(axis=None)
    assert (fakes["align_offset"] == 0).mean() > 0.9
    assert (fakes["status"] == "ok").all()
    assert sources.loc[sources["manipulation"] == "original", "align_score"].isna().all()


def test_a_fake_that_runs_ahead_is_left_out_unless_kept(ffpms: Command, whole_copy: Path, tmp_path: Path) -> None:
    path = whole_copy / DF / "c40/videos/006_007.mp4"
    encode(path, frames_of(whole_copy / REAL / "006.mp4")[3:])
    result = ffpms(*flags(whole_copy, tmp_path / "data"))
    assert "runs +3 frames off original_006" in result.stderr
    assert not_ok(tmp_path / "data") == {"DF_006_007": "misaligned"}
    kept = ffpms(*flags(whole_copy, tmp_path / "kept", "--keep-unverified"))
    assert "runs +3 frames off original_006" in kept.stderr
    assert set(status_of(tmp_path / "kept").values()) == {"ok"}
    assert set(pd.read_parquet(tmp_path / "kept" / "frames.parquet")["status"]) <= {"ok", "interpolated", "no_face"}
    about = source(tmp_path / "kept", "DF_006_007")
    assert (about["status"], about["align_offset"]) == ("unverified", 3)
    assert about["align_certainty"] >= 0.95


def test_a_brighter_fake_says_by_how_much(ffpms: Command, whole_copy: Path, tmp_path: Path) -> None:
    path = whole_copy / DF / "c40/videos/006_007.mp4"
    encode(path, [np.clip(f.astype(int) + [6, 4, 2], 0, 255).astype(np.uint8) for f in frames_of(path)])
    assert ffpms(*flags(whole_copy, tmp_path / "data")).exit_code == 0
    lift = source(tmp_path / "data", "DF_006_007")[["lift_r", "lift_g", "lift_b"]].to_numpy(float)
    assert lift == pytest.approx([6, 4, 2], abs=1)


def test_of_two_people_the_masked_one_is_the_bags_face(built: Path) -> None:
    crops = pd.read_parquet(built / "crops.parquet")
    assert source(built, "DF_005_004")["track_id"] == 0
    assert set(crops.loc[crops["source_video"] == "original_005", "track_id"]) == {0}


@pytest.mark.parametrize("mask", ["whole", "broken", "missing"])
def test_the_smaller_face_is_the_bags_if_that_is_forged(
    ffpms: Command, whole_copy: Path, tmp_path: Path, mask: str
) -> None:
    """By its mask, or where there is none by how much fake and real differ."""
    films = frames_of(whole_copy / REAL / f"{TWO}.mp4")
    height, width = films[0].shape[:2]
    box = Box(0.69 * width, 0.36 * height, 0.16 * width, 0.22 * height).within(width, height)
    encode(whole_copy / DF / f"c40/videos/{TWO}_004.mp4", [softened(f, box) for f in films])
    path = whole_copy / DF / f"masks/videos/{TWO}_004.mp4"
    if mask == "whole":
        white = np.zeros_like(films[0])
        white[box.rows, box.columns] = 255
        encode(path, [white] * len(films), crf=23)
    elif mask == "broken":
        path.write_bytes(b"no video")
    else:
        path.unlink()
    assert ffpms(*flags(whole_copy, tmp_path / "data", *VAL)).exit_code == 0
    assert source(tmp_path / "data", f"DF_{TWO}_004")["track_id"] == 1
    assert source(tmp_path / "data", f"FS_{TWO}_004")["track_id"] == 0
    frames = pd.read_parquet(tmp_path / "data" / "frames.parquet").set_index("bag_id")
    assert (frames.loc[f"DF_{TWO}_004", "track_id"] == 1).all()
    assert (frames.loc[f"DF_{TWO}_004", "box_x"] > 0.45 * width).all()
    assert (frames.loc[f"original_{TWO}", "box_x"] < width / 2).all()


def softened(frame: np.ndarray, box: Box) -> np.ndarray:
    out = frame.copy()
    part = Image.fromarray(out[box.rows, box.columns]).filter(ImageFilter.GaussianBlur(6))
    out[box.rows, box.columns] = 255 - np.asarray(part)
    return out


def test_all_faces_are_instances_and_only_the_forged_one_is_fake(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    assert ffpms(*flags(tree, tmp_path / "data", *VAL, "--faces", "all")).exit_code == 0
    frames = pd.read_parquet(tmp_path / "data" / "frames.parquet")
    videos = pd.read_parquet(tmp_path / "data" / "videos.parquet").set_index("bag_id")
    for bag in (f"DF_{TWO}_004", f"NT_{TWO}_004"):
        rows = frames[frames["bag_id"] == bag]
        assert (rows.groupby("slot").size() == 2).mean() > 0.9
        first, other = rows[rows["track_id"] == 0], rows[rows["track_id"] == 1]
        assert first["label"].sum() == videos.loc[bag, "n_fake"] > 0
        assert (first["label"] == ~first["replaced"]).all()
        assert other["label"].sum() == 0
        assert not other["altered"].any()
    assert (videos["n_frames"] == 20).all()
    assert (frames[frames["bag_id"] == "original_004"].groupby("slot").size() == 1).all()
    assert ffpms("verify", tmp_path / "data").exit_code == 0
