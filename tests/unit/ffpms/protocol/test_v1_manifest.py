"""What may be called FFPMS."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.plan import summarise_bags
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import read_pairs
from ffpms.protocol.v1_manifest import dataset_name, is_v1, read_v1, write_manifest
from ffpms.schema import PLANNED_FRAME, read_table
from tests.helpers.corpus import PAIRS


@pytest.fixture
def videos() -> pd.DataFrame:
    return summarise_bags(read_v1(), Recipe()).assign(status="ok")


def test_all_defaults_on_the_official_pairs_are_v1() -> None:
    assert is_v1(Recipe(), CropConfig(), read_pairs())


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"compression": "c23"}, {"fraction": 0.5}, {"placement": "contiguous"}, {"manipulations": ("DF",)}],
)
def test_another_recipe_is_not(change: dict[str, object]) -> None:
    assert not is_v1(replace(Recipe(), **change), CropConfig(), read_pairs())  # type: ignore[arg-type]


def test_with_landmarks_it_is_v1_still() -> None:
    assert is_v1(Recipe(), CropConfig(landmarks=True), read_pairs())


def test_other_crops_or_pairs_are_not() -> None:
    assert not is_v1(Recipe(), CropConfig(margin=1.5), read_pairs())
    assert not is_v1(Recipe(), CropConfig(margin=1.5, landmarks=True), read_pairs())
    assert not is_v1(Recipe(), CropConfig(), PAIRS)


def test_a_whole_v1_set_is_ffpms_faceless_videos_included(videos: pd.DataFrame) -> None:
    videos.loc[3, "status"] = "no_face"
    assert dataset_name(True, "c40", videos) == "FFPMS"


def test_a_set_with_a_missing_bag_or_other_settings_is_custom(videos: pd.DataFrame) -> None:
    assert dataset_name(False, "c40", videos) == "FFPMS-custom"
    assert dataset_name(True, "c40", videos.iloc[:-1]) == "FFPMS-custom"
    videos.loc[3, "status"] = "missing"
    assert dataset_name(True, "c40", videos) == "FFPMS-custom"


@pytest.mark.parametrize(("compression", "name"), [("raw", "FFPMS-c0-custom"), ("c23", "FFPMS-c23-custom")])
def test_another_compression_is_in_the_name(videos: pd.DataFrame, compression: str, name: str) -> None:
    assert dataset_name(False, compression, videos) == name


def test_a_plan_of_other_pairs_leaves_its_frames_open(tmp_path: Path) -> None:
    """Another tree's ``000`` is not FaceForensics++'s: its length is not known before it is read."""
    for split, pairs in PAIRS.items():
        (tmp_path / f"{split}.json").write_text(json.dumps(pairs))
    write_manifest(tmp_path / "plan", Recipe(), tmp_path)
    frames = read_table(tmp_path / "plan" / "frames.parquet", PLANNED_FRAME)
    assert (frames["frame_index"] == -1).all()
    assert (frames["n_frames"] == -1).all()
