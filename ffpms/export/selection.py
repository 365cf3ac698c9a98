"""Selection: the bags of a built set that are exported, each with the rows of its faces."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ffpms.checks import texts
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
from ffpms.schema import ORIGINAL, WITH_PIXELS, Split

LABELS = ("real", "fake")
"""Names of the labels 0 and 1."""


@dataclass(frozen=True)
class ExportBag:
    """A bag to export: its row of ``videos.parquet``, and a row of ``frames.parquet`` a face.

    ``slot_labels`` has the label of every slot, also of those in which no face was found.
    """

    record: BagRecord
    video: dict[str, Any]
    faces: tuple[dict[str, Any], ...]
    slot_labels: tuple[int, ...]

    @property
    def bag_id(self) -> str:
        """The name of the bag."""
        return self.record.bag_id

    @property
    def split(self) -> str:
        """The split that the bag is in."""
        return str(self.video["split"])

    @property
    def exists(self) -> bool:
        """Whether it was built, be it that no face was found in it."""
        return bool(self.record.crops) or self.record.faceless

    @property
    def n_bytes(self) -> int:
        """The size of all its stored crops."""
        return sum(int(face["n_bytes"]) for face in self.faces)

    def stems(self) -> list[str]:
        """Names each face by its slot, as ``003``; where a frame shows several people, by slot and
        track.
        """
        if not self.record.crowded:
            return [f"{slot:03d}" for slot in self.record.slots]
        return [f"{s:03d}{t:03d}" for s, t in zip(self.record.slots, self.record.tracks, strict=True)]

    def describe(self) -> dict[str, Any]:
        """Returns the values of its video, as Python's own types; None is an original's source."""
        names = ("bag_id", "split", "manipulation", "video_id", "target_id", "source_id", "pair_id", "status")
        own = {name: None if pd.isna(self.video[name]) else str(self.video[name]) for name in names}
        counts = {name: int(self.video[name]) for name in ("label", "n_frames", "n_fake")}
        return own | counts | {"fake_rate": float(self.video["fake_rate"])}

    def describe_faces(self) -> list[dict[str, Any]]:
        """Returns the values of its faces, as Python's own types; boxes are in px of the video."""
        words, numbers = ("source_video", "status", "sha256"), ("slot", "track_id", "frame_index", "label")
        return [
            {name: int(face[name]) for name in numbers}
            | {name: str(face[name]) for name in words}
            | {"replaced": bool(face["replaced"]), "box": [float(face[f"box_{side}"]) for side in "xywh"]}
            for face in self.faces
        ]


@dataclass(frozen=True)
class Selection:
    """What is exported: rows of ``videos.parquet``, and the bags of those that have a face or none.

    ``unbuilt`` counts the others by status: they could not be built.
    """

    videos: pd.DataFrame
    bags: tuple[ExportBag, ...]
    unbuilt: dict[str, int]


def select(
    data: BuiltSet, splits: Collection[str] | None = None, manipulations: Collection[str] | None = None
) -> Selection:
    """Chooses bags of splits and manipulations, originals included.

    Raises:
        ConfigError: there is no such split or manipulation, or no bag is left.
    """
    rows = choose_videos(data, splits, manipulations)
    frames = data.frames[data.frames["bag_id"].isin(rows["bag_id"])]
    labels = frames.drop_duplicates(["bag_id", "slot"]).groupby("bag_id", sort=False)["label"].apply(tuple)
    seen = frames[frames["status"].isin(WITH_PIXELS)]
    faces = {str(bag): _records(own) for bag, own in seen.groupby("bag_id", sort=False)}
    bags = [
        ExportBag(record, video, tuple(faces.get(record.bag_id, ())), labels[record.bag_id])
        for record, video in zip(data.make_records(rows, frames), _records(rows), strict=True)
    ]
    usable = [bag for bag in bags if bag.exists]
    if not usable:
        raise ConfigError(f"{data.place}: has no bag to export; choose other --split or --manipulations")
    lost = Counter(str(bag.video["status"]) for bag in bags if not bag.exists)
    return Selection(rows, tuple(usable), dict(lost))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def choose_videos(
    data: BuiltSet, splits: Collection[str] | None, manipulations: Collection[str] | None
) -> pd.DataFrame:
    """Returns the rows of ``videos.parquet`` of splits and manipulations, originals included.

    Raises:
        ConfigError: the set has no such split or manipulation.
    """
    videos = data.videos
    in_set = [split.value for split in Split if split in set(videos["split"])]
    kinds = list(dict.fromkeys(videos["manipulation"]))
    wanted = texts("split", in_set if splits is None else splits)
    chosen = texts("manipulations", kinds if manipulations is None else manipulations)
    for name, values, known in (("split", wanted, in_set), ("manipulations", chosen, kinds)):
        if unknown := [value for value in values if value not in known]:
            raise ConfigError(f"{name}: {', '.join(unknown)} is not in {data.place}; choose from {','.join(known)}")
    return videos[videos["split"].isin(wanted) & videos["manipulation"].isin({ORIGINAL, *chosen})]
