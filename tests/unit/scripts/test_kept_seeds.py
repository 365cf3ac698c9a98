"""Committed scores: seeds that were not trained again stay, if they are of the same set and settings."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tomli_w

from benchmark.runs.submissions.card import CARD, find_card_problems
from scripts.kept_seeds import add_kept_rows, drop_other_sets, keep_seeds, round_logits, store

US = ["the authors of ffpms"]


def write_entry(folder: Path, seeds: list[int], logit: float, **changed: Any) -> Path:
    folder.mkdir(parents=True)
    numbers = ",".join(map(str, seeds))
    configuration = {
        "training": "train split",
        "trained_on": "train split of A (DF)",
        "chosen_on": "val",
        "epochs": 10,
        "seeds": seeds,
        "trainings": [f"s-mil-{logit:.0f}{seed}" for seed in seeds],
        "settings": ["epochs=10"],
        "hardware": "cpu",
        "code": f"code{logit:.0f}",
        "command": f"ffpms bench --seeds {numbers} --epochs 10",
        **changed.pop("configuration", {}),
    }
    data = {"name": "A", "sha256": "aaaaaaaaaaaa"} | changed.pop("data", {})
    about = {
        "method": "s-mil",
        "title": "S-MIL",
        "authors": US,
        "licence": "",
        "date": date(2026, 11, 27),
    }
    card = about | changed | {"data": data, "configuration": configuration}
    assert find_card_problems(card) == []
    (folder / CARD).write_text(tomli_w.dumps(card), encoding="utf-8")
    rows = [(bag, -1, seed, logit) for seed in seeds for bag in ("a", "b")]
    bags, slots, of_seeds, logits = zip(*rows, strict=True)
    columns = [
        pa.array(bags).dictionary_encode(), pa.array(slots, pa.int16()),
        pa.array(of_seeds, pa.int32()), pa.array(logits, pa.float32()),
    ]  # fmt: skip
    for name in ("scores.parquet", "val_scores.parquet"):
        pq.write_table(pa.table(columns, ["bag_id", "slot", "seed", "logit"]), folder / name)
    return folder


def logits_of(folder: Path, name: str = "scores.parquet") -> dict[int, float]:
    table = pd.read_parquet(folder / name)
    assert not table.duplicated(["bag_id", "slot", "seed"]).any()
    return {int(seed): float(own["logit"].mean()) for seed, own in table.groupby("seed")}


def test_seeds_that_were_not_trained_again_stay(tmp_path: Path) -> None:
    old = write_entry(tmp_path / "old", [0, 1], 1)
    new = write_entry(tmp_path / "new", [1, 2], 2)
    keep_seeds(new, old)
    assert logits_of(new) == logits_of(new, "val_scores.parquet") == {0: 1, 1: 2, 2: 2}
    card = tomllib.loads((new / CARD).read_text(encoding="utf-8"))
    assert find_card_problems(card) == []
    configuration = card["configuration"]
    assert configuration["seeds"] == [0, 1, 2]
    assert configuration["trainings"] == ["s-mil-10", "s-mil-21", "s-mil-22"]
    assert configuration["code"] == "code1, code2"
    assert configuration["hardware"] == "cpu"
    assert configuration["command"] == "ffpms bench --seeds 0,1,2 --epochs 10"


@pytest.mark.parametrize("changed", [{"data": {"sha256": "bbbbbbbbbbbb"}}, {"configuration": {"epochs": 11}}])
def test_seeds_of_another_set_or_of_other_settings_do_not(tmp_path: Path, changed: dict[str, Any]) -> None:
    old = write_entry(tmp_path / "old", [0, 1], 1, **changed)
    new = write_entry(tmp_path / "new", [2], 2)
    keep_seeds(new, old)
    assert logits_of(new) == {2: 2}


def test_nothing_is_kept_where_nothing_is_committed(tmp_path: Path) -> None:
    new = write_entry(tmp_path / "new", [2], 2)
    keep_seeds(new, tmp_path / "old")
    assert logits_of(new) == {2: 2}


def test_submissions_of_another_set_go_but_not_a_strangers(tmp_path: Path) -> None:
    for name, sha256, authors in (("s-mil", "a", US), ("mil", "b", US), ("theirs", "b", ["A. Author"])):
        write_entry(tmp_path / name, [0], 1, data={"sha256": sha256 * 12}, authors=authors)
    assert drop_other_sets(tmp_path, "a" * 64, US) == [f"{tmp_path / 'mil'}: of another set; removed"]
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["s-mil", "theirs"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_rows_stay_of_entries_and_seeds_that_the_board_has(tmp_path: Path, ending: str) -> None:
    for name, seeds in (("s-mil", [0, 1, 2]), ("mil", [0])):
        write_entry(tmp_path / "board" / name, seeds, 1)
    path = tmp_path / f"kept.{ending}"
    rows = [("s-mil", 0, 1.0), ("s-mil", 1, 1.0), ("mil", 0, 1.0), ("mil", 1, 1.0), ("gone", 0, 1.0)]
    old = pd.DataFrame(rows, columns=["entry", "seed", "push"])
    old.to_csv(path, index=False) if ending == "csv" else old.astype({"entry": "category"}).to_parquet(path)
    new = pd.DataFrame([("s-mil", 1, 2.0), ("s-mil", 2, 2.0)], columns=["entry", "seed", "push"])
    found = add_kept_rows(new, path, tmp_path / "board")
    assert list(found.itertuples(index=False, name=None)) == [
        ("mil", 0, 1.0), ("s-mil", 0, 1.0), ("s-mil", 1, 2.0), ("s-mil", 2, 2.0),
    ]  # fmt: skip
    assert add_kept_rows(new, tmp_path / "none.csv", tmp_path / "board") is new


@pytest.mark.parametrize(("known", "kept"), [("aaaa", {0, 1}), ("bbbb", {1}), (None, {1})])
def test_no_row_of_another_set_of_a_level_stays(tmp_path: Path, known: str | None, kept: set[int]) -> None:
    write_entry(tmp_path / "board" / "s-mil", [0, 1], 1)
    old = pd.DataFrame([("c23", "s-mil", 0), ("raw", "s-mil", 0)], columns=["level", "entry", "seed"])
    told = old if known is None else old.assign(set=known)
    told.astype({"level": "category"}).to_parquet(tmp_path / "levels.parquet")
    new = pd.DataFrame([("c23", "s-mil", 1, "aaaa")], columns=["level", "entry", "seed", "set"])
    found = add_kept_rows(new, tmp_path / "levels.parquet", tmp_path / "board")
    assert set(found.loc[found["level"] == "c23", "seed"]) == kept
    assert list(found.loc[found["level"] == "raw", "seed"]) == [0]


@pytest.mark.parametrize("value", [1 / 3, -1 / 3, 1.99999, 1e-9, -99.0, 0.0])
def test_rounding_moves_a_logit_by_a_16384th_at_most(value: float) -> None:
    rounded = float(round_logits([value])[0])
    assert rounded == pytest.approx(value, rel=2**-14, abs=0)
    assert int(np.float32(rounded).view(np.uint32)) % 1024 == 0


def test_scores_are_rounded_where_they_are_stored(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    store(pa.table({"bag_id": ["a", "b"], "logit": pa.array([1 / 3, 2.0], pa.float32())}), path)
    table = pq.read_table(path)
    assert table["logit"].to_pylist() == [0.333343505859375, 2.0]
    assert table.schema.field("logit").type == pa.float32()
