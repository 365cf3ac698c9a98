"""Mixing: makes another mix of a built set by choosing other rows, without new pixels."""

from dataclasses import replace

import pandas as pd

from ffpms.protocol.recipe import Recipe
from ffpms.schema import CROP, FRAME, ORIGINAL, UNKNOWN, bag_key

FakeSlots = set[tuple[str, int]]
"""(bag_id, slot) of every slot that shows its fake.

The other slots of a fake bag show the real video.
"""


def redraw(videos: pd.DataFrame, frames: pd.DataFrame, crops: pd.DataFrame, recipe: Recipe, seed: int) -> pd.DataFrame:
    """Draws the fake slots of each bag anew from ``seed``, with as many fake frames as before.

    Returns a FRAME table of the same bags.
    """
    fresh = replace(recipe, seed=seed)
    fake = {
        (v["bag_id"], slot)
        for v in videos[videos["label"] == 1].to_dict("records")
        for slot in fresh.fake_slots(v["n_fake"], v["split"], v["manipulation"], v["video_id"])
    }
    return choose_fakes(videos, frames, crops, fake)


def choose_fakes(videos: pd.DataFrame, frames: pd.DataFrame, crops: pd.DataFrame, fake: FakeSlots) -> pd.DataFrame:
    """Makes exactly the slots of ``fake`` fake, and returns a FRAME table of the same bags.

    Any slot can be either: ``crops`` has every crop of a fake and of its real counterpart at the
    bag's indices.
    """
    made = videos[videos["manipulation"] != ORIGINAL]
    target = dict(zip(made["bag_id"], made["target_id"], strict=True))
    mixed = frames.drop(columns=CROP.names[5:])
    mixed["label"] = [int(key in fake) for key in zip(frames["bag_id"], frames["slot"], strict=True)]
    mixed["replaced"] = mixed["bag_id"].isin(target) & (mixed["label"] == 0)
    mixed["source_video"] = [
        bag_key(ORIGINAL, target[bag]) if replaced else bag
        for bag, replaced in zip(mixed["bag_id"], mixed["replaced"], strict=True)
    ]
    chosen: pd.DataFrame = with_crops(mixed, crops)[FRAME.names]
    return chosen


def with_crops(frames: pd.DataFrame, crops: pd.DataFrame) -> pd.DataFrame:
    """Joins each face of a slot with its crop.

    A slot without a frame index, in an unusable bag, keeps the status of its bag. Of the faces in a
    fake frame only the altered ones are labelled fake.
    """
    joined = frames.merge(crops, how="left", on=["source_video", "frame_index", "track_id"], suffixes=("", "_crop"))
    joined["label"] = joined["label"].where(joined["altered"].fillna(True).astype(bool), 0)
    unusable = joined["frame_index"] == UNKNOWN
    for column in ("status", "error"):
        joined[column] = joined[column].where(unusable, joined[f"{column}_crop"])
    blank = {"altered": False, "crop": "", "sha256": "", "n_bytes": 0} | {f"box_{side}": 0.0 for side in "xywh"}
    return joined.fillna(blank).astype({"track_id": "int16", "n_bytes": "int32", "altered": bool})
