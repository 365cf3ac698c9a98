"""FFPMS v1 without pixels: every bag and slot of the 140 test ids, with its label."""

import tomllib
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import tomli_w

import data_manifests
from ffpms.plan import plan_slots
from ffpms.recipe import Recipe
from ffpms.schema import SLOT, Split, read_table, write_table
from ffpms.shards import digest
from ffpms.sources.splits import read_pairs

V1 = data_manifests.ROOT / "ffpms-v1"
DATASET = "FFPMS"


def rows_digest(slots: pd.DataFrame) -> str:
    """SHA-256 of the rows as CSV: unlike a Parquet file's, the same whatever wrote it."""
    return digest(slots[SLOT.names].to_csv(index=False, lineterminator="\n").encode())


def write_manifest(out: Path, recipe: Recipe, splits: Path | None = None) -> pd.DataFrame:
    """Writes ``recipe.toml``, ``frames.parquet`` and ``sha256`` for the test split; the same bytes each time."""
    slots = plan_slots(read_pairs(splits), recipe, (Split.TEST,))
    out.mkdir(parents=True, exist_ok=True)
    write_table(slots, SLOT, out / "frames.parquet")
    about = {
        "split": "test",
        "bags": int(slots["bag_id"].nunique()),
        "rows": len(slots),
        "rows_sha256": rows_digest(slots),
    }
    text = tomli_w.dumps(
        {"recipe": {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(recipe).items()}} | {"manifest": about}
    )
    (out / "recipe.toml").write_text(text, encoding="utf-8")
    sums = [f"{digest((out / name).read_bytes())}  {name}\n" for name in ("frames.parquet", "recipe.toml")]
    (out / "sha256").write_text("".join(sums), encoding="utf-8")
    return slots


def read_v1() -> pd.DataFrame:
    """The 14,000 slots of FFPMS v1 that ship with the project: a SLOT table."""
    return read_table(V1 / "frames.parquet", SLOT)


def dataset_name(slots: pd.DataFrame, recipe: Recipe) -> str:
    """``FFPMS`` if the test bags are exactly those of v1 at c40, else ``FFPMS-custom``, so that no number of another
    set can pass for one on the benchmark."""
    official = tomllib.loads((V1 / "recipe.toml").read_text(encoding="utf-8"))["manifest"]["rows_sha256"]
    test = slots[slots["split"] == Split.TEST]
    return DATASET if recipe.compression == "c40" and rows_digest(test) == official else f"{DATASET}-custom"
