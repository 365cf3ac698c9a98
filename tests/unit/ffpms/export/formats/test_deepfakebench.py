"""DeepfakeBench reads the export: its loader's rules are written down here, and its code is not copied."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.loading import load
from ffpms.export.export import export
from ffpms.export.formats import deepfakebench
from ffpms.schema import ORIGINAL
from tests.helpers.tiny_set import BAG, edit, put

LEVELLED = ("FaceForensics++", "FF-DF", "FF-F2F", "FF-FS", "FF-NT", "DeepFakeDetection", "FaceShifter")
LABEL_DICT = {"FF-real": 0, "FF-DF": 1, "FF-F2F": 1, "FF-FS": 1, "FF-NT": 1}
"""What its configurations come with, as far as it matters here."""


def read_as_its_loader(
    table: Path, mode: str, here: Path, compression: str = "c40"
) -> list[tuple[str, int, list[Path]]]:
    """Videos of a split: identity, label, and frames in order.

    The rules: the file is named as the set, and has it as its only key. Each label has each split,
    which is looked up without a default. A compression level follows for some sets alone. A label
    is one of ``label_dict``. Frames are split at "/", ordered by their stems as integers, and the
    first path is looked at, so there is one. A path that does not start with "." gets a prefix. The
    parent folder names the video in the metrics.
    """
    name = table.stem
    videos = []
    for kind in (content := json.loads(table.read_text()))[name]:
        own = content[name][kind][mode]
        own = own[compression] if name in LEVELLED else own
        for about in own.values():
            paths = about["frames"]
            assert "\\" not in paths[0]
            paths = sorted(paths, key=lambda path: int(path.split("/")[-1].split(".")[0]))
            assert all(path[0] == "." for path in paths)
            (identity,) = {path.split("/")[-2] for path in paths}
            videos.append((identity, LABEL_DICT[about["label"]], [here / path for path in paths]))
    return videos


def name_as(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Lets every set be called so."""
    monkeypatch.setattr("ffpms.export.export.load", lambda root: _renamed(load(root), name))


def _renamed(data: BuiltSet, name: str) -> BuiltSet:
    object.__setattr__(data, "name", name)
    return data


def test_its_loader_finds_every_bag_once(whole: Path, tmp_path: Path) -> None:
    export(whole, "deepfakebench", tmp_path / "dfb")
    names: list[str] = []
    for mode in ("train", "val", "test"):
        found = read_as_its_loader(tmp_path / "dfb" / "FFPMS-custom.json", mode, tmp_path)
        own = {bag.bag_id: bag for bag in load(whole).bags(mode)}
        assert {name: label for name, label, _ in found} == {name: bag.label for name, bag in own.items()}
        for _, _, paths in found:
            assert [Image.open(path).size for path in paths] == [(256, 256)] * 4
        names += [name for name, *_ in found]
    assert len(names) == len(set(names)) == 18


def test_frame_labels_stand_beside_the_frames(whole: Path, tmp_path: Path) -> None:
    export(whole, "deepfakebench", tmp_path / "dfb", size=16)
    entry = json.loads((tmp_path / "dfb" / "FFPMS-custom.json").read_text())["FFPMS-custom"]["FF-DF"]["test"][BAG]
    (bag,) = (bag for bag in load(whole).bags("test") if bag.bag_id == BAG)
    assert (entry["label"], tuple(entry["frame_labels"])) == ("FF-DF", bag.frame_labels)
    assert entry["frames"][0] == f"./dfb/frames/{BAG}/000.png"


def test_a_split_that_is_not_exported_is_empty_but_there(whole: Path, tmp_path: Path) -> None:
    export(whole, "deepfakebench", tmp_path / "dfb", splits=["val"], manipulations=["DF"])
    table = tmp_path / "dfb" / "FFPMS-custom.json"
    assert [len(read_as_its_loader(table, mode, tmp_path)) for mode in ("train", "val", "test")] == [0, 4, 0]


def test_bags_without_a_face_are_left_out_and_a_lost_slot_leaves_a_gap(data: Path, tmp_path: Path) -> None:
    faceless = {"status": "no_face", "crop": "", "sha256": "", "track_id": -1}
    edit(data, "frames", put(faceless, bag_id=BAG, slot=1))
    edit(data, "frames", put(faceless, bag_id="F2F_004_005"))
    edit(data, "videos", put({"status": "no_face"}, bag_id="F2F_004_005"))
    report = export(data, "deepfakebench", tmp_path / "dfb", splits=["test"])
    found = {name: paths for name, _, paths in read_as_its_loader(report.out / "FFPMS-custom.json", "test", tmp_path)}
    assert [path.stem for path in found[BAG]] == ["000", "002", "003"]
    assert "F2F_004_005" not in found
    assert (len(found), report.faceless) == (5, 1)


@pytest.mark.parametrize("name", ["FF-DF", "FFPMS"])
def test_only_its_own_sets_have_a_compression_level(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert frozenset(LEVELLED) == deepfakebench.WITH_LEVEL
    name_as(monkeypatch, name)
    export(whole, "deepfakebench", tmp_path / "dfb", size=16)
    assert len(read_as_its_loader(tmp_path / "dfb" / f"{name}.json", "test", tmp_path)) == 6


def test_a_label_is_never_read_as_a_number_or_as_no(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Codes of one's own table may be such words, which YAML takes for something else."""
    yaml: Any = pytest.importorskip("yaml")
    monkeypatch.setattr(deepfakebench, "_KNOWN", {ORIGINAL: "FF-real", "DF": "no", "F2F": "2023"})
    export(whole, "deepfakebench", tmp_path / "dfb", size=16)
    labels = yaml.safe_load((tmp_path / "dfb" / "label_dict.yaml").read_text())["label_dict"]
    assert labels == {"FF-real": 0, "no": 1, "2023": 1}


def test_the_labels_to_have_in_its_configurations(whole: Path, tmp_path: Path) -> None:
    yaml: Any = pytest.importorskip("yaml")
    export(whole, "deepfakebench", tmp_path / "dfb", size=16)
    labels = yaml.safe_load((tmp_path / "dfb" / "label_dict.yaml").read_text())["label_dict"]
    assert labels == {"FF-real": 0, "FF-DF": 1, "FF-F2F": 1}
    assert deepfakebench.label_of(ORIGINAL) in LABEL_DICT
