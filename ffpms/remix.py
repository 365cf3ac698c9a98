"""Another mix of a built set: a choice of rows, no new pixels."""

from dataclasses import replace

import pandas as pd

from ffpms.recipe import Recipe
from ffpms.schema import CROP, Manipulation, bag_key


def redraw(videos: pd.DataFrame, frames: pd.DataFrame, crops: pd.DataFrame, recipe: Recipe, seed: int) -> pd.DataFrame:
    """The same bags with as many fake frames each, in slots drawn anew from ``seed``: a FRAME table.

    Every crop of a fake and of its real counterpart at the bag's indices is in ``crops``, so any slot can be either.
    """
    fresh = replace(recipe, seed=seed)
    fake_bags = videos[videos["label"] == 1]
    fake = {
        (v["bag_id"], slot)
        for v in fake_bags.to_dict("records")
        for slot in fresh.fake_slots(v["n_fake"], v["split"], v["manipulation"], v["video_id"])
    }
    target = dict(zip(fake_bags["bag_id"], fake_bags["target_id"], strict=True))
    mixed = frames.drop(columns=CROP.names[2:])
    mixed["label"] = [int((bag, slot) in fake) for bag, slot in zip(frames["bag_id"], frames["slot"], strict=True)]
    mixed["replaced"] = mixed["bag_id"].isin(target) & (mixed["label"] == 0)
    mixed["source_video"] = [
        bag_key(Manipulation.ORIGINAL, target[bag]) if replaced else bag
        for bag, replaced in zip(mixed["bag_id"], mixed["replaced"], strict=True)
    ]
    remixed: pd.DataFrame = mixed.merge(crops, how="left", on=["source_video", "frame_index"])
    return remixed
