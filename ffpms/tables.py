"""The tables of a built set: the plan joined with what the shards hold."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from ffpms.grid import plan_grid
from ffpms.plan import plan_frames, summarise_bags
from ffpms.recipe import Recipe
from ffpms.remix import with_crops
from ffpms.schema import CROP, FRAME, GRID, SOURCE, VIDEO, WITH_PIXELS, Status
from ffpms.shards import read_shard

TABLES = {"videos": VIDEO, "frames": FRAME, "crops": CROP, "sources": SOURCE, "grid": GRID}


def shard_rows(out: Path, targets: Iterable[str], kind: str) -> pd.DataFrame:
    """The SOURCE or CROP rows of all finished shards."""
    rows = [row for t in targets if (s := read_shard(out, t)) for row in getattr(s, kind)]
    return pd.DataFrame(rows, columns=(SOURCE if kind == "sources" else CROP).names)


def assemble(out: Path, slots: pd.DataFrame, targets: Iterable[str], recipe: Recipe) -> dict[str, pd.DataFrame]:
    """Joins the plan with the shards' rows to the five tables, in the plan's order."""
    order = {bag: i for i, bag in enumerate(slots["bag_id"].unique())}
    sources = shard_rows(out, targets, "sources").sort_values("source_video", key=lambda s: s.map(order))
    crops = shard_rows(out, targets, "crops")
    crops = crops.sort_values(["source_video", "frame_index"], key=lambda c: c.map(order) if c.dtype != "int64" else c)
    frames = with_crops(plan_frames(slots, sources, recipe), crops)
    videos = _with_status(summarise_bags(frames, recipe), frames)
    grid = plan_grid(slots, recipe)
    return {"videos": videos, "frames": frames, "crops": crops, "sources": sources, "grid": grid}


def _with_status(videos: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """A bag is ok if it has a face in any slot; otherwise its first slot says why not."""
    bags = frames.groupby("bag_id", sort=False)
    seen = frames["status"].isin(WITH_PIXELS).groupby(frames["bag_id"], sort=False).any().to_numpy()
    videos["status"] = bags["status"].first().where(~seen, Status.OK.value).to_numpy()
    videos["error"] = bags["error"].first().where(~seen, "").to_numpy()
    return videos


def count(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """How many bags, frames and sources there are, by status."""
    return {
        name: {"all": len(tables[name])}
        | {str(k): int(v) for k, v in tables[name]["status"].value_counts().sort_index().items()}
        for name in ("videos", "frames", "sources")
    }
