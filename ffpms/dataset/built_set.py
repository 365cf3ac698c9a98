"""A built set as bags: which rows make a bag."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ffpms.dataset.files import read_report, restore
from ffpms.errors import ManifestError
from ffpms.hashing import digest
from ffpms.protocol.mixing import choose_fakes, redraw
from ffpms.protocol.recipe import Recipe
from ffpms.schema import CROP, FRAME, GRID, LANDMARK, VIDEO, WITH_PIXELS, read_table

_OF_A_FACE = ("slot", "track_id", "label", "crop", "sha256")
_TABLES = {"videos": VIDEO, "frames": FRAME, "crops": CROP, "grid": GRID}


@dataclass(frozen=True)
class BagRecord:
    """One bag's rows: what is known of the video, and its faces in the order of time (none if there was no face)."""

    bag_id: str
    manipulation: str
    pair_id: str
    label: int
    fake_rate: float
    status: str
    slots: tuple[int, ...]
    tracks: tuple[int, ...]
    frame_labels: tuple[int, ...]
    crops: tuple[str, ...]
    sha256: tuple[str, ...]

    def with_faces(self, faces: Iterable[tuple[int, int, int, str, str]]) -> "BagRecord":
        """The same video with other faces: slot, track, label, crop and hash of each."""
        slots, tracks, labels, crops, sha256 = zip(*faces, strict=True) if (faces := list(faces)) else ((),) * 5
        return replace(self, slots=slots, tracks=tracks, frame_labels=labels, crops=crops, sha256=sha256)

    @property
    def faces(self) -> list[tuple[int, int, int, str, str]]:
        """Slot, track, label, crop and hash of each."""
        return list(zip(self.slots, self.tracks, self.frame_labels, self.crops, self.sha256, strict=True))

    @classmethod
    def of_one(cls, crop: str) -> "BagRecord":
        """A face by itself, of which nothing else is known."""
        return cls("", "", "", 0, 0.0, "", (0,), (0,), (0,), (crop,), ("",))


@dataclass(frozen=True)
class BuiltSet:
    """What ``ffpms build`` wrote, read once; ``unmixed`` if all frames of its fakes are taken as fake."""

    root: Path
    name: str
    recipe: Recipe
    side: int
    sha256: str
    unmixed: bool
    videos: pd.DataFrame
    frames: pd.DataFrame
    crops: pd.DataFrame
    grid: pd.DataFrame

    @classmethod
    def load(cls, root: Path) -> "BuiltSet":
        """Reads a finished set.

        Raises:
            ManifestError: there is none, it is not finished, or a table is damaged.
        """
        about = read_report(root)
        if not about["complete"]:
            raise ManifestError(f"{root}: the build is not finished; run the same 'ffpms build' again")
        tables = {name: read_table(root / f"{name}.parquet", schema) for name, schema in _TABLES.items()}
        content = [digest((root / f"{name}.parquet").read_bytes()) for name in _TABLES]
        if content != [about["sha256"].get(f"{name}.parquet") for name in _TABLES]:
            raise ManifestError(f"{root}: a table is not what was built; run the same 'ffpms build' again to mend it")
        recipe = restore(Recipe, about["config"]["recipe"])
        side = about["config"]["crop"]["size"]
        return cls(root, about["dataset"], recipe, side, digest("".join(content).encode()), False, **tables)

    def bags(self, split: str, manipulations: tuple[str, ...], seed: int | None = None) -> list[BagRecord]:
        """The originals and the named manipulations of a split; training bags take a seed for their own draw of which
        frames are replaced."""
        wanted = self.videos["manipulation"].isin(["original", *manipulations]) & (self.videos["split"] == split)
        videos = self.videos[wanted]
        frames = self.frames[self.frames["bag_id"].isin(videos["bag_id"])]
        if seed is not None:
            frames = redraw(videos, frames, self.crops, self.recipe, seed)
        return make_records(videos, frames)

    def landmarks(self) -> dict[str, np.ndarray]:
        """The landmarks of the real videos' crops by the crop's path, (68, 2) px.

        Raises:
            ManifestError: the set was built without them.
        """
        path = self.root / "landmarks.parquet"
        if not path.is_file():
            raise ManifestError(f"{self.root}: has no landmarks; build it with --landmarks, by which faces are forged")
        if digest(path.read_bytes()) != read_report(self.root)["sha256"].get(path.name):
            raise ManifestError(f"{path}: is not what was built; run the same 'ffpms build' again to mend it")
        rows = read_table(path, LANDMARK).merge(self.crops, on=["source_video", "frame_index", "track_id"])
        return dict(zip(rows["crop"], points_of(rows), strict=True))

    def pure(self, split: str, manipulations: tuple[str, ...], fake: bool) -> list[BagRecord]:
        """The fakes of a split with all their frames fake, or all replaced by the real ones."""
        wanted = self.videos["manipulation"].isin(manipulations) & (self.videos["split"] == split)
        videos = self.videos[wanted]
        frames = self.frames[self.frames["bag_id"].isin(videos["bag_id"])]
        slots = set(zip(frames["bag_id"], frames["slot"], strict=True)) if fake else set()
        return make_records(videos, choose_fakes(videos, frames, self.crops, slots))

    @property
    def manipulations(self) -> tuple[str, ...]:
        """The manipulations that have bags with pixels, in the order of the tables."""
        seen = self.videos[(self.videos["label"] == 1) & self.videos["status"].isin(WITH_PIXELS)]
        return tuple(dict.fromkeys(seen["manipulation"]))


def make_records(videos: pd.DataFrame, frames: pd.DataFrame) -> list[BagRecord]:
    """The bags of a VIDEO table with the faces that a FRAME table gives them."""
    usable = frames[frames["status"].isin(WITH_PIXELS)]
    by_bag = {str(bag): rows for bag, rows in usable.groupby("bag_id", sort=False)}
    return [_record(video, by_bag.get(video["bag_id"])) for video in videos.to_dict("records")]


def _record(video: dict[Any, Any], rows: pd.DataFrame | None) -> BagRecord:
    kept = {k: video[k] for k in ("bag_id", "manipulation", "pair_id", "label", "fake_rate", "status")}
    slots, tracks, labels, crops, sha256 = (tuple(rows[c]) if rows is not None else () for c in _OF_A_FACE)
    return BagRecord(**kept, slots=slots, tracks=tracks, frame_labels=labels, crops=crops, sha256=sha256)


N_POINTS = 68


def points_of(rows: pd.DataFrame) -> np.ndarray:
    """The points of LANDMARK rows.

    Shape: -> (len(rows), 68, 2) float32, x and y.
    """
    flat = [np.asarray(points, np.float32) for points in rows["points"]]
    return np.stack(flat).reshape(-1, N_POINTS, 2) if flat else np.empty((0, N_POINTS, 2), np.float32)
