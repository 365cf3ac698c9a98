"""Split files: the official ones are sound, and a bad one is refused in one line."""

import json
import os
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffpms.errors import ManifestError
from ffpms.protocol.splits import check_pairs, is_safe_id, read_pairs
from tests.helpers.corpus import PAIRS, write_splits


def test_official_ids_are_disjoint_and_complete() -> None:
    ids = [i for members in read_pairs().values() for pair in members for i in pair]
    assert len(ids) == len(set(ids)) == 1000


def test_round_trip(tmp_path: Path) -> None:
    write_splits(tmp_path, PAIRS)
    assert read_pairs(tmp_path) == PAIRS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not json", "not JSON"),
        ('{"a": 1}', "not a list of id pairs"),
        ('[["000", "001", "002"]]', "not a list of id pairs"),
        ("[" * 100_000, "not JSON"),
        ("\x00", "not JSON"),
        (json.dumps([["A", "b"], ["a", "c"]]), "id a stands in train and again in train"),
        ('[["000", 1]]', "not a list of id pairs"),
        (json.dumps([["000", "006"]]), "id 006 stands in train and again in test"),
        (json.dumps([["000", "000"]]), "id 000 stands in train and again in train"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, content: str, said: str) -> None:
    write_splits(tmp_path, PAIRS)
    (tmp_path / "train.json").write_text(content)
    with pytest.raises(ManifestError, match=said) as caught:
        read_pairs(tmp_path)
    assert "\n" not in str(caught.value)


UNSAFE = ("..", "../../etc", "a/b", "/etc", "a\\b", "C:x", "C:", "0\x00", "", "-rf", ".hidden", "a.b", "1_2", "1\n")
UNSAFE += ("é", "\u212a", "٣", "NUL", "com1", "0" * 33)


@pytest.mark.parametrize("video_id", UNSAFE)
def test_an_id_that_is_no_file_name_everywhere_is_refused(tmp_path: Path, video_id: str) -> None:
    write_splits(tmp_path, PAIRS | {"val": [("004", video_id)]})
    with pytest.raises(ManifestError) as caught:
        read_pairs(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'val.json'}: {video_id[:40]!a} is no id of up to 32 letters")


@pytest.mark.parametrize("video_id", ["953", "0953", "a-1", "nul0", "com10", "0" * 32])
def test_ids_of_letters_digits_and_dashes_are_fine(tmp_path: Path, video_id: str) -> None:
    pairs = PAIRS | {"val": [("004", video_id)]}
    write_splits(tmp_path, pairs)
    assert read_pairs(tmp_path) == pairs


@given(st.text(max_size=40) | st.from_regex(r"[./\\:\x00a-z0-9-]{1,8}", fullmatch=True))
def test_a_safe_id_stays_in_its_folder_on_every_system(text: str) -> None:
    if is_safe_id(text):
        for kind in (PurePosixPath, PureWindowsPath):
            assert (kind("root") / f"{text}.mp4").parts == ("root", f"{text}.mp4")
            assert (kind("root") / text).parts == ("root", text)


def test_a_pipe_in_place_of_a_split_file_does_not_hang(tmp_path: Path) -> None:
    write_splits(tmp_path, PAIRS)
    (tmp_path / "val.json").unlink()
    os.mkfifo(tmp_path / "val.json")
    with pytest.raises(ManifestError, match=r"val\.json: a pipe, no file; --splits wants"):
        read_pairs(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"train\.json: not found"):
        read_pairs(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"train": [("000", "006")]}, "pairs: id 006 stands in train and again in test"),
        ({"train": [("000", "000")]}, "pairs: id 000 stands in train and again in train"),
        ({"train": [("A", "b"), ("a", "c")]}, "pairs: id a stands in train and again in train"),
        ({"val": [("004", "../etc")]}, "pairs, val: '../etc' is no id of up to 32"),
        ({"val": [("004", 5)]}, "pairs, val: not a list of id pairs"),
        ({"val": [("004", "005", "010")]}, "pairs, val: not a list of id pairs"),
        ({"val": ["004", "005"]}, "pairs, val: not a list of id pairs"),
        ({"val": None}, "pairs, val: not a list of id pairs"),
        ({"dev": []}, "pairs: 'dev' is no split; choose from train, val, test"),
    ],
)
def test_pairs_of_a_dict_are_checked_as_those_of_files(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ManifestError, match=said) as caught:
        check_pairs(PAIRS | change, PAIRS)
    assert "\n" not in str(caught.value)


def test_a_dict_may_lack_the_splits_that_are_not_built() -> None:
    assert check_pairs({"test": [["000", "001"]]}, ["test"]) == {"train": [], "val": [], "test": [("000", "001")]}  # type: ignore[dict-item, list-item]
    assert check_pairs(PAIRS, PAIRS) == PAIRS
    with pytest.raises(ManifestError, match="pairs: no val, which is to be built"):
        check_pairs({"test": PAIRS["test"]}, ["val", "test"])
