"""Each thing that can be wrong with a built set is found, and nothing in it leads outside."""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ffpms.build import BuildConfig
from ffpms.errors import ConfigError, FfpmsError, ManifestError
from ffpms.schema import read_table
from ffpms.shards import digest, encode
from ffpms.sources.splits import read_pairs
from ffpms.tables import TABLES
from ffpms.verify import tables
from ffpms.verify.data import verify_data
from ffpms.verify.files import check_inside
from tests.conftest import Patience
from tests.tiny_set import edit, make_set, seal

CROP = "crops/004/DF_004_005/000005.webp"
BAG = "DF_004_005"

Rows = pd.DataFrame


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_set(tmp_path_factory.mktemp("whole") / "data")


@pytest.fixture
def data(whole: Path, tmp_path: Path, patience: Patience) -> Iterator[Path]:
    """A copy to be damaged; no check may wait for ever."""
    shutil.copytree(whole, tmp_path / "data")
    with patience(60):
        yield tmp_path / "data"


def found(data: Path, **flags: Any) -> set[tuple[str, str]]:
    """Path and kind of every finding."""
    return {(f.path, str(f.kind)) for f in verify_data(data, **flags).findings}


def said(data: Path, **flags: Any) -> str:
    return "\n".join(f"{f.path}: {f.what}" for f in verify_data(data, **flags).findings)


def put(values: dict[str, Any], **where: Any) -> Callable[[Rows], None]:
    """Sets cells of the rows in which the columns of ``where`` have its values."""

    def change(rows: Rows) -> None:
        chosen = np.logical_and.reduce([rows[column] == value for column, value in where.items()])
        assert chosen.any()
        for column, value in values.items():
            rows.loc[chosen, column] = value

    return change


def test_a_whole_set_has_no_findings(whole: Path) -> None:
    report = verify_data(whole)
    assert report.findings == []
    assert report.about["dataset"] == "FFPMS-custom"


@pytest.mark.parametrize(("batch", "workers"), [(7, 1), (65_536, 2)])
def test_small_batches_and_several_processes_find_the_same(
    data: Path, monkeypatch: pytest.MonkeyPatch, batch: int, workers: int
) -> None:
    (data / CROP).write_bytes(b"x")
    edit(data, "frames", put({"label": 0}, bag_id=BAG))
    expected = verify_data(data).findings
    assert len(expected) >= 3
    monkeypatch.setattr(tables, "BATCH", batch)
    assert verify_data(data, workers=workers).findings == expected


def without_slots(rows: Rows) -> Rows:
    return rows.assign(slot=rows["slot"].astype("Int16").mask(rows["slot"] == 1))


LABEL = "label is not 1 exactly where a fake's own frame is shown"
COUNTS = "label, n_fake or fake_rate does not follow from the frames' labels"
ORDER = "frame_index does not strictly increase"
RANGE = "frame_index is not below the lengths of the fake and its real video"
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
    "a frame twice": ("crops", lambda rows: pd.concat([rows, rows[rows["crop"] == CROP]]), "a face stands twice"),
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


def test_a_law_broken_often_is_one_finding(data: Path) -> None:
    edit(data, "videos", lambda rows: rows.assign(fake_rate=0.37))
    assert said(data).startswith("videos.parquet: original_000, original_001, DF_000_001 and 15 more: label, n_fake")
    assert len(verify_data(data).findings) == 1


def damaged_crop(data: Path, how: str) -> None:
    crop = data / CROP
    if how == "gone":
        crop.unlink()
    elif how == "longer":
        crop.write_bytes(crop.read_bytes() + b"x")
    elif how == "other bytes":
        crop.write_bytes(bytes(crop.stat().st_size))
    elif how == "folder":
        crop.unlink()
        crop.mkdir()
    elif how == "pipe":
        crop.unlink()
        os.mkfifo(crop)
    elif how == "dangling link":
        crop.unlink()
        crop.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("gone", "missing"),
        ("longer", "changed"),
        ("other bytes", "changed"),
        ("folder", "not_a_file"),
        ("pipe", "not_a_file"),
        ("dangling link", "missing"),
    ],
)
def test_a_damaged_crop_is_found(data: Path, how: str, kind: str) -> None:
    damaged_crop(data, how)
    assert found(data) == {(CROP, kind)}


def replace_crop(data: Path, content: bytes) -> None:
    """Another crop that the tables speak of as if it had been built."""
    (data / CROP).write_bytes(content)
    for name in ("crops", "frames"):
        edit(data, name, put({"sha256": digest(content), "n_bytes": len(content)}, crop=CROP))


def test_a_crop_of_another_size_is_found(data: Path) -> None:
    replace_crop(data, encode(Image.new("RGB", (17, 16))))
    assert said(data) == f"{CROP}: 17x16 px, not 16x16"


