"""A built set in Python: which bags it gives, and their pixels."""

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ffpms
from ffpms import BagRecord, BuiltSet, FfpmsError
from ffpms.builder.config import BuildConfig
from ffpms.dataset.crops import read_crop
from ffpms.errors import ConfigError, ManifestError
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.remixing import MIXES
from tests.helpers.tiny_set import CONFIG, PAIRS, edit, make_set


@pytest.fixture
def tiny(data: Path) -> BuiltSet:
    """A copy of the tiny set, which may be damaged."""
    return ffpms.load(data)


def test_a_set_is_loaded_by_text_or_path_and_shown_in_a_line(whole: Path) -> None:
    assert ffpms.load(str(whole)).sha256 == ffpms.load(whole).sha256
    assert repr(ffpms.load(str(whole))) == f"BuiltSet('{whole}', FFPMS-custom, 18 bags)"
    with pytest.raises(FfpmsError, match="no built set"):
        ffpms.load("nowhere")


def test_a_changed_table_is_an_error_that_says_what_repairs_it(data: Path) -> None:
    frames = pd.read_parquet(data / "frames.parquet")
    frames.assign(label=1 - frames["label"]).to_parquet(data / "frames.parquet")
    with pytest.raises(ManifestError, match="not what was built; run the same 'ffpms build' again to repair it"):
        ffpms.load(data)


def test_bags_are_of_all_manipulations_of_several_or_of_one(tiny: BuiltSet) -> None:
    def names(bags: list[BagRecord]) -> list[str]:
        return [bag.bag_id for bag in bags]

    everything = ["original_004", "original_005", "DF_004_005", "DF_005_004", "F2F_004_005", "F2F_005_004"]
    assert sorted(names(tiny.bags("test"))) == sorted(everything)
    assert tiny.bags("test") == tiny.bags("test", ["DF", "F2F"]) == tiny.bags("test", ("F2F", "DF"))
    assert sorted(names(tiny.bags("test", "DF"))) == sorted(everything[:4])
    assert sorted(names(tiny.bags("test", []))) == sorted(names(tiny.bags("test", "original"))) == everything[:2]


@pytest.mark.parametrize("mix", MIXES)
def test_train_bags_have_the_fakes_of_a_mix_and_the_pixels_of_each(tiny: BuiltSet, mix: str) -> None:
    for bag in tiny.bags("train", seed=3, mix=mix):
        fake = np.array(bag.frame_labels)
        assert fake.mean() == pytest.approx(bag.fake_rate)
        assert fake.any() == bool(bag.label)
        assert fake.all() == bool(bag.label) or mix != "whole"
        assert [("original" in crop) == (not label) for crop, label in zip(bag.crops, fake, strict=True)]
        assert len(bag.faces()) == len(fake)


