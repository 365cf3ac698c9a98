"""Published lengths and sizes: every video of FaceForensics++, known without its pixels."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

import data_manifests
from ffpms.parquet import read_table
from ffpms.protocol.plan import plan_frames
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import Pairs, read_pairs
from ffpms.schema import ORIGINAL, PUBLISHED_VIDEO, UNKNOWN, Status, bag_key

VIDEOS = data_manifests.ROOT / "ffpp" / "videos.parquet"
"""The table that ships with the project."""

CRF = {"raw": 0.0, "c23": 23.0, "c40": 40.0}
"""The x264 crf of each compression level; 0 is lossless. Lengths and sizes are the same in all."""

_WIDTH_UNIT = 32
_MEASURED = ["n_frames", "width", "height", "crf"]


def floored_width(width: int) -> int:
    """Returns the width of Face2Face and NeuralTextures of a real video: a multiple of 32 px.

    Example:
        >>> [floored_width(width) for width in (854, 1264, 640)]
        [832, 1248, 640]
    """
    return width // _WIDTH_UNIT * _WIDTH_UNIT


@dataclass(frozen=True)
class Published:
    """Length and size of a published video; sizes are in px."""

    split: str
    manipulation: str
    n_frames: int
    width: int
    height: int

    def other_length(self, n_frames: int) -> str:
        """Says how a file's length differs from the published one; empty if it does not.

        Example:
            >>> published_videos()["original_000"].other_length(303)
            '303 frames, not 396'
        """
        return "" if n_frames == self.n_frames else f"{n_frames} frames, not {self.n_frames}"

    def other_size(self, width: int, height: int) -> str:
        """Says how a file's size differs from the published one; empty if it does not."""
        same = (width, height) == (self.width, self.height)
        return "" if same else f"{width}x{height} px, not {self.width}x{self.height}"

    def other_file(self, n_frames: int, width: int, height: int) -> str:
        """Says how a file's length, else its size, differs from the published one."""
        return self.other_length(n_frames) or self.other_size(width, height)


@cache
def read_published() -> pd.DataFrame:
    """Reads the PUBLISHED_VIDEO rows of all 5,000 videos: originals, then each manipulation.

    Example:
        >>> videos = read_published()
        >>> len(videos), int(videos["n_frames"].sum())
        (5000, 2339661)
    """
    return read_table(VIDEOS, PUBLISHED_VIDEO)


@cache
def published_videos() -> dict[str, Published]:
    """Returns what is published of each video, by its name such as ``DF_953_974``."""
    fields = ["split", "manipulation", "n_frames", "width", "height"]
    rows = read_published()
    names = map(bag_key, rows["manipulation"], rows["video_id"])
    return {name: Published(*row) for name, row in zip(names, rows[fields].itertuples(index=False), strict=True)}


def published_names(split: str, manipulations: Collection[str]) -> list[str]:
    """Names the real videos of a split, and its fakes of these manipulations.

    Example:
        >>> len(published_names("test", ["DF"]))
        280
    """
    kinds = (ORIGINAL, *manipulations)
    return [name for name, about in published_videos().items() if about.split == split and about.manipulation in kinds]


def measured_files(sources: pd.DataFrame) -> dict[str, dict[Any, Any]]:
    """Returns length, size and crf of each video's file, by the video's name."""
    files = sources.set_index("source_video")[_MEASURED].to_dict("index")
    return {str(name): file for name, file in files.items()}


def other_than_published(name: str, file: dict[Any, Any]) -> str:
    """Says how the length, else the size, of a video's measured file differs; empty if neither."""
    return published_videos()[name].other_file(int(file["n_frames"]), int(file["width"]), int(file["height"]))


def has_crf_of(compression: str, file: dict[Any, Any]) -> bool:
    """Whether a measured file has the crf of a compression level."""
    return bool(file["crf"] == CRF.get(compression))


def are_official(pairs: Pairs) -> bool:
    """Whether all pairs are pairs of FaceForensics++, in any split; not so without any pair.

    Example:
        >>> are_official({"test": [("953", "974")]}), are_official({"test": [("000", "001")]})
        (True, False)
    """
    return bool(_members(pairs)) and _members(pairs) <= _official_members()


@cache
def _official_members() -> set[frozenset[str]]:
    return _members(read_pairs())


def _members(pairs: Pairs) -> set[frozenset[str]]:
    return {frozenset(pair) for members in pairs.values() for pair in members}


def fix_frames(slots: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Gives the slots of published videos their frames; returns PLANNED_FRAME rows."""
    known = read_published().assign(status=Status.OK.value, error="")
    known["source_video"] = list(map(bag_key, known["manipulation"], known["video_id"]))
    return plan_frames(slots, known, recipe)


def leave_frames_open(slots: pd.DataFrame) -> pd.DataFrame:
    """Leaves the frames of slots open whose videos' lengths are not known: PLANNED_FRAME rows."""
    return slots.assign(frame_index=UNKNOWN, n_frames=UNKNOWN)
