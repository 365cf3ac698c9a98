"""Each thing that can be wrong below crops/ is found, and nothing there leads outside."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ffpms
from ffpms.extraction.png import encode_png
from ffpms.hashing import digest
from ffpms.parquet import read_table
from ffpms.protocol.crop_config import CropConfig
from ffpms.schema import CROP
from ffpms.verify.built_set import verify_data
from ffpms.verify.findings import Finding, Kind
from ffpms.verify.path_safety import check_inside
from ffpms.verify.tables import BUILD_ANEW
from tests.helpers.tiny_set import BAG, CONFIG, STORED, edit, found, make_set, put, put_crop, said


def damaged_crop(data: Path, how: str) -> None:
    crop = data / STORED
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
    assert found(data) == {(STORED, kind)}


def test_a_crop_of_another_size_is_found(data: Path) -> None:
    put_crop(data, encode_png(np.zeros((16, 17, 3), np.uint8)))
    assert said(data) == f"{STORED}: 17x16 px, not 16x16"


def test_a_crop_that_is_no_image_is_found(data: Path) -> None:
    put_crop(data, b"GIF89a, they said")
    (finding,) = verify_data(data).findings
    assert finding == Finding(STORED, Kind.UNREADABLE, "not a PNG file", BUILD_ANEW)


@pytest.mark.parametrize(
    "name",
    ["crops/stray.png", "crops/004/x", "crops/004/DF_004_005/1.png", "crops/.partial/1/a", "crops/9/shard.json"],
)
def test_strays_are_found(data: Path, name: str) -> None:
    (data / name).parent.mkdir(parents=True, exist_ok=True)
    (data / name).write_text("")
    assert found(data) == {(name, "extra")}


def test_crops_may_lie_on_another_disk_behind_one_link(data: Path) -> None:
    (data / "crops").rename(data.parent / "disk")
    (data / "crops").symlink_to(data.parent / "disk")
    assert found(data) == set()
    (data / "crops" / "004" / "x").write_text("")
    assert found(data) == {("crops/004/x", "extra")}


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
        edit(data, name, put({"crop": crop}, crop=STORED))
    assert found(data) == {(crop, "unsafe_path"), (STORED, "extra")}


def test_a_link_out_of_the_set_is_found_and_never_followed(data: Path) -> None:
    elsewhere = data.parent / "elsewhere"
    (data / STORED).parent.rename(elsewhere)
    (data / STORED).parent.symlink_to(elsewhere)
    assert (STORED, "unsafe_path") in found(data)
    assert {kind for _, kind in found(data)} == {"unsafe_path", "extra"}


def test_a_link_inside_the_set_is_fine(data: Path) -> None:
    (data / STORED).rename(data / "elsewhere")
    (data / STORED).symlink_to(data / "elsewhere")
    assert found(data) == set()


def test_crops_may_lie_behind_a_link_and_are_checked_there(data: Path) -> None:
    elsewhere = data.parent / "elsewhere"
    (data / "crops").rename(elsewhere)
    (data / "crops").symlink_to(elsewhere)
    assert found(data) == set()
    (elsewhere / "private").write_text("")
    assert {kind for _, kind in found(data)} == {"extra"}


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


def other_sides(data: Path, side: int, name: str) -> None:
    """Stores crops at another side, of which the tables speak as if it had been built."""
    content = encode_png(np.zeros((side, side, 3), np.uint8))

    def change(rows: pd.DataFrame) -> None:
        chosen = rows["crop"].str.contains(name)
        rows.loc[chosen, ["sha256", "n_bytes"]] = digest(content), len(content)

    crops = read_table(data / "crops.parquet", CROP)["crop"]
    for crop in crops[crops.str.contains(name)]:
        (data / crop).write_bytes(content)
    for table in ("crops", "frames"):
        edit(data, table, change)


def test_a_crop_has_the_side_that_its_box_and_the_size_imply(tmp_path: Path) -> None:
    """Boxes have 32 px, so crops have 32 px in a set of 64; one of 40 was cut by nobody."""
    data = make_set(tmp_path, config=replace(CONFIG, crop=CropConfig(size=64)))
    assert found(data) == set()
    other_sides(data, 40, name=STORED)
    assert said(data) == f"{STORED}: 40x40 px, not 32x32"


def test_a_set_of_enlarged_crops_is_one_finding_and_can_be_read(tmp_path: Path) -> None:
    """So they were stored by an earlier version."""
    data = make_set(tmp_path, config=replace(CONFIG, crop=CropConfig(size=64)))
    other_sides(data, 64, name="/004/")
    (finding,) = verify_data(data).findings
    assert (finding.path, finding.kind) == ("crops.parquet", Kind.ENLARGED)
    assert "12 crops are stored enlarged" in finding.what
    assert [bag.faces().shape for bag in ffpms.load(data).bags("test")] == [(4, 64, 64, 3)] * 6


def test_crops_of_a_target_with_a_resized_fake_are_stored_as_they_are_shown(tmp_path: Path) -> None:
    """Of such a target small crops are wrong, and enlarged ones right."""
    data = make_set(tmp_path, config=replace(CONFIG, crop=CropConfig(size=64)))
    edit(data, "sources", put({"geometry": "resize"}, source_video=BAG))
    assert {kind for _, kind in found(data)} == {"size"}
    other_sides(data, 64, name="/004/")
    assert found(data) == set()
