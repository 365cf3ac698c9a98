"""FFPMS v1 without pixels: every bag and slot of the 140 test ids, with its label."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd
import tomli_w

import data_manifests
from ffpms.clutter import check_free
from ffpms.hashing import digest
from ffpms.parquet import read_table, write_table
from ffpms.protocol.plan import plan_slots
from ffpms.protocol.published import fix_frames, leave_frames_open
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import read_pairs
from ffpms.schema import PLANNED_FRAME, SLOT, Split

V1 = data_manifests.ROOT / "ffpms-v1"
"""Folder of the manifest that ships with the project."""
V1_RECIPE = Recipe()
DATASET = "FFPMS"
UNMIXED = "FF++"
"""Name of the set without any mix. The compression follows it, as the paper writes it."""
OFFICIAL = (DATASET, *(f"{UNMIXED}-{compression}" for compression in ("c0", "c23", "c40")))
"""Names of the test sets that are the same wherever they were built, and the paper's."""
CUSTOM = "-custom"
"""End of the name of a set that is not exactly the official one."""
N_BAGS = 700
_FILES = ("frames.parquet", "recipe.toml", "sha256")


def rows_digest(slots: pd.DataFrame) -> str:
    """SHA-256 of the rows as CSV. Unlike that of a Parquet file, it is the same whatever wrote the
    rows.

    Example:
        >>> import tomllib
        >>> text = (V1 / "recipe.toml").read_text(encoding="utf-8")
        >>> rows_digest(read_v1()) == tomllib.loads(text)["manifest"]["rows_sha256"]
        True
    """
    return digest(slots[SLOT.names].to_csv(index=False, lineterminator="\n").encode())


def write_manifest(out: Path, recipe: Recipe, splits: Path | None = None) -> pd.DataFrame:
    """Writes ``recipe.toml``, ``frames.parquet`` and ``sha256`` for the test split.

    The same pyarrow writes the same bytes each time, every pyarrow the same rows.

    Raises:
        ConfigError: the folder holds other files.
    """
    check_free(out, _FILES)
    pairs = read_pairs(splits)
    slots = plan_slots(pairs, recipe, (Split.TEST,))
    known = pairs == read_pairs() and {*recipe.manipulations} <= {*V1_RECIPE.manipulations}
    frames = fix_frames(slots, recipe) if known else leave_frames_open(slots)
    out.mkdir(parents=True, exist_ok=True)
    write_table(frames, PLANNED_FRAME, out / "frames.parquet")
    about = {
        "split": "test",
        "bags": int(slots["bag_id"].nunique()),
        "rows": len(slots),
        "rows_sha256": rows_digest(slots),
    }
    settings = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(recipe).items() if v is not None}
    text = tomli_w.dumps({"recipe": settings, "manifest": about})
    (out / "recipe.toml").write_text(text, encoding="utf-8")
    sums = [f"{digest((out / name).read_bytes())}  {name}\n" for name in ("frames.parquet", "recipe.toml")]
    (out / "sha256").write_text("".join(sums), encoding="utf-8")
    return slots


def read_v1() -> pd.DataFrame:
    """Reads the 14,000 frames of FFPMS v1 that ship with the project: a PLANNED_FRAME table.

    Example:
        >>> frames = read_v1()
        >>> len(frames), frames["bag_id"].nunique()
        (14000, 700)
    """
    return read_table(V1 / "frames.parquet", PLANNED_FRAME)


def paper_compression(compression: str) -> str:
    """Writes a compression as the paper does: ``raw`` becomes ``c0``.

    Example:
        >>> paper_compression("raw"), paper_compression("c23")
        ('c0', 'c23')
    """
    return "c0" if compression == "raw" else compression
