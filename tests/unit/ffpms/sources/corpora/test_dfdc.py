"""DFDC: its lists of videos become listings, and its split; no pixels."""

import json
from collections import Counter
from pathlib import Path

import pytest

from ffpms.errors import ManifestError
from tests.helpers.empty_trees import listed, splits


def dfdc(root: Path, n_parts: int = 2, n_originals: int = 10) -> Path:
    for part in range(n_parts):
        entries = {}
        for k in range(n_originals):
            name = f"{'abcdefghijkl'[part]}{'abcdefghij'[k]}real"
            entries[f"{name}.mp4"] = {"label": "REAL", "split": "train", "original": None}
            entries[f"{name[:2]}fake.mp4"] = {"label": "FAKE", "split": "train", "original": f"{name}.mp4"}
        entries["lost.mp4" if part == 0 else f"lost{part}.mp4"] = {
            "label": "FAKE",
            "split": "train",
            "original": "gone.mp4",
        }
        folder = root / f"dfdc_train_part_{part}"
        folder.mkdir(parents=True)
        (folder / "metadata.json").write_text(json.dumps(entries))
    return root


def test_dfdc_is_split_by_whole_originals(tmp_path: Path) -> None:
    listing = listed(dfdc(tmp_path), "dfdc")
    fake = next(video for video in listing.videos if video.name == "DFDC_aafake")
    assert (fake.target_id, fake.pair_id) == ("aareal", "aareal")
    assert listing.paths[fake.name] == "dfdc_train_part_0/aafake.mp4"
    assert next(video for video in listing.videos if video.name == "DFDC_lost").is_alone
    own = splits(listing)
    assert Counter(own.values())["test"] > 0 < Counter(own.values())["val"]
    assert all(own[f"DFDC_{name[9:11]}fake"] == split for name, split in own.items() if name.startswith("original"))


def test_dfdc_tests_whole_parts_where_there_are_ten(tmp_path: Path) -> None:
    listing = listed(dfdc(tmp_path, 10, 2), "dfdc")
    parts = {listing.paths[video.name].partition("/")[0] for video in listing.videos if video.split == "test"}
    assert len(parts) == 1


def test_a_part_of_dfdc_without_its_list_is_left_out_and_said(tmp_path: Path) -> None:
    (lost,) = listed(dfdc(tmp_path), "dfdc").notes
    assert "the real video of 2 fakes is not there (first gone, of DFDC_lost)" in lost
    (tmp_path / "dfdc_train_part_1" / "metadata.json").rename(tmp_path / "dfdc_train_part_1" / "bareal.mp4")
    listing = listed(tmp_path, "dfdc")
    assert not any("part_1" in path for path in listing.paths.values())
    lost, note = listing.notes
    assert "the real video of 1 fake is not there (first gone, of DFDC_lost)" in lost
    assert (
        note
        == f"{tmp_path / 'dfdc_train_part_1'}: metadata.json is missing, so its videos are left out (1); put it there"
    )


def test_dfdc_takes_its_test_folder(tmp_path: Path) -> None:
    (dfdc(tmp_path) / "test").mkdir()
    (tmp_path / "test" / "labels.csv").write_text("filename,label\nxreal.mp4,0\nxfake.mp4,1\n")
    own = splits(listed(tmp_path, "dfdc"))
    assert {name for name, split in own.items() if split == "test"} == {"original_xreal", "DFDC_xfake"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "has no entry for each video"),
        ('{"../a.mp4": {"label": "REAL"}}', "names a file that is not below its folder"),
        ('{"a.mp4": {"label": "MAYBE"}}', "label of a.mp4 is 'MAYBE', neither REAL nor FAKE"),
        ('{"a.mp4": {}}', "a.mp4 has no label; download it again"),
    ],
)
def test_damaged_metadata_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "metadata.json").write_text(text)
    with pytest.raises(ManifestError, match=f"metadata.json: {said}"):
        listed(tmp_path, "dfdc")
