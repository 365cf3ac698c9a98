"""Split files: the official ones are sound, and a bad one is refused in one line."""

import json
from pathlib import Path

import pytest

from ffpms.errors import ManifestError
from ffpms.sources.splits import read_pairs
from tests.corpus import PAIRS, write_splits


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
        ('[["../../etc", "001"]]', "not a list of id pairs"),
        ('[["a/b", "001"]]', "not a list of id pairs"),
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


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"train\.json: not found"):
        read_pairs(tmp_path)
