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

    The bytes are the same each time.

    Raises:
        ConfigError: the folder holds other files.
    """
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
    """Reads the 14,000 frames of FFPMS v1 that ship with the project: a PLANNED_FRAME table.

    Example:
        >>> frames = read_v1()
        >>> len(frames), frames["bag_id"].nunique()
        (14000, 700)
    """
    return read_table(V1 / "frames.parquet", PLANNED_FRAME)


def has_v1_settings(recipe: Recipe, crop: CropConfig) -> bool:
    """Whether recipe and crops have the default settings.

    Landmarks do not count: they are one more table and change no pixel.

    Example:
        >>> has_v1_settings(Recipe(), CropConfig(landmarks=True))
        True
    """
    return recipe == V1_RECIPE and replace(crop, landmarks=False) == CropConfig()


def is_v1(recipe: Recipe, crop: CropConfig, pairs: Pairs) -> bool:
    """Whether a set of these settings is FFPMS v1: all defaults, and the official pairs.

    Example:
        >>> [is_v1(Recipe(seed=seed), CropConfig(), read_pairs()) for seed in (2020, 1)]
        [True, False]
    """
    return has_v1_settings(recipe, crop) and pairs == read_pairs()


def dataset_name(v1: bool, compression: str, videos: pd.DataFrame) -> str:
    """Returns ``FFPMS`` for v1 with all of its 700 test bags, else ``FFPMS-custom``,
    ``FFPMS-c23-custom``.

    Bags without a face count as present. So no number on another set can pass for one on the
    benchmark.
    """
    if v1 and _is_whole(videos):
        return DATASET
    other = "" if compression == V1_RECIPE.compression else f"-{paper_compression(compression)}"
    return DATASET + other + CUSTOM


def unmixed_name(recipe: Recipe, crop: CropConfig, official: bool, videos: pd.DataFrame) -> str:
    """Returns ``FF++-c23`` if the set holds the whole test split of FaceForensics++.

    That is so if its fakes, with all their frames fake, are that split. Else the name is
    ``FF++-c23-custom``. How the set was mixed does not matter.
    """
    sampled = (recipe.manipulations, recipe.frames_per_video, recipe.version)
    as_v1 = sampled == (V1_RECIPE.manipulations, V1_RECIPE.frames_per_video, V1_RECIPE.version)
    name = f"{UNMIXED}-{paper_compression(recipe.compression)}"
    same = official and as_v1 and has_v1_settings(V1_RECIPE, crop) and _is_whole(videos)
    return name if same else name + CUSTOM


def paper_compression(compression: str) -> str:
    """Writes a compression as the paper does: ``raw`` becomes ``c0``.

    Example:
        >>> paper_compression("raw"), paper_compression("c23")
        ('c0', 'c23')
    """
    return "c0" if compression == "raw" else compression


def _is_whole(videos: pd.DataFrame) -> bool:
    """Whether each of the 700 test bags is usable, with or without a face."""
    test = videos[videos["split"] == Split.TEST]
    return bool(len(test) == N_BAGS and test["status"].isin([*WITH_PIXELS, Status.NO_FACE]).all())
