"""Chooses the bags to look at: one by its name, or a few of each manipulation and fake rate."""

import difflib
from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd

from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
from ffpms.schema import ORIGINAL, WITH_PIXELS, Split

FEW = 3
"""Bags of a manipulation in a picture, unless another number is asked for."""


def find_bags(data: BuiltSet, bag_ids: Iterable[str]) -> list[str]:
    """Returns the bags of these names, each once.

    Raises:
        ConfigError: there is none of that name; lists the nearest.
    """
    known = set(data.videos["bag_id"])
    chosen = list(dict.fromkeys(bag_ids))
    for bag_id in chosen:
        if bag_id not in known:
            near = ", ".join(_nearest(data.videos, bag_id))
            raise ConfigError(f"bag: {data.place} has no {bag_id!r}; did you mean {near}?")
    return chosen


def _nearest(videos: pd.DataFrame, bag_id: str) -> list[str]:
    """Returns the bags of a video of this name, or else those whose names are most alike."""
    own = videos.loc[videos["video_id"] == bag_id, "bag_id"].tolist()
    return own[:5] or difflib.get_close_matches(bag_id, videos["bag_id"].tolist(), n=5, cutoff=0.0)


def select(data: BuiltSet, split: str | None, manipulations: Collection[str] | None) -> pd.DataFrame:
    """Returns the videos of a split and of manipulations; of all if none is given.

    Raises:
        ConfigError: the set has none.
    """
    videos = data.videos
    for column, wanted in (("split", [split] if split else None), ("manipulation", manipulations)):
        have = list(dict.fromkeys(data.videos[column]))
        if unknown := [name for name in wanted or () if name not in have]:
            raise ConfigError(f"{column}: {data.place} has no {', '.join(unknown)}; choose from {', '.join(have)}")
        videos = videos[videos[column].isin(wanted)] if wanted else videos
    if videos.empty:
        raise ConfigError(f"{data.place}: has no such bag; choose another --split or other --manipulations")
    return videos


def choose_few(videos: pd.DataFrame, count: int = FEW) -> list[str]:
    """Chooses some bags of each manipulation, from the lowest to the highest fake rate.

    They are of the test split, or else of the next that is there, and have faces.
    """
    usable = videos[videos["status"].isin(WITH_PIXELS)]
    usable = videos if usable.empty else usable
    split = next(name for name in reversed(Split) if (usable["split"] == name).any())
    own = usable[usable["split"] == split].sort_values(["fake_rate", "bag_id"], kind="stable")
    kinds = sorted(set(own["manipulation"]), key=lambda kind: (kind != ORIGINAL, kind))
    return [bag_id for kind in kinds for bag_id in _spread(own.loc[own["manipulation"] == kind, "bag_id"], count)]


def _spread(names: pd.Series, count: int) -> list[str]:
    """Takes some names at even distances, the first and the last too."""
    places = np.unique(np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int))
    return [str(name) for name in names.iloc[places]]
