"""Tables of a built set: joins the plan with the rows of the shards."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from ffpms.extraction.shards import read_shard
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.plan import plan_frames, summarise_bags
from ffpms.protocol.rate_grid import plan_grid
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.remixing import with_crops
from ffpms.schema import CROP, LANDMARK, SOURCE, WITH_PIXELS, Status

_KINDS = {"sources": SOURCE, "crops": CROP, "landmarks": LANDMARK}
_KEYS = ["source_video", "frame_index", "track_id"]


def shard_rows(out: Path, targets: Iterable[str], kind: str) -> pd.DataFrame:
    """Returns the SOURCE, CROP or LANDMARK rows of all finished shards."""
    rows = [row for t in targets if (s := read_shard(out, t)) for row in getattr(s, kind)]
    return pd.DataFrame(rows, columns=_KINDS[kind].names)


def assemble(
    out: Path, slots: pd.DataFrame, targets: Iterable[str], recipe: Recipe, crop: CropConfig
) -> dict[str, pd.DataFrame]:
    """Joins the plan and the rows of the shards into the tables of the set, in the plan's order."""
    order = {bag: i for i, bag in enumerate(slots["bag_id"].unique())}
    sources = shard_rows(out, targets, "sources").sort_values("source_video", key=lambda s: s.map(order))
    crops = _in_order(shard_rows(out, targets, "crops"), order)
    faces = _with_faces(plan_frames(slots, sources, recipe), crops, sources, crop.faces == "all")
    frames = with_crops(faces, crops)
    videos = _with_status(summarise_bags(frames, recipe), frames)
    grid = plan_grid(slots, recipe)
    tables = {"videos": videos, "frames": frames, "crops": crops, "sources": sources, "grid": grid}
    if crop.landmarks:
        tables["landmarks"] = _in_order(shard_rows(out, targets, "landmarks"), order)
    return tables


def _in_order(rows: pd.DataFrame, order: dict[str, int]) -> pd.DataFrame:
    """Sorts rows by video in the plan's order, then by frame and face."""
    return rows.sort_values(_KEYS, key=lambda c: c.map(order) if c.name == "source_video" else c)


def _with_faces(frames: pd.DataFrame, crops: pd.DataFrame, sources: pd.DataFrame, everybody: bool) -> pd.DataFrame:
    """Adds the track of the bag's face to each slot; in a fake, that of the manipulated face.

    With ``everybody``, adds one more row for each other person in the frame.
    """
    main = frames["bag_id"].map(sources.set_index("source_video")["track_id"])
    faces = frames.assign(track_id=main.astype("int64"), row=range(len(frames)))
    if not everybody:
        return faces
    there = crops[_KEYS]
    others = faces.merge(there, on=["source_video", "frame_index"], suffixes=("_main", ""))
    others = others[others["track_id"] != others["track_id_main"]]
    return pd.concat([faces, others[faces.columns]]).sort_values("row", kind="stable", ignore_index=True)


def _with_status(videos: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Sets the status of each bag: ``ok`` if any slot has a face, else that of its first slot."""
    bags = frames.groupby("bag_id", sort=False)
    seen = frames["status"].isin(WITH_PIXELS).groupby(frames["bag_id"], sort=False).any().to_numpy()
    videos["status"] = bags["status"].first().where(~seen, Status.OK.value).to_numpy()
    videos["error"] = bags["error"].first().where(~seen, "").to_numpy()
    return videos


def count(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Counts bags, frames and sources by status."""
    counts = {
        name: {"all": len(tables[name])}
        | {str(k): int(v) for k, v in tables[name]["status"].value_counts().sort_index().items()}
        for name in ("videos", "frames", "sources")
    }
    return counts | ({"landmarks": {"all": len(tables["landmarks"])}} if "landmarks" in tables else {})