def test_an_unknown_split_or_manipulation_is_named_with_what_is_known(tiny: BuiltSet) -> None:
    with pytest.raises(ConfigError, match="split: tests is unknown; choose from train, val, test"):
        tiny.bags("tests")
    with pytest.raises(ConfigError, match="mix: 'half' is unknown; choose recipe or whole"):
        tiny.bags("train", mix="half")
    with pytest.raises(ConfigError, match=r"manipulations: NT is unknown; choose from .*DF, F2F"):
        tiny.bags("test", ["DF", "NT"])
    with pytest.raises(ConfigError, match="manipulations: DeepFakes is unknown"):
        tiny.torch("train", manipulations="DeepFakes")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((None,), "split: None is unknown; choose from train, val, test"),
        ((["test"],), r"split: \['test'\] is unknown"),
        ((1,), "split: 1 is unknown"),
        ((pd.Series(["test"]),), "split: .* is unknown"),
        (("test", [1]), "manipulations: 1 is unknown; choose from"),
        (("test", 1), "manipulations: 1 is unknown"),
        (("test", None, -1), "seed: -1 is not a whole number from 0 up"),
        (("test", None, "0"), "seed: '0'"),
    ],
)
def test_what_is_no_name_and_no_seed_is_one_line_too(tiny: BuiltSet, arguments: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        tiny.bags(*arguments)
    assert "\n" not in str(caught.value)


def test_sets_can_be_compared_and_kept_in_a_dict(tiny: BuiltSet) -> None:
    again = ffpms.load(tiny.root)
    assert tiny != again
    assert tiny.sha256 == again.sha256
    assert tiny in [again, tiny]
    assert {tiny: 1}[tiny] == 1


def test_a_set_stays_where_it_was_loaded(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data.parent)
    here = ffpms.load("data")
    assert repr(here) == "BuiltSet('data', FFPMS-custom, 18 bags)"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert here.bags("test")[0].faces().shape == (4, 16, 16, 3)
    assert repr(here) == f"BuiltSet({str(data)!r}, FFPMS-custom, 18 bags)"


@pytest.mark.parametrize("name", ["frames.parquet", "build.json"])
def test_a_file_in_place_of_the_folder_is_said_so(data: Path, name: str) -> None:
    with pytest.raises(
        ManifestError, match=f"{name}: a file, not the folder of a built set; give the folder"
    ) as caught:
        ffpms.load(data / name)
    assert "delete" not in str(caught.value)


@pytest.mark.parametrize("key", ["complete", "dataset", "sha256", "config", "recipe", "crop"])
@pytest.mark.parametrize("lost", [True, False])
def test_a_report_without_a_key_is_an_error_of_the_manifest(data: Path, key: str, lost: bool) -> None:
    path = data / "build.json"
    report = json.loads(path.read_text())
    part = report["config"] if key in ("recipe", "crop") else report
    if lost:
        del part[key]
    else:
        part[key] = None
    path.write_text(json.dumps(report))
    for unmixed in (False, True):
        with pytest.raises(ManifestError):
            ffpms.load(data, unmixed)


def test_faces_are_the_stored_crops(tiny: BuiltSet) -> None:
    for bag in tiny.bags("test"):
        faces = bag.faces()
        assert faces.dtype == np.uint8
        assert faces.shape == (len(bag.frame_labels), 16, 16, 3) == (4, 16, 16, 3)
        stored = [read_crop(tiny.root, *crop, tiny.side) for crop in zip(bag.crops, bag.sha256, strict=True)]
        assert np.array_equal(faces, np.stack(stored))
        assert bag.label == max(bag.frame_labels)


def test_a_crop_that_is_lost_or_changed_is_an_error(tiny: BuiltSet) -> None:
    bag = tiny.bags("test", "DF")[-1]
    first, second = (tiny.root / crop for crop in bag.crops[:2])
    first.write_bytes(second.read_bytes())
    with pytest.raises(ManifestError, match="not the crop that was built"):
        bag.faces()
    first.unlink()
    with pytest.raises(ManifestError, match="not found"):
        bag.faces()


@pytest.mark.filterwarnings("error::FutureWarning")
def test_a_bag_without_a_face_has_an_empty_array(tmp_path: Path) -> None:
    config = BuildConfig(CONFIG.recipe, CropConfig(size=16))
    data = ffpms.load(make_set(tmp_path, PAIRS, config, faces=False))
    assert data.bags("test", "original")[0].faces().shape == (0, 16, 16, 3)


def test_a_bag_is_the_same_wherever_its_set_lies_and_can_be_pickled(tiny: BuiltSet, tmp_path: Path) -> None:
    moved = ffpms.load(shutil.copytree(tiny.root, tmp_path / "moved"))
    bag, other = tiny.bags("test", "DF")[-1], moved.bags("test", "DF")[-1]
    assert bag == other
    assert hash(bag) == hash(other)
    shutil.rmtree(tiny.root)
    assert len(pickle.loads(pickle.dumps(other)).faces()) == 4
    with pytest.raises(ManifestError, match="not found"):
        bag.faces()


def test_a_set_is_named_by_its_place_below_the_current_folder(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written about a set, such as an experiment's page, names no folder of one machine."""
    data = ffpms.load(whole)
    monkeypatch.chdir(whole.parent)
    assert str(data.place) == whole.name
    monkeypatch.chdir(whole)
    assert str(ffpms.load(whole.parent / whole.name).place) == "."


EMPTY = [
    ("videos", "split"),
    ("videos", "manipulation"),
    ("videos", "video_id"),
    ("frames", "bag_id"),
    ("frames", "crop"),
    ("crops", "sha256"),
    ("sources", "source_video"),
]


@pytest.mark.parametrize(("table", "column"), EMPTY)
def test_a_table_without_names_is_one_line(data: Path, table: str, column: str) -> None:
    """Such as a stranger's may be."""
    edit(data, table, lambda rows: rows.assign(**{column: pd.Series([None] * len(rows), dtype=object)}))
    with pytest.raises(ManifestError, match=f"{table}.parquet: column {column} has empty cells; 'ffpms build' writes"):
        ffpms.load(data)


def test_settings_of_another_version_name_both(data: Path) -> None:
    report = json.loads((data / "build.json").read_text())
    report["config"]["crop"]["novelty"] = 1
    report["ffpms"] = "0.0.7"
    (data / "build.json").write_text(json.dumps(report))
    with pytest.raises(ManifestError, match=r"build\.json: settings of another version of ffpms") as caught:
        ffpms.load(data)
    assert f"written by '0.0.7', this is {ffpms.__version__}" in str(caught.value)
    assert "novelty" in str(caught.value)
    assert str(data) in str(caught.value)


def test_settings_that_this_version_does_not_write_are_not_called_another_versions(data: Path) -> None:
    report = json.loads((data / "build.json").read_text()) | {"ffpms": ffpms.__version__}
    report["config"]["crop"]["size"] = 1
    (data / "build.json").write_text(json.dumps(report))
    said = rf"build\.json: settings that ffpms {ffpms.__version__} does not write \(.*size.*\): edited or damaged; "
    with pytest.raises(ManifestError, match=said):
        ffpms.load(data)


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b"\xff", b"[]", b'{"name": "a web page"}'])
def test_a_report_that_is_no_sets_is_one_line_that_deletes_nothing(data: Path, content: bytes) -> None:
    """Many programs have a ``build.json``."""
    (data / "build.json").write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        ffpms.load(data)
    assert "delete" not in str(caught.value)
    assert "\n" not in str(caught.value)
