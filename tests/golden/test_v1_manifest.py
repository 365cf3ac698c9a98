"""FFPMS v1, the recipe that ships with the project, is what the command makes and what the paper says."""

import hashlib
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import data_manifests
from ffpms.protocol.splits import read_pairs
from ffpms.protocol.v1_manifest import V1, read_v1, rows_digest
from tests.conftest import Command


@pytest.fixture(scope="module")
def slots() -> pd.DataFrame:
    return read_v1()


def test_the_command_writes_the_same_bytes(ffpms: Command, tmp_path: Path) -> None:
    """Of the table an older pyarrow writes the same rows in other bytes."""
    assert ffpms("plan", "--out", tmp_path).exit_code == 0
    own, shipped = tmp_path / "frames.parquet", V1 / "frames.parquet"
    is_same_writer = pq.read_metadata(own).created_by == pq.read_metadata(shipped).created_by
    assert pq.read_table(own).equals(pq.read_table(shipped), check_metadata=True)
    for file in V1.iterdir() if is_same_writer else [V1 / "recipe.toml"]:
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name
    check_sums(tmp_path)


def check_sums(folder: Path) -> None:
    sums = dict(line.split()[::-1] for line in (folder / "sha256").read_text().splitlines())
    assert sums == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("frames.parquet", "recipe.toml")
    }


def test_sha256_file_holds() -> None:
    check_sums(V1)


def test_rows_are_pinned(slots: pd.DataFrame) -> None:
    assert rows_digest(slots) == "690f8e84a7bbccaf8c90c73d28082c3c4cdf727ff6fe32b7373c9edc10f444f9"


def test_it_has_700_bags_of_20(slots: pd.DataFrame) -> None:
    bags = slots.groupby(["manipulation", "bag_id"]).size()
    assert len(slots) == 14_000
    assert (bags == 20).all()
    assert bags.groupby("manipulation").size().to_dict() == dict.fromkeys(["original", "DF", "F2F", "FS", "NT"], 140)


def test_each_level_is_used_7_or_8_times_in_each_manipulation(slots: pd.DataFrame) -> None:
    replaced = slots[slots["manipulation"] != "original"].groupby(["manipulation", "bag_id"])["replaced"].sum()
    uses = replaced.groupby("manipulation").value_counts()
    assert set(replaced) == set(range(1, 20))
    assert set(uses) == {7, 8}
    assert len(uses) == 4 * 19


def test_labels_follow_from_what_was_replaced(slots: pd.DataFrame) -> None:
    fake = slots["manipulation"] != "original"
    assert (slots["label"] == (fake & ~slots["replaced"])).all()
    assert not slots.loc[~fake, "replaced"].any()


def test_it_covers_the_official_test_ids(slots: pd.DataFrame) -> None:
    ids = {i for pair in read_pairs()["test"] for i in pair}
    assert set(slots["target_id"]) == ids
    assert len(ids) == 140


def test_slots_are_spread_evenly(slots: pd.DataFrame) -> None:
    """Each slot is replaced in half of the bags, give or take four standard deviations of a fair draw."""
    share = slots[slots["manipulation"] != "original"].groupby("slot")["replaced"].mean()
    assert share.between(0.5 - 4 * 0.5 / 560**0.5, 0.5 + 4 * 0.5 / 560**0.5).all()


def test_official_splits() -> None:
    assert {split: len(pairs) for split, pairs in read_pairs().items()} == {"train": 360, "val": 70, "test": 70}


def test_paper_tables_are_complete() -> None:
    table = pd.read_csv(data_manifests.ROOT / "paper_tables.csv")
    assert table.groupby("table").size().to_dict() == {1: 42, 2: 76, 3: 36}
    assert table["value"].between(0, 1).all()