def test_a_crop_that_is_no_image_is_found(data: Path) -> None:
    replace_crop(data, b"GIF89a, they said")
    assert found(data) == {(CROP, "unreadable")}


@pytest.mark.parametrize(
    "name",
    ["crops/stray.webp", "crops/004/x", "crops/004/DF_004_005/1.webp", "crops/.partial/1/a", "crops/9/shard.json"],
)
def test_strays_are_found(data: Path, name: str) -> None:
    (data / name).parent.mkdir(parents=True, exist_ok=True)
    (data / name).write_text("")
    assert found(data) == {(name, "extra")}


def test_a_stray_link_is_not_followed(data: Path) -> None:
    (data / "crops" / "loop").symlink_to(data)
    assert found(data) == {("crops/loop", "extra")}


@pytest.mark.parametrize(("content", "kind"), [(None, "missing"), ("{", "unreadable"), ("[]", "unreadable")])
def test_a_shard_without_its_marker_is_found(data: Path, content: str | None, kind: str) -> None:
    marker = data / "crops" / "004" / "shard.json"
    marker.unlink()
    if content:
        marker.write_text(content)
    assert found(data) == {("crops/004/shard.json", kind)}


UNSAFE = (
    "../outside",
    "/etc/passwd",
    "crops/../../outside",
    "crops//a",
    "crops/./a",
    "C:/a",
    "crops/a:b",
    "crops\\..\\a",
)


@pytest.mark.parametrize("crop", [*UNSAFE, "crops/a\0b", "frames.parquet"])
def test_a_path_that_leads_elsewhere_is_found_and_never_opened(data: Path, crop: str) -> None:
    """What lies there is a pipe: to open it would be to wait for ever."""
    os.mkfifo(data.parent / "outside")
    for name in ("crops", "frames"):
        edit(data, name, put({"crop": crop}, crop=CROP))
    assert found(data) == {(crop, "unsafe_path"), (CROP, "extra")}


def test_a_link_out_of_the_set_is_found_and_never_followed(data: Path) -> None:
    elsewhere = data.parent / "elsewhere"
    (data / CROP).parent.rename(elsewhere)
    (data / CROP).parent.symlink_to(elsewhere)
    assert (CROP, "unsafe_path") in found(data)
    assert {kind for _, kind in found(data)} == {"unsafe_path", "extra"}


def test_a_link_inside_the_set_is_fine(data: Path) -> None:
    (data / CROP).rename(data / "elsewhere")
    (data / CROP).symlink_to(data / "elsewhere")
    assert found(data) == set()


def test_crops_behind_a_link_are_not_listed(data: Path) -> None:
    elsewhere = data.parent / "elsewhere"
    (data / "crops").rename(elsewhere)
    (data / "crops").symlink_to(elsewhere)
    (elsewhere / "private").write_text("")
    assert {kind for _, kind in found(data)} == {"unsafe_path"}


@pytest.mark.parametrize("target", ["..", "../../x", "a/b", "a\0b"])
def test_a_target_that_is_no_folder_name_is_found(data: Path, target: str) -> None:
    edit(data, "sources", put({"target_id": target}, target_id="004"))
    assert ("sources.parquet", "unsafe_path") in found(data)


@given(st.text(max_size=30) | st.from_regex(r"(crops|\.\.|[/\\:a.])*", fullmatch=True))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_is_both_accepted_and_outside(tmp_path: Path, name: str) -> None:
    if check_inside(tmp_path, name) is None:
        assert (tmp_path / name).resolve().is_relative_to(tmp_path.resolve())
        assert not Path(name).is_absolute()


@pytest.mark.parametrize("name", [f"{name}.parquet" for name in TABLES])
def test_a_table_is_held_against_its_hash(data: Path, name: str) -> None:
    rows = read_table(data / name, TABLES[name.removesuffix(".parquet")])
    rows.to_parquet(data / name)
    assert (name, "changed") in found(data)


@pytest.mark.parametrize("name", [f"{name}.parquet" for name in TABLES])
@pytest.mark.parametrize("how", ["gone", "empty", "text", "cut", "pipe"])
def test_a_table_that_cannot_be_read_is_found(data: Path, name: str, how: str) -> None:
    content = (data / name).read_bytes()
    (data / name).unlink()
    if how == "pipe":
        os.mkfifo(data / name)
    elif how != "gone":
        (data / name).write_bytes({"empty": b"", "text": b"PAR1 hello", "cut": content[:-9]}[how])
    assert found(data) == {(name, {"gone": "missing", "pipe": "not_a_file"}.get(how, "unreadable"))}


def test_missing_columns_other_types_and_another_schema_are_found(data: Path) -> None:
    frames = pd.read_parquet(data / "frames.parquet")
    frames.drop(columns="label").assign(slot=frames["slot"].astype(str)).to_parquet(data / "frames.parquet")
    seal(data)
    assert {k for _, k in found(data)} == {"columns"}
    assert "frames.parquet: column label is not there, not int16" in said(data)
    assert "frames.parquet: schema none, not 1" in said(data)
    assert "frames.parquet: column slot is" in said(data)


