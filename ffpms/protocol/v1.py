"""FFPMS v1 without pixels: every bag and slot of the 140 test ids, with its label."""

from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import tomli_w

import data_manifests
from ffpms.errors import ConfigError
from ffpms.hashing import digest
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.plan import plan_slots
from ffpms.protocol.published import fix_frames, leave_frames_open
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import Pairs, read_pairs
from ffpms.schema import PLANNED_FRAME, SLOT, WITH_PIXELS, Split, Status, read_table, write_table

V1 = data_manifests.ROOT / "ffpms-v1"
V1_RECIPE = Recipe()
DATASET = "FFPMS"
UNMIXED = "FF++"
"""What its fakes are without any mix; its name goes on with the compression, as the paper writes it."""
OFFICIAL = (DATASET, *(f"{UNMIXED}-{compression}" for compression in ("c0", "c23", "c40")))
"""The test sets that are the same wherever they were built, and the paper's."""
CUSTOM = "-custom"
"""The end of the name of what is not that very set."""
N_BAGS = 700
_FILES = ("frames.parquet", "recipe.toml", "sha256")


def rows_digest(slots: pd.DataFrame) -> str:
    """SHA-256 of the rows as CSV: unlike a Parquet file's, the same whatever wrote it."""
    return digest(slots[SLOT.names].to_csv(index=False, lineterminator="\n").encode())


def write_manifest(out: Path, recipe: Recipe, splits: Path | None = None) -> pd.DataFrame:
    """Writes ``recipe.toml``, ``frames.parquet`` and ``sha256`` for the test split; the same bytes each time."""
    if out.exists() and (not out.is_dir() or any(path.name not in _FILES for path in out.iterdir())):
        raise ConfigError(f"{out}: holds something else; give --out a new or empty folder")
    pairs = read_pairs(splits)
    slots = plan_slots(pairs, recipe, (Split.TEST,))
    frames = fix_frames(slots, recipe) if pairs == read_pairs() else leave_frames_open(slots)
    out.mkdir(parents=True, exist_ok=True)
    write_table(frames, PLANNED_FRAME, out / "frames.parquet")
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
    """The 14,000 frames of FFPMS v1 that ship with the project: a PLANNED_FRAME table."""
    return read_table(V1 / "frames.parquet", PLANNED_FRAME)


def has_v1_settings(recipe: Recipe, crop: CropConfig) -> bool:
    """Whether everything is as by default; landmarks are one table more and change no pixel."""
    return recipe == V1_RECIPE and replace(crop, landmarks=False) == CropConfig()


def is_v1(recipe: Recipe, crop: CropConfig, pairs: Pairs) -> bool:
    """Whether a set of these settings is FFPMS v1: everything by default, from the official pairs."""
    return has_v1_settings(recipe, crop) and pairs == read_pairs()


def dataset_name(v1: bool, compression: str, videos: pd.DataFrame) -> str:
    """``FFPMS`` if the set is v1 and has every one of the 700 test bags (some perhaps without a face), else
    ``FFPMS-custom``, ``FFPMS-c23-custom``, so that no number on another set can pass for one on the benchmark."""
    if v1 and _is_whole(videos):
        return DATASET
    other = "" if compression == V1_RECIPE.compression else f"-{paper_compression(compression)}"
    return DATASET + other + CUSTOM


def unmixed_name(recipe: Recipe, crop: CropConfig, official: bool, videos: pd.DataFrame) -> str:
    """``FF++-c23`` if the fakes of the set, all their frames fake, are the whole test split of FaceForensics++, else
    ``FF++-c23-custom``. How the set was mixed does not matter."""
    sampled = (recipe.manipulations, recipe.frames_per_video, recipe.version)
    as_v1 = sampled == (V1_RECIPE.manipulations, V1_RECIPE.frames_per_video, V1_RECIPE.version)
    name = f"{UNMIXED}-{paper_compression(recipe.compression)}"
    same = official and as_v1 and has_v1_settings(V1_RECIPE, crop) and _is_whole(videos)
    return name if same else name + CUSTOM


def paper_compression(compression: str) -> str:
    """``raw`` -> ``c0``."""
    return "c0" if compression == "raw" else compression


def _is_whole(videos: pd.DataFrame) -> bool:
    """Whether each of the 700 test bags is usable, if perhaps without a face."""
    test = videos[videos["split"] == Split.TEST]
    return bool(len(test) == N_BAGS and test["status"].isin([*WITH_PIXELS, Status.NO_FACE]).all())
