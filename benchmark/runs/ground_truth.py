"""GroundTruth: the bags and frames of a split with their labels, to compare scores with."""

from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.segments import find_segments
from ffpms.dataset.slot_times import slot_times
from ffpms.protocol.plan import plan_slots
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import read_pairs
from ffpms.protocol.v1_manifest import DATASET, read_v1, rows_digest
from ffpms.schema import ORIGINAL, PRESENT, UNKNOWN, WITH_PIXELS, Split, Status

_OF_A_VIDEO = ["bag_id", "manipulation", "pair_id", "fake_rate", "label", "status"]
_OF_A_FACE = ["bag_id", "slot", "track_id", "label", "status"]


@dataclass(frozen=True)
class GroundTruth:
    """Bags and frames of a split, with their labels.

    ``videos`` has one row per bag, ``frames`` one row per face of a slot (track -1: not known).
    Messages call it ``name``, and give ``hint`` to users who have other bags. ``reasons`` say why
    ``dataset`` is not the official name. ``built`` is the built set, where there is one.
    """

    name: str
    hint: str
    split: str
    dataset: str
    sha256: str
    videos: pd.DataFrame
    frames: pd.DataFrame
    reasons: tuple[str, ...] = ()
    built: BuiltSet | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of_set(cls, data: BuiltSet, split: str) -> "GroundTruth":
        """Makes the truth of a built set."""
        videos = data.videos[data.videos["split"] == split][_OF_A_VIDEO]
        frames = data.frames[data.frames["bag_id"].isin(videos["bag_id"])][_OF_A_FACE]
        hint, own = "take ids from its videos.parquet", (data.name, data.sha256)
        return cls(str(data.root), hint, split, *own, videos, frames, data.reasons, data)

    @classmethod
    def of_v1(cls, split: str) -> "GroundTruth":
        """Makes the truth of FFPMS v1, for which no pixels are needed.

        The test split is the one that ships. The val split is made by the same recipe.
        """
        slots = read_v1() if split == Split.TEST else plan_slots(read_pairs(), Recipe(), (split,))
        known = slots.assign(status=str(Status.OK), track_id=UNKNOWN)
        labels = slots.groupby("bag_id")["label"]
        videos = known.drop_duplicates("bag_id").set_index("bag_id")
        videos = videos.assign(fake_rate=labels.mean(), label=labels.max()).reset_index()
        hint = "take ids from data_manifests/ffpms-v1, or name another set with --data"
        sha256 = rows_digest(read_v1())
        return cls(f"{DATASET} v1", hint, split, DATASET, sha256, videos[_OF_A_VIDEO], known[_OF_A_FACE])

    @property
    def scored(self) -> pd.DataFrame:
        """The bags that count: all except those that could not be built.

        Our own methods do not score these either.
        """
        return self.videos[self.videos["status"].isin(PRESENT)]

    @property
    def manipulations(self) -> list[str]:
        """The manipulations that have fakes to score, in the order of the tables."""
        return [str(code) for code in self.scored["manipulation"].unique() if code != ORIGINAL]

    @property
    def segments(self) -> pd.DataFrame:
        """The true segments of the bags that count: SEGMENT rows."""
        return find_segments(self.frames[self.frames["bag_id"].isin(self.scored["bag_id"])])

    @cached_property
    def times(self) -> pd.DataFrame | None:
        """How long each bag and its slots last (:func:`~ffpms.dataset.slot_times.slot_times`).

        None without a built set, which alone knows the rates of its videos.
        """
        return None if self.built is None else slot_times(self.built)

    def faces(self, keys: list[str]) -> pd.DataFrame:
        """Returns the label of each face, or of each slot: the highest of its faces' labels.

        ``required`` is True where a bag that counts has pixels.
        """
        counts = self.frames["bag_id"].isin(self.scored["bag_id"]) & self.frames["status"].isin(WITH_PIXELS)
        return self.frames.assign(required=counts).groupby(keys, sort=False)[["label", "required"]].max().reset_index()
