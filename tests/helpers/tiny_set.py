"""A built set without videos: squares for faces, made in a moment, to be damaged."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ffpms.builder.assembly import assemble, count
from ffpms.builder.config import BuildConfig
from ffpms.dataset.card import files_of
from ffpms.dataset.set_files import REPORT, TABLES, settings_of, write_report
from ffpms.extraction.alignment.registration import Geometry
from ffpms.extraction.boxes import Box
from ffpms.extraction.png import encode_png
from ffpms.extraction.shards import Shard, crop_path, write_shard
from ffpms.hashing import digest
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.plan import frame_index, plan_slots
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import Pairs
from ffpms.protocol.v1_manifest import dataset_name, is_v1
from ffpms.schema import CROP, LANDMARK, SOURCE, UNKNOWN, read_table, write_table
from ffpms.sources.ffpp import official
from ffpms.sources.source_index import index_sources
from ffpms.verify.built_set import verify_data

PAIRS: Pairs = {"train": [("000", "001")], "val": [("002", "003")], "test": [("004", "005")]}
CONFIG = BuildConfig(Recipe(frames_per_video=4, replaced=(1, 3), manipulations=("DF", "F2F")), CropConfig(size=16))
N_FRAMES = 40
NARROWED = Geometry("crop", shift_x=-4)
BAG = "DF_004_005"
STORED = f"crops/004/{BAG}/000005.png"
"""One of its bags, and one of that bag's crops."""


def make_set(out: Path, pairs: Pairs = PAIRS, config: BuildConfig = CONFIG, faces: bool = True) -> Path:
    """Builds the set in ``out``; without faces every slot is ``no_face``."""
    slots = plan_slots(pairs, config.recipe, config.splits)
    shards: dict[str, Shard] = {}
    for source in index_sources(slots, official(config.recipe.compression)):
        shard = shards.setdefault(source.target_id, Shard(source.target_id))
        geometry = NARROWED if source.manipulation == "F2F" else Geometry()
        about = {
            "n_frames": N_FRAMES,
            "track_id": 0 if faces else UNKNOWN,
            "status": "ok",
            "sha256": digest(source.source_video.encode()),
        }
        scales = {name: getattr(geometry, name) for name in ("scale_x", "scale_y", "shift_x", "shift_y")}
        shard.sources.append(_row(SOURCE, vars(source) | about | scales))
        for slot in range(config.recipe.frames_per_video):
            _add_crop(shard, source.source_video, _index(slot, config), geometry, config.crop.size if faces else 0)
    for shard in shards.values():
        write_shard(out, shard)
    tables = assemble(out, slots, shards, config.recipe, config.crop)
    for name, schema in TABLES.items():
        write_table(tables[name], schema, out / f"{name}.parquet")
    name = dataset_name(is_v1(config.recipe, config.crop, pairs), config.recipe.compression, tables["videos"])
    settings = {"config": settings_of(config, out), "counts": count(tables)}
    write_report(out, {"complete": True, "dataset": name, **settings, "sha256": {}})
    for file in files_of(count(tables)):
        (out / file).write_bytes(b"of no interest")
    return seal(out)


def _index(slot: int, config: BuildConfig) -> int:
    return int(frame_index(pd.Series([slot]).to_numpy(), N_FRAMES, config.recipe.frames_per_video)[0])


def _add_crop(shard: Shard, source_video: str, index: int, geometry: Geometry, size: int) -> None:
    fake = not source_video.startswith("original")
    row: dict[str, Any] = {"source_video": source_video, "frame_index": index, "status": "no_face", "altered": fake}
    if size:
        path = crop_path(shard.target_id, source_video, index, 0)
        data = encode_png(np.full((size, size, 3), (index, len(source_video), 90), np.uint8))
        box = geometry.map(Box(10.5 + index / 3, 7, 32, 32))
        row |= {"status": "ok", "track_id": 0, "crop": path, "sha256": digest(data), "n_bytes": len(data)}
        row |= {f"box_{side}": value for side, value in vars(box).items()}
        shard.files[path] = data
    shard.crops.append(_row(CROP, row))


def _row(schema: pa.Schema, values: dict[str, Any]) -> dict[str, Any]:
    """A row in which nothing else is known."""
    unknown = {f.name: "" if f.type == pa.string() else None if pa.types.is_floating(f.type) else -1 for f in schema}
    return unknown | values


def seal(out: Path) -> Path:
    """Writes the tables' hashes to ``build.json``, so that an edited table passes for what was built."""
    report = json.loads((out / REPORT).read_text())
    report["sha256"] = {path.name: digest(path.read_bytes()) for path in sorted(out.glob("*.parquet"))}
    write_report(out, report)
    return out


def add_landmarks(out: Path) -> Path:
    """Gives each real face of a set of 64 px an oval of landmarks."""
    crops = read_table(out / "crops.parquet", CROP)
    reals = crops[crops["source_video"].str.startswith("original")]
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    oval = np.stack([32 + 20 * np.cos(turn), 34 + 24 * np.sin(turn)], axis=1)
    points = [(oval + i / 10).ravel().tolist() for i in range(len(reals))]
    write_table(reals.assign(points=points), LANDMARK, out / "landmarks.parquet")
    return seal(out)


def edit(out: Path, name: str, change: Callable[[pd.DataFrame], pd.DataFrame | None]) -> None:
    """Rewrites a table by a function that changes it in place or returns another, and seals it."""
    path = out / f"{name}.parquet"
    rows = read_table(path, TABLES[name])
    changed = change(rows)
    write_table(rows if changed is None else changed, TABLES[name], path)
    seal(out)


def found(data: Path, **flags: Any) -> set[tuple[str, str]]:
    """Path and kind of every finding."""
    return {(f.path, str(f.kind)) for f in verify_data(data, **flags).findings}


def said(data: Path, **flags: Any) -> str:
    """What every finding says, a line each."""
    return "\n".join(f"{f.path}: {f.what}" for f in verify_data(data, **flags).findings)


def put(values: dict[str, Any], **where: Any) -> Callable[[pd.DataFrame], None]:
    """Sets cells of the rows in which the columns of ``where`` have its values."""

    def change(rows: pd.DataFrame) -> None:
        chosen = np.logical_and.reduce([rows[column] == value for column, value in where.items()])
        assert chosen.any()
        for column, value in values.items():
            rows.loc[chosen, column] = value

    return change
