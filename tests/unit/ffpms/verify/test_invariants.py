"""Each law of a built set is held: what its tables say of bags, frames and crops, and the labels of FFPMS v1."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ffpms
from ffpms.builder.config import BuildConfig
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import read_pairs
from ffpms.verify.built_set import verify_data
from tests.helpers.tiny_set import BAG, STORED, edit, found, make_set, put, said

Rows = pd.DataFrame


def without_slots(rows: Rows) -> Rows:
    return rows.assign(slot=rows["slot"].astype("Int16").mask(rows["slot"] == 1))


LABEL = "label is not 1 exactly where a fake's own frame is shown"
COUNTS = "label, n_fake or fake_rate does not follow from the frames' labels"
ORDER = "frame_index does not strictly increase"
RANGE = "frame_index is not below the lengths of the fake and its real video"
STEP = "F2F_004_005: frame_index is the real video's last, where Face2Face is out of step"
SLOTS = "slots are not 0, 1, ... as many as the recipe samples"
WORDS = "split, manipulation or status is an unknown word"
STATUS = "crop and status do not agree"
NAMES = "bag_id, video_id or pair_id does not follow from target_id and source_id"
JOINED = "crop is not as crops.parquet has it"
BOX = "box is not that of the real video's crop"
BAGS = "not the bags of frames.parquet"

LAWS: dict[str, tuple[str, Callable[[Rows], Rows | None], str]] = {
    "label of a replaced slot": ("frames", put({"label": 1}, bag_id=BAG, replaced=True), LABEL),
    "label is a third number": ("frames", put({"label": 2}, bag_id=BAG, label=1), LABEL),
    "replaced in an original": ("frames", put({"replaced": True}, bag_id="original_004"), LABEL),
    "bag label": ("videos", put({"label": 0}, bag_id=BAG), COUNTS),
    "n_fake": ("videos", put({"n_fake": 0}, bag_id=BAG), COUNTS),
    "fake_rate": ("videos", put({"fake_rate": 0.9}, bag_id=BAG), COUNTS),
    "no fake_rate": ("videos", put({"fake_rate": None}, bag_id=BAG), COUNTS),
    "equal indices": ("frames", put({"frame_index": 5}, bag_id=BAG), ORDER),
    "one unknown index": ("frames", put({"frame_index": -1}, bag_id=BAG, slot=2), ORDER),
    "beyond the end": ("frames", put({"frame_index": 40}, bag_id=BAG, slot=3), RANGE),
    "below -1": ("frames", put({"frame_index": -2}, bag_id=BAG, slot=0), RANGE),
    "out of step": ("sources", put({"n_frames": 36}, source_video="original_004"), STEP),
    "short fake": ("sources", put({"n_frames": 35}, source_video=BAG), f"{BAG}: {RANGE}"),
    "short real": ("sources", put({"n_frames": 35}, source_video="original_004"), f"{BAG}, F2F_004_005: {RANGE}"),
    "no source": ("sources", lambda rows: rows[rows["source_video"] != BAG], "is not in sources.parquet"),
    "slots": ("frames", put({"slot": 3}, bag_id=BAG, slot=2), SLOTS),
    "n_frames": ("videos", put({"n_frames": 5}, bag_id=BAG), SLOTS),
    "one slot less": ("frames", lambda rows: rows[(rows["bag_id"] != BAG) | (rows["slot"] < 3)], SLOTS),
    "shown video": ("frames", put({"source_video": "F2F_004_005"}, bag_id=BAG), "source_video is not the bag's own"),
    "split word": ("videos", put({"split": "dev"}, bag_id=BAG), WORDS),
    "manipulation word": ("videos", put({"manipulation": "XX"}, bag_id=BAG), WORDS),
    "status word": ("frames", put({"status": "lost"}, bag_id=BAG, slot=1), WORDS),
    "bag's status word": ("videos", put({"status": "lost"}, bag_id=BAG), WORDS),
    "bag without a face": ("videos", put({"status": "no_face"}, bag_id=BAG), STATUS),
    "faceless with crop": ("frames", put({"status": "no_face"}, bag_id=BAG, slot=1), STATUS),
    "ok without crop": ("frames", put({"crop": ""}, bag_id=BAG, slot=1), STATUS),
    "video_id": ("videos", put({"video_id": "004_003"}, bag_id=BAG), NAMES),
    "pair_id": ("videos", put({"pair_id": "004_003"}, bag_id=BAG), NAMES),
    "original's pair": ("videos", put({"pair_id": "9004_1"}, bag_id="original_004"), NAMES),
    "manipulation of a bag": ("videos", put({"manipulation": "F2F"}, bag_id=BAG), NAMES),
    "two splits": ("videos", put({"split": "val"}, bag_id="F2F_005_004"), "is in another split too"),
    "other crop": ("frames", put({"sha256": "0"}, bag_id=BAG, slot=1), JOINED),
    "other box": ("frames", put({"box_x": 9.0}, bag_id=BAG, slot=1), JOINED),
    "moved box": ("crops", put({"box_y": 7.1}, source_video=BAG), BOX),
    "geometry": ("sources", put({"shift_x": 0.0}, source_video="F2F_004_005"), BOX),
    "no real crop": ("crops", lambda rows: rows[rows["source_video"] != "original_004"], BOX),
    "a frame twice": ("crops", lambda rows: pd.concat([rows, rows[rows["crop"] == STORED]]), "a face stands twice"),
    "bags' order": ("videos", lambda rows: rows[::-1], BAGS),
    "one bag more": ("videos", lambda rows: pd.concat([rows, rows[:1]]), BAGS),
    "one bag less": ("videos", lambda rows: rows[:-1], BAGS),
    "a bag twice": ("frames", lambda rows: pd.concat([rows, rows[:4]]), BAGS),
    "a source twice": ("sources", lambda rows: pd.concat([rows, rows[:1]]), "a source_video stands twice"),
    "empty cells": ("frames", without_slots, "column slot has empty cells"),
    "row count": ("frames", lambda rows: rows[:-4], "but build.json counts 72"),
}


@pytest.mark.parametrize("law", LAWS)
def test_each_law_is_held(data: Path, law: str) -> None:
    table, change, reason = LAWS[law]
    edit(data, table, change)
    assert reason in said(data)


@pytest.mark.parametrize(("split", "n_fake"), [("train", 2), ("test", 4), ("test", 0)])
def test_the_number_of_fake_frames_is_the_recipes(data: Path, split: str, n_fake: int) -> None:
    """Frames and videos agree with each other, but not with the recipe: 3 of 4 in train, 1 to 3 in test."""
    bag = {"train": "DF_000_001", "test": BAG}[split]
    real = f"original_{bag[3:6]}"

    def relabel(rows: Rows) -> Rows:
        own = rows["bag_id"] == bag
        rows.loc[own, "label"] = (rows["slot"] < n_fake).astype("int16")
        rows.loc[own, "replaced"] = rows["slot"] >= n_fake
        rows.loc[own, "source_video"] = np.where(rows.loc[own, "replaced"], real, bag)
        return rows

    edit(data, "frames", relabel)
    values = {"n_fake": n_fake, "fake_rate": n_fake / 4, "label": int(n_fake > 0)}
    edit(data, "videos", put(values, bag_id=bag))
    assert f"videos.parquet: {bag}: n_fake is not what the recipe allows" in said(data)
    assert "does not follow from the frames' labels" not in said(data)


@pytest.mark.parametrize(
    ("recipe", "fake", "broken"),
    [
        ({"placement": "random"}, (0, 2, 4), False),
        ({"placement": "contiguous"}, (2, 3, 4), False),
        ({"placement": "contiguous"}, (0, 2, 3), True),
        ({"placement": "segments", "segments": (1, 2)}, (0, 2, 3), False),
        ({"placement": "segments", "segments": (1, 2)}, (0, 2, 4), True),
    ],
)
def test_fake_slots_lie_in_no_more_segments_than_the_recipe_allows(
    tmp_path: Path, recipe: dict[str, Any], fake: tuple[int, ...], broken: bool
) -> None:
    chosen = Recipe(frames_per_video=5, replaced=(2, 2), manipulations=("DF",), **recipe)
    data = make_set(tmp_path, config=BuildConfig(chosen, CropConfig(size=16)))

    def place(rows: Rows) -> None:
        own = rows["bag_id"] == BAG
        rows.loc[own, "label"] = rows.loc[own, "slot"].isin(fake).astype("int16")
        rows.loc[own, "replaced"] = rows.loc[own, "label"] == 0

    edit(data, "frames", place)
    assert (f"{BAG}: fake slots lie in more segments than the recipe allows" in said(data)) == broken


def test_a_law_broken_often_is_one_finding(data: Path) -> None:
    edit(data, "videos", lambda rows: rows.assign(fake_rate=0.37))
    assert said(data).startswith("videos.parquet: original_000, original_001, DF_000_001 and 15 more: label, n_fake")
    assert len(verify_data(data).findings) == 1


@pytest.fixture(scope="module")
def v1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of FFPMS v1, but no face in it."""
    out = tmp_path_factory.mktemp("v1") / "data"
    return make_set(out, read_pairs(), BuildConfig(splits=("test",)), faces=False)


