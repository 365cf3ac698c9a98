"""The tables of a built set: the plan joined with what the shards hold."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from ffpms.plan import plan_frames, summarise_bags
from ffpms.recipe import Recipe
from ffpms.schema import CROP, FRAME, SOURCE, UNKNOWN, VIDEO, WITH_PIXELS, Status
from ffpms.shards import read_shard

TABLES = {"videos": VIDEO, "frames": FRAME, "crops": CROP, "sources": SOURCE}


def shard_rows(out: Path, targets: Iterable[str], kind: str) -> pd.DataFrame:
    """The SOURCE or CROP rows of all finished shards."""
    rows = [row for t in targets if (s := read_shard(out, t)) for row in getattr(s, kind)]
    return pd.DataFrame(rows, columns=(SOURCE if kind == "sources" else CROP).names)


def assemble(
    out: Path, slots: pd.DataFrame, targets: Iterable[str], recipe: Recipe, everybody: bool
) -> dict[str, pd.DataFrame]:
    """Joins the plan with the shards' rows to the four tables, in the plan's order."""
    order = {bag: i for i, bag in enumerate(slots["bag_id"].unique())}
    sources = shard_rows(out, targets, "sources").sort_values("source_video", key=lambda s: s.map(order))
    crops = shard_rows(out, targets, "crops")
    keys = ["source_video", "frame_index", "track_id"]
    crops = crops.sort_values(keys, key=lambda c: c.map(order) if c.name == "source_video" else c)
    frames = _with_crops(plan_frames(slots, sources, recipe), crops, sources, everybody)
    videos = summarise_bags(frames)
    return {"videos": _with_status(videos, frames), "frames": frames, "crops": crops, "sources": sources}


def _with_crops(frames: pd.DataFrame, crops: pd.DataFrame, sources: pd.DataFrame, everybody: bool) -> pd.DataFrame:
    """FRAME rows: each slot with the crop of its bag's manipulated face, and then perhaps those of everybody else, of
    which only the altered ones are fake; a slot of a bag that cannot be used keeps the bag's status."""
    main = frames["bag_id"].map(sources.set_index("source_video")["track_id"])
    ordered = frames.assign(main=main, row=range(len(frames)))
    joined = ordered.merge(crops, how="left", on=["source_video", "frame_index"], suffixes=("", "_crop"))
    joined["other"] = joined["track_id"].notna() & (joined["track_id"] != joined["main"])
    joined = joined[~joined["other"] | everybody].sort_values(["row", "other", "track_id"], ignore_index=True)
    joined["label"] = joined["label"].where(~joined["other"] | (joined["altered"] == True), 0)  # noqa: E712
    usable = joined["status"] == Status.OK
    for column in ("status", "error"):
        joined[column] = joined[column].where(~usable, joined[f"{column}_crop"])
    blank = {"track_id": UNKNOWN, "altered": False, "crop": "", "sha256": "", "n_bytes": 0} | {
        f"box_{side}": 0.0 for side in "xywh"
    }
    return joined.fillna(blank).astype({"track_id": "int16", "n_bytes": "int32", "altered": bool})


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
