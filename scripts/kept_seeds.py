"""Keeps what is committed of seeds that were not trained again.

So seeds can be added to the committed ones on a machine that has none of the earlier runs.
"""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import tomli_w

from benchmark.runs.submissions.card import CARD

_OF_TRAININGS = ("seeds", "trainings", "hardware", "code", "command", "notes")
"""Keys of a card's configuration in which seeds of one configuration may differ."""
_ROUNDED_OFF = 10
"""Last bits of a committed logit, of 24; without them the files are a third smaller."""


def keep_seeds(entry: Path, committed: Path) -> None:
    """Adds to a new submission the seeds of the committed one that it lacks.

    Nothing is kept of another set, or of another configuration.
    """
    if not (committed / CARD).is_file():
        return
    new, old = (_read(folder / CARD) for folder in (entry, committed))
    if _settle(new) == _settle(old):
        lacking = sorted(set(old["configuration"]["seeds"]) - set(new["configuration"]["seeds"]))
        for name in ("scores.parquet", "val_scores.parquet"):
            _add(entry / name, committed / name, lacking)
        (entry / CARD).write_text(tomli_w.dumps(_join(new, old)), encoding="utf-8")


def drop_other_sets(board: Path, sha256: str, authors: list[str]) -> list[str]:
    """Removes the authors' submissions of another set from a board; returns a line on each."""
    cards = {card.parent: _read(card) for card in sorted(board.glob(f"*/{CARD}"))}
    own = {folder: card["data"]["sha256"] for folder, card in cards.items() if card["authors"] == authors}
    others = [folder for folder, shown in own.items() if not sha256.startswith(shown)]
    for folder in others:
        shutil.rmtree(folder)
    return [f"{folder}: of another set; removed" for folder in others]


def add_kept_rows(new: pd.DataFrame, path: Path, board: Path) -> pd.DataFrame:
    """Adds to new rows those of a committed table whose entry and seed a board still has.

    Where rows say their ``level`` and its ``set``, none is kept of another set of a level.
    """
    if not path.is_file():
        return new
    old = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    fresh = set(zip(new["entry"], new["seed"], strict=True))
    kept = {(card.parent.name, seed) for card in board.glob(f"*/{CARD}") for seed in _seeds(card)} - fresh
    is_kept = [key in kept for key in zip(old["entry"].astype(str), old["seed"], strict=True)]
    rows = _drop_other_sets_of_levels(old[is_kept].astype({"entry": str}), new)
    return pd.concat([new, rows]).sort_values(["entry", "seed"], kind="stable")


def _drop_other_sets_of_levels(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Drops old rows of a level that new rows have of another set; one that is not told is another."""
    if "level" not in new:
        return old
    told = old.astype({"level": str}).assign(set=old["set"].astype(str) if "set" in old else "")
    sets = dict(zip(new["level"], new["set"], strict=True))
    return told[[sets.get(level, own) == own for level, own in zip(told["level"], told["set"], strict=True)]]


def store(table: pa.Table, path: Path) -> None:
    """Writes scores so that they take little room, logits rounded (:func:`round_logits`)."""
    names = [name for name in table.column_names if name != "logit"]
    rounded = table.set_column(table.column_names.index("logit"), "logit", pa.array(round_logits(table["logit"])))
    pq.write_table(rounded, path, compression="zstd", use_dictionary=names, use_byte_stream_split=["logit"])


def round_logits(logits: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Rounds to 14 significant bits, so by at most 1 in 16,384 of the value.

    Example:
        >>> float(round_logits([1 / 3])[0])
        0.333343505859375
    """
    bits = np.array(logits, np.float32).view(np.uint32)
    half = np.uint32(1 << (_ROUNDED_OFF - 1))
    return ((bits + half) >> _ROUNDED_OFF << _ROUNDED_OFF).view(np.float32)


def _read(card: Path) -> dict[str, Any]:
    return tomllib.loads(card.read_text(encoding="utf-8"))


def _seeds(card: Path) -> list[int]:
    return list(_read(card)["configuration"].get("seeds", []))


def _settle(card: dict[str, Any]) -> tuple[object, object]:
    """Returns what all seeds of a submission have in common."""
    configuration = card["configuration"].items()
    return card["data"], {key: value for key, value in configuration if key not in _OF_TRAININGS}


def _add(path: Path, committed: Path, seeds: list[int]) -> None:
    """Adds the rows of some seeds to a table of scores."""
    if not (path.is_file() and committed.is_file()):
        return
    new, old = pq.read_table(path), pq.read_table(committed)
    rows = old.filter(pc.is_in(old["seed"], pa.array(seeds, pa.int32())))
    store(pa.concat_tables([new, rows.select(new.column_names)]).unify_dictionaries(), path)


def _join(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """Returns the new card with the seeds and trainings of both."""
    both = [old["configuration"], new["configuration"]]
    trainings = {seed: name for own in both for seed, name in zip(own["seeds"], own["trainings"], strict=True)}
    seeds = sorted(trainings)
    every = {key: ", ".join(dict.fromkeys(own[key] for own in both if key in own)) for key in ("hardware", "code")}
    command = re.sub(r"--seeds \S+", f"--seeds {','.join(map(str, seeds))}", both[1]["command"])
    lists = {"seeds": seeds, "trainings": [trainings[seed] for seed in seeds]}
    return new | {"configuration": both[1] | every | lists | {"command": command}}
