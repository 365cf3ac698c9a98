"""Mixing: makes another mix of a built set by choosing other rows, without new pixels."""

from collections import Counter
from dataclasses import replace

import pandas as pd

from ffpms.checks import check_choice
from ffpms.protocol.listing import mixable
from ffpms.protocol.recipe import Recipe
from ffpms.schema import CROP, FRAME, ORIGINAL, UNKNOWN, bag_key

FakeSlots = set[tuple[str, int]]
"""(bag_id, slot) of every slot that shows its fake, in the bags whose frames can be replaced.

The other slots of such a bag show the real video. A fake that stands alone is in no mix.
"""


MIXES = ("recipe", "whole", "bernoulli", "varied")
"""Ways to mix the frames of fake train bags.

- ``recipe`` keeps the set's number of fake frames, 15 of 20 (Li 2020, Section 4.1).
- ``whole`` replaces none.
- ``bernoulli`` replaces each frame with the recipe's probability, 1/4. One frame stays fake.
- ``varied`` replaces 1 to 19, stratified as in test. It goes beyond the paper.
"""


def redraw(videos: pd.DataFrame, recipe: Recipe, seed: int, mix: str = "recipe") -> FakeSlots:
    """Draws the fake slots of each fake bag anew from ``seed``, if frames of it can be replaced.

    Raises:
        ConfigError: there is no such mix.
    """
    check_choice("mix", mix, MIXES)
    fresh, fakes = replace(recipe, seed=seed), videos[mixable(videos)]
    n_fake = _numbers_of_fakes(fakes, fresh, mix)
    names = fakes[["bag_id", "split", "manipulation", "video_id"]].itertuples(index=False)
    return {(bag_id, slot) for bag_id, *bag in names for slot in fresh.fake_slots(n_fake[bag_id], *bag)}


def _numbers_of_fakes(fakes: pd.DataFrame, recipe: Recipe, mix: str) -> dict[str, int]:
    """Returns the number of fake frames of each bag in a mix."""
    n_fake: dict[str, int] = {}
    for (split, manipulation), own in fakes.groupby(["split", "manipulation"], sort=False):
        kind, ids = (str(split), str(manipulation)), own["video_id"].tolist()
        if mix == "varied":
            by_video = recipe.n_fake_varied(*kind, ids)
        elif mix == "bernoulli":
            by_video = {video_id: recipe.n_fake_by_chance(*kind, video_id) for video_id in ids}
        else:
            as_built = own["n_fake"] if mix == "recipe" else [recipe.frames_per_video] * len(own)
            by_video = dict(zip(ids, as_built, strict=True))
        n_fake |= {bag_id: by_video[v] for bag_id, v in zip(own["bag_id"], ids, strict=True)}
    return n_fake


def remix(
    videos: pd.DataFrame, frames: pd.DataFrame, crops: pd.DataFrame, fake: FakeSlots
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns the VIDEO and FRAME tables of the same bags, in which exactly ``fake`` is fake.

    A fake that stands alone stays as it is.
    """
    drawn = videos["bag_id"].map(Counter(bag_id for bag_id, _ in fake)).fillna(0)
    n_fake = drawn.where(mixable(videos), videos["n_fake"]).astype(videos["n_fake"].dtype)
    rate = (n_fake / videos["n_frames"]).astype(videos["fake_rate"].dtype)
    return videos.assign(n_fake=n_fake, fake_rate=rate), choose_fakes(videos, frames, crops, fake)


def choose_fakes(videos: pd.DataFrame, frames: pd.DataFrame, crops: pd.DataFrame, fake: FakeSlots) -> pd.DataFrame:
    """Makes exactly the slots of ``fake`` fake, and returns a FRAME table of the same bags.

    Any slot can be either: ``crops`` has every crop of a fake and of its real counterpart at the
    bag's indices. A fake that stands alone has no counterpart, and stays as it is.
    """
    made = videos[mixable(videos)]
    target = dict(zip(made["bag_id"], made["target_id"], strict=True))
    mixed = frames.drop(columns=CROP.names[5:])
    drawn = mixed["bag_id"].isin(target)
    mixed["label"] = [int(key in fake) for key in zip(frames["bag_id"], frames["slot"], strict=True)]
    mixed["label"] = mixed["label"].where(drawn, frames["label"])
    mixed["replaced"] = drawn & (mixed["label"] == 0)
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
    joined["label"] = joined["label"].where(joined["altered"].ne(False), 0)
    joined["altered"] = joined["altered"].eq(True)
    unusable = joined["frame_index"] == UNKNOWN
    for column in ("status", "error"):
        joined[column] = joined[column].where(unusable, joined[f"{column}_crop"])
    zeros = {"n_bytes": 0} | {f"box_{side}": 0.0 for side in "xywh"}
    joined[[*zeros]] = joined[[*zeros]].apply(pd.to_numeric)  # of None alone they are objects
    blank = {"crop": "", "sha256": ""} | zeros
    return joined.fillna(blank).astype({"track_id": "int16", "n_bytes": "int32"})