def test_an_unfinished_build_is_found(data: Path) -> None:
    (data / "build.json").write_text('{"complete": false, "config": {}}')
    assert found(data) == {("build.json", "unfinished")}


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"complete": true, "config": {}}', '{"complete": 1, "config": 2}', "\0"]
)
def test_a_damaged_report_is_an_error(data: Path, content: str) -> None:
    (data / "build.json").write_text(content)
    with pytest.raises(ManifestError, match=r"build\.json"):
        verify_data(data)


def test_no_set_and_a_pipe_as_report_are_errors(data: Path) -> None:
    (data / "build.json").unlink()
    with pytest.raises(ManifestError, match="no built set"):
        verify_data(data)
    os.mkfifo(data / "build.json")
    with pytest.raises(ManifestError, match="no file"):
        verify_data(data)


def test_settings_of_another_version_are_found(data: Path) -> None:
    report = json.loads((data / "build.json").read_text())
    report["config"]["recipe"]["novelty"] = 1
    (data / "build.json").write_text(json.dumps(report))
    assert "settings of another version" in said(data)


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


def test_a_set_named_ffpms_of_other_settings_is_found(ffpms_v1: Path) -> None:
    report = json.loads((ffpms_v1 / "build.json").read_text())
    report["config"]["recipe"]["compression"] = "c23"
    (ffpms_v1 / "build.json").write_text(json.dumps(report))
    assert found(ffpms_v1) == {("build.json", "law")}


@pytest.fixture
def root(whole: Path, tmp_path: Path) -> Path:
    """The tree that the tiny set claims to be built from."""
    sources = pd.read_parquet(whole / "sources.parquet")
    for path, name in zip(sources["path"], sources["source_video"], strict=True):
        (tmp_path / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / path).write_bytes(name.encode())
    return tmp_path / "tree"


REAL = "original_sequences/youtube/c40/videos/004.mp4"


def test_the_source_files_are_those_of_the_build(data: Path, root: Path) -> None:
    assert found(data, root=root) == set()
    (root / REAL).write_bytes(b"another")
    assert found(data, root=root) == {(REAL, "changed")}
    assert found(data) == set(), "without the tree nothing is said of it"
    (root / REAL).unlink()
    assert found(data, root=root) == {(REAL, "missing")}
    os.mkfifo(root / REAL)
    assert found(data, root=root) == {(REAL, "not_a_file")}


def test_a_source_file_may_lie_behind_a_link(data: Path, root: Path) -> None:
    (root / REAL).rename(root.parent / "elsewhere.mp4")
    (root / REAL).symlink_to(root.parent / "elsewhere.mp4")
    assert found(data, root=root) == set()


def test_a_source_path_out_of_the_tree_is_never_opened(data: Path, root: Path) -> None:
    os.mkfifo(root.parent / "pipe")
    edit(data, "sources", put({"path": "../pipe"}, source_video="original_004"))
    assert found(data, root=root) == {("../pipe", "unsafe_path")}


def test_a_source_that_could_not_be_read_is_not_asked_for(data: Path, root: Path) -> None:
    (root / REAL).unlink()
    edit(data, "sources", put({"sha256": ""}, source_video="original_004"))
    assert found(data, root=root) == set()


def test_a_tree_that_is_not_there_is_an_error(data: Path) -> None:
    with pytest.raises(ConfigError, match="not a folder"):
        verify_data(data, data / "nowhere")


def test_nothing_is_written(data: Path) -> None:
    (data / CROP).unlink()
    before = {p: p.stat().st_mtime_ns for p in data.parent.rglob("*")}
    verify_data(data)
    assert {p: p.stat().st_mtime_ns for p in data.parent.rglob("*")} == before


@given(st.sampled_from(list(TABLES)), st.floats(0, 1), st.binary(min_size=1, max_size=8), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_bytes_in_a_table_break_it(data: Path, table: str, at: float, junk: bytes, sealed: bool) -> None:
    """A table with some bytes changed is findings, or sound still, but never a crash."""
    name = f"{table}.parquet"
    whole = (data / name).read_bytes()
    start = int(at * (len(whole) - 1))
    changed = whole[:start] + junk + whole[start + len(junk) :]
    try:
        (data / name).write_bytes(changed)
        assert verify_data(seal(data) if sealed else data).findings or sealed or changed == whole
    finally:
        (data / name).write_bytes(whole)
        seal(data)


KEYS = ("complete", "config", "counts", "sha256", "recipe", "crop", "dataset", "frames", "size")
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)


@given(st.recursive(SCALARS, nested))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_report_breaks_it(data: Path, report: object) -> None:
    (data / "build.json").write_text(json.dumps(report))
    with contextlib.suppress(FfpmsError):
        assert verify_data(data).findings