@pytest.fixture
def ffpms_v1(v1: Path, tmp_path: Path) -> Path:
    shutil.copytree(v1, tmp_path / "data")
    return tmp_path / "data"


def test_ffpms_has_the_labels_that_ship(ffpms_v1: Path) -> None:
    report = verify_data(ffpms_v1)
    assert report.about["dataset"] == "FFPMS"
    assert report.findings == []


def test_a_set_named_ffpms_with_other_labels_is_found(ffpms_v1: Path) -> None:
    """Two slots of a bag change places: every law holds, but it is not v1."""

    def swap(rows: Rows) -> None:
        own = rows[rows["bag_id"] == "DF_953_974"]
        fake, real = own.index[own["label"] == 1][0], own.index[own["label"] == 0][0]
        for column in ("label", "replaced", "source_video"):
            rows.loc[[fake, real], column] = rows.loc[[real, fake], column].to_numpy()

    edit(ffpms_v1, "frames", swap)
    assert "frames.parquet: DF_953_974: labels are not those of FFPMS v1" in said(ffpms_v1)
    assert "has 13998 of the 14000 frames" in said(ffpms_v1)


def test_a_set_named_ffpms_of_other_frames_is_found(ffpms_v1: Path) -> None:
    def shift(rows: Rows) -> None:
        own = (rows["bag_id"] == "DF_953_974") & (rows["slot"] == 3)
        rows.loc[own, "frame_index"] += 1

    edit(ffpms_v1, "frames", shift)
    assert said(ffpms_v1) == "frames.parquet: DF_953_974: frame indices are not those of FFPMS v1"


