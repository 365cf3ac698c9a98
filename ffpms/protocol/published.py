"""Published lengths and sizes: every video of FaceForensics++, known without its pixels."""

from functools import cache

import pandas as pd

import data_manifests
from ffpms.protocol.plan import plan_frames
from ffpms.protocol.recipe import Recipe
from ffpms.schema import PUBLISHED_VIDEO, UNKNOWN, Status, bag_key, read_table

VIDEOS = data_manifests.ROOT / "ffpp" / "videos.parquet"
"""The table that ships with the project."""


@cache
def read_published() -> pd.DataFrame:
    """Reads the PUBLISHED_VIDEO rows of all 5,000 videos: originals, then each manipulation.

    Example:
        >>> videos = read_published()
        >>> len(videos), int(videos["n_frames"].sum())
        (5000, 2339661)
    """
    return read_table(VIDEOS, PUBLISHED_VIDEO)


def fix_frames(slots: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Gives the slots of published videos their frames; returns PLANNED_FRAME rows."""
    known = read_published().assign(status=Status.OK.value, error="")
    known["source_video"] = [bag_key(*names) for names in zip(known["manipulation"], known["video_id"], strict=True)]
    return plan_frames(slots, known, recipe)


def leave_frames_open(slots: pd.DataFrame) -> pd.DataFrame:
    """Leaves the frames of slots open whose videos' lengths are not known: PLANNED_FRAME rows."""
    return slots.assign(frame_index=UNKNOWN, n_frames=UNKNOWN)
