"""Invariants of a built set: what holds for its bags and frames, whatever the videos."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ffpms.protocol.listing import counterparts, is_alone
from ffpms.protocol.plan import BACKWARDS
from ffpms.protocol.recipe import Recipe
from ffpms.schema import ORIGINAL, UNKNOWN, WITH_PIXELS, Split, Status, bag_key


@dataclass(frozen=True)
class Invariant:
    """A rule about bags: ``broken`` marks the rows that break it, ``table`` is where the fault
    shows.
    """

    table: str
    message: str
    broken: Callable[[pd.DataFrame, Recipe], pd.Series]


def _slots(rows: pd.DataFrame, recipe: Recipe) -> pd.Series:
    bags = rows.groupby("bag_id", sort=False)["slot"]
    count = bags.transform("size")
    return (bags.cumcount() != rows["slot"]) | (count != rows["n_frames"]) | (count != recipe.frames_per_video)


def _identity(rows: pd.DataFrame, _: Recipe) -> pd.Series:
    """A bag is named by its manipulation and video. A real video is its own target."""
    own = [bag_key(m, v) for m, v in zip(rows["manipulation"], rows["video_id"], strict=True)]
    return (rows["bag_id"] != own) | (_is_original(rows) & (rows["video_id"] != rows["target_id"]))


def _pair_names(rows: pd.DataFrame, _: Recipe) -> pd.Series:
    """Names must follow from the ids: video and pair."""
    original = _is_original(rows)
    target = rows["target_id"].where(~is_alone(rows), rows["video_id"].str.partition("_")[0])
    names = target.where(original, target + "_" + rows["source_id"].fillna(""))
    ids = zip(target, rows["source_id"], rows["pair_id"], original, strict=True)
    paired = [t in str(p).split("_") if real else p in (f"{t}_{s}", f"{s}_{t}") for t, s, p, real in ids]
    return (rows["video_id"] != names) | ~np.array(paired)


def _words(rows: pd.DataFrame, recipe: Recipe) -> pd.Series:
    known = {"split": list(Split), "manipulation": [ORIGINAL, *recipe.manipulations], "status": list(Status)}
    return ~rows[list(known)].isin(known).all(axis=1) | ~rows["status_bag"].isin(list(Status))


def _labels(rows: pd.DataFrame, _: Recipe) -> pd.Series:
    """Of a fake that stands alone, only the altered frames are fake; none of it is replaced."""
    original, alone = _is_original(rows), is_alone(rows)
    fake = ~original & ~rows["replaced"] & (~alone | rows["altered"] | (rows["frame_index"] == UNKNOWN))
    return (rows["label"] != fake) | ((original | alone) & rows["replaced"])


def _shown(rows: pd.DataFrame, _: Recipe) -> pd.Series:
    return rows["source_video"] != rows["bag_id"].where(~rows["replaced"], counterparts(rows))


def _bag_label(rows: pd.DataFrame, _: Recipe) -> pd.Series:
    labels = rows.groupby("bag_id", sort=False)["label"]
    n_fake = labels.transform("sum")
    rate = n_fake / labels.transform("size")
    wrong = (rows["label_bag"] != labels.transform("max")) | (rows["n_fake"] != n_fake)
    return wrong | ~np.isclose(rows["fake_rate"], rate)


def _n_fake(rows: pd.DataFrame, recipe: Recipe) -> pd.Series:
    """By default 1..19 in val and test, 15 in train, none in an original.

    A fake that stands alone has one or more.
    """
    low, high = (recipe.frames_per_video - n for n in reversed(recipe.replaced))
    in_train = recipe.frames_per_video - recipe.n_replaced_in_train
    train, original, n_fake = rows["split"] == Split.TRAIN, _is_original(rows), rows["n_fake"]
    right = n_fake.between(low, high).where(~train, n_fake == in_train).where(~original, n_fake == 0)
    right = right.where(~is_alone(rows), n_fake >= 1)
    return ~right.astype(bool)


def _segments(rows: pd.DataFrame, recipe: Recipe) -> pd.Series:
    """A mix has one segment of fake slots if it is contiguous, else at most the recipe's number."""
    most = {"random": recipe.frames_per_video, "contiguous": 1}.get(recipe.placement) or (recipe.segments or (1, 1))[1]
    fake = rows["label"] == 1
    begins = fake & ~fake.groupby(rows["bag_id"], sort=False).shift(fill_value=False)
    return (begins.groupby(rows["bag_id"], sort=False).transform("sum") > most) & ~is_alone(rows)


def _order(rows: pd.DataFrame, _: Recipe) -> pd.Series:
    unknown = rows["frame_index"] == UNKNOWN
    bags = rows.groupby("bag_id", sort=False)["frame_index"]
    mixed = (bags.transform("min") == UNKNOWN) != unknown
    return mixed | (~unknown & (bags.diff().fillna(1) <= 0))


def _range(rows: pd.DataFrame, _: Recipe) -> pd.Series:
    index = rows["frame_index"]
    inside = (index >= 0) & (index < rows["n_own"]) & (index < rows["n_real"])
    return (index != UNKNOWN) & ~inside


def _in_step(rows: pd.DataFrame, _: Recipe) -> pd.Series:
    """A Face2Face shows another moment than its real video at that one's last index."""
    mixed = (rows["manipulation"] == BACKWARDS) & ~is_alone(rows)
    return mixed & (rows["frame_index"] == rows["n_real"] - 1)


def _pixels(rows: pd.DataFrame, _: Recipe) -> pd.Series:
    """A crop exists where the status message so; a bag is ok if it has any."""
    seen = rows["status"].isin(WITH_PIXELS)
    any_seen = seen.groupby(rows["bag_id"], sort=False).transform("any")
    return (seen != (rows["crop"] != "")) | (any_seen != (rows["status_bag"] == Status.OK))


def _is_original(rows: pd.DataFrame) -> pd.Series:
    return rows["manipulation"] == ORIGINAL


_NAMES = "bag_id, video_id or pair_id does not follow from target_id and source_id"

INVARIANTS = (
    Invariant("frames.parquet", "slots are not 0, 1, ... as many as the recipe samples", _slots),
    Invariant("videos.parquet", "split, manipulation or status is an unknown word", _words),
    Invariant("videos.parquet", _NAMES, _identity),
    Invariant("frames.parquet", "label is not 1 exactly where a fake's own frame is shown", _labels),
    Invariant("frames.parquet", "source_video is not the bag's own, or the real video where replaced", _shown),
    Invariant("videos.parquet", "label, n_fake or fake_rate does not follow from the frames' labels", _bag_label),
    Invariant("videos.parquet", "n_fake is not what the recipe allows", _n_fake),
    Invariant("frames.parquet", "fake slots lie in more segments than the recipe allows", _segments),
    Invariant("frames.parquet", "frame_index does not strictly increase", _order),
    Invariant("frames.parquet", "frame_index is not below the lengths of the fake and its real video", _range),
    Invariant("frames.parquet", "frame_index is the real video's last, where Face2Face is out of step", _in_step),
    Invariant("frames.parquet", "crop and status do not agree", _pixels),
)

OF_PAIRS = (Invariant("videos.parquet", _NAMES, _pair_names),)
"""What holds besides in a corpus of id pairs."""