@pytest.mark.parametrize(
    ("values", "where", "reason"),
    [
        ({"n_frames": 700}, {"source_video": "original_000"}, "(first original_000: 700 frames, not 396)"),
        ({"status": "unverified"}, {"source_video": "F2F_953_974"}, "videos are unverified (first F2F_953_974)"),
        ({"crf": np.nan}, {"manipulation": "NT"}, "140 of 700 test videos have not the crf of c40 (first NT_000_003:"),
    ],
)
def test_a_set_named_ffpms_of_other_videos_is_found(
    ffpms_v1: Path, values: dict[str, object], where: dict[str, object], reason: str
) -> None:
    """As a build of an older version named it: it did not look at the videos."""
    edit(ffpms_v1, "sources", put(values, **where))
    assert said(ffpms_v1).startswith("build.json: is named FFPMS, but is FFPMS-custom: ")
    assert reason in said(ffpms_v1)
    opened = ffpms.load(ffpms_v1)
    assert (opened.name, len(opened.reasons)) == ("FFPMS-custom", 1)
    assert ffpms.load(ffpms_v1, unmixed=True).name == "FF++-c40-custom"


def test_what_is_opened_is_named_by_its_tables(ffpms_v1: Path) -> None:
    assert (ffpms.load(ffpms_v1).name, ffpms.load(ffpms_v1, unmixed=True).name) == ("FFPMS", "FF++-c40")


def test_a_set_that_claims_any_other_name_is_found(data: Path) -> None:
    report = json.loads((data / "build.json").read_text())
    (data / "build.json").write_text(json.dumps(report | {"dataset": "FFPMS", "reasons": []}))
    assert "build.json: is named FFPMS, but is FFPMS-custom: --frames 4 is not v1's 20; its split" in said(data)
    assert ffpms.load(data).name == "FFPMS-custom"


def test_a_set_named_ffpms_of_other_settings_is_found(ffpms_v1: Path) -> None:
    report = json.loads((ffpms_v1 / "build.json").read_text())
    report["config"]["recipe"]["compression"] = "c23"
    (ffpms_v1 / "build.json").write_text(json.dumps(report))
    assert found(ffpms_v1) == {("build.json", "law")}
