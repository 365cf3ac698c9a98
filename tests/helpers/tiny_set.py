"""A built set without videos: squares for faces, made in a moment, to be damaged."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ffpms.builder.assembly import assemble, count
from ffpms.builder.config import BuildConfig
from ffpms.dataset.card import files_of
from ffpms.dataset.set_files import REPORT, TABLES, naming_settings, settings_of, write_report
from ffpms.extraction.alignment.registration import Geometry
from ffpms.extraction.boxes import Box
from ffpms.extraction.png import encode_png
from ffpms.extraction.shards import Shard, crop_path, write_shard
from ffpms.hashing import digest
from ffpms.parquet import read_table, write_table
from ffpms.protocol.crop_config import CropConfig, stored_side
from ffpms.protocol.naming import name_mixed
from ffpms.protocol.plan import frame_index, plan_slots, shared_length
from ffpms.protocol.published import CRF, Published, are_official, published_videos
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import Pairs, pairs_digest
from ffpms.schema import CROP, LANDMARK, ORIGINAL, SOURCE, UNKNOWN, bag_key
from ffpms.sources.corpora.ffpp import official
from ffpms.sources.listing import Source
from ffpms.verify.built_set import verify_data
from tests.helpers.corpus import sources_in

PAIRS: Pairs = {"train": [("000", "001")], "val": [("002", "003")], "test": [("004", "005")]}
TWO_TESTED: Pairs = {**PAIRS, "test": [("004", "005"), ("006", "007")]}
"""So that numbers have intervals."""
THREE_TESTED: Pairs = {**PAIRS, "test": [*TWO_TESTED["test"], ("008", "009")]}
OTHER_PAIRS: Pairs = {"train": [("900", "901")], "val": [("902", "903")], "test": [("904", "905")]}
"""Of other people than those above."""
CONFIG = BuildConfig(Recipe(frames_per_video=4, replaced=(1, 3), manipulations=("DF", "F2F")), CropConfig(size=16))
N_FRAMES, SIDE = 40, 64
NARROWED = Geometry("crop", shift_x=-4)
BAG = "DF_004_005"
STORED = f"crops/004/{BAG}/000005.png"
"""One of its bags, and one of that bag's crops."""


def make_set(out: Path, pairs: Pairs = PAIRS, config: BuildConfig = CONFIG, faces: bool = True) -> Path:
    """Builds the set in ``out``; without faces every slot is ``no_face``.

    Videos of official pairs are as published; others have 40 frames.
    """
    slots = plan_slots(pairs, config.recipe, config.splits)
    sources = sources_in(official(config.recipe.compression), pairs, config.recipe, config.splits)
    official_pairs = are_official(pairs)
    files = {source.source_video: _file(source, official_pairs) for source in sources}
    shards: dict[str, Shard] = {}
    for source in sources:
        shard = shards.setdefault(source.target_id, Shard(source.target_id))
        geometry = NARROWED if source.manipulation == "F2F" else Geometry()
        about = {
            **{"n_frames": files[source.source_video].n_frames, "crf": CRF[config.recipe.compression]},
            **{"width": files[source.source_video].width, "height": files[source.source_video].height},
            "track_id": 0 if faces else UNKNOWN,
            "status": "ok",
            "sha256": digest(source.source_video.encode()),
        }
        scales = {name: getattr(geometry, name) for name in ("scale_x", "scale_y", "shift_x", "shift_y")}
        shard.sources.append(_row(SOURCE, vars(source) | about | scales))
        for index in _indices(source, sources, files, config):
            _add_crop(shard, source.source_video, index, geometry, config.crop.size if faces else 0)
    for shard in shards.values():
        write_shard(out, shard)
    tables = assemble(out, slots, shards, config.recipe, config.crop)
    for name, schema in TABLES.items():
        write_table(tables[name], schema, out / f"{name}.parquet")
    settings = {"config": settings_of(replace(config, pairs_sha256=pairs_digest(pairs)))}
    name = name_mixed(naming_settings(settings), tables["videos"], tables["sources"])
    own = {"dataset": name.name, "reasons": list(name.reasons), "counts": count(tables)}
    write_report(out, {"complete": True, **own, **settings, "sha256": {}})
    for file in files_of(count(tables)):
        (out / file).write_bytes(b"of no interest")
    return seal(out)


def _file(source: Source, official: bool) -> Published:
    """The length and size of a source."""
    if official:
        return published_videos()[source.source_video]
    return Published(source.split, source.manipulation, N_FRAMES, SIDE, SIDE)


def _indices(source: Source, sources: list[Source], files: dict[str, Published], config: BuildConfig) -> list[int]:
    """The frames of a source that the bags of its target show: of a real video those of its fakes too."""
    count, real = config.recipe.frames_per_video, files[bag_key(ORIGINAL, source.target_id)]
    own = [source] if source.source_id else [s for s in sources if s.target_id == source.target_id]
    lengths = {shared_length(s.manipulation, files[s.source_video].n_frames, real.n_frames, count) for s in own}
    return sorted({int(i) for n in lengths for i in frame_index(np.arange(count), n, count)})


def _add_crop(shard: Shard, source_video: str, index: int, geometry: Geometry, size: int) -> None:
    fake = not source_video.startswith("original")
    row: dict[str, Any] = {"source_video": source_video, "frame_index": index, "status": "no_face", "altered": fake}
    if size:
        path = crop_path(shard.target_id, source_video, index, 0)
        box = geometry.map(Box(10.5 + index / 3, 7, 32, 32))
        side = stored_side(box.w, size)
        data = encode_png(np.full((side, side, 3), (index, len(source_video), 90), np.uint8))
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


FACELESS = {"status": "no_face", "crop": "", "sha256": "", "track_id": -1}


def lose_faces(out: Path, split: str) -> Path:
    """Takes the faces from all bags of a split."""
    videos = read_table(out / "videos.parquet", TABLES["videos"])
    bags = set(videos.loc[videos["split"] == split, "bag_id"])
    edit(
        out,
        "frames",
        lambda rows: rows.assign(**{k: rows[k].mask(rows["bag_id"].isin(bags), v) for k, v in FACELESS.items()}),
    )
    return out


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


def put_crop(data: Path, content: bytes) -> None:
    """Another crop, of which all tables speak as if it had been built."""
    (data / STORED).write_bytes(content)
    for name in ("crops", "frames"):
        edit(data, name, put({"sha256": digest(content), "n_bytes": len(content)}, crop=STORED))
