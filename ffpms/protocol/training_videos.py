"""Training videos of FaceForensics++: how many a set lacks, or has not as they were published.

The name of a set is that of its test videos. So this is for whoever was trained on the others.
"""

from collections.abc import Collection
from typing import Any

import pandas as pd

from ffpms.protocol.naming import PRESENT
from ffpms.protocol.published import CRF, published_videos
from ffpms.schema import ORIGINAL, Split


def find_lacking(
    videos: pd.DataFrame, sources: pd.DataFrame, compression: str, manipulations: Collection[str]
) -> tuple[str, ...]:
    """Counts the train and val videos that a set lacks: ``8 of 3600 train videos``.

    Those are counted that are not there or cannot be used, and those of another length, size or
    crf than published. ``manipulations`` are those that are trained on. What has no face counts as
    there.
    """
    status = dict(zip(videos["bag_id"], videos["status"], strict=True))
    rows = sources.set_index("source_video")[["n_frames", "width", "height", "crf"]].to_dict("index")
    lines = []
    for split in (Split.TRAIN, Split.VAL):
        names = _names(split, manipulations)
        lost = [n for n in names if status.get(n) not in PRESENT or not _is_published(n, rows.get(n), compression)]
        lines += [f"{len(lost)} of {len(names)} {split} videos"] if lost else []
    return tuple(lines)


def _names(split: str, manipulations: Collection[str]) -> list[str]:
    kinds = (ORIGINAL, *manipulations)
    return [name for name, about in published_videos().items() if about.split == split and about.manipulation in kinds]


def _is_published(name: str, row: dict[Any, Any] | None, compression: str) -> bool:
    """Whether a file has the published length and size, and the crf of its level."""
    if row is None or row["crf"] != CRF.get(compression):
        return False
    return not published_videos()[name].other_file(int(row["n_frames"]), int(row["width"]), int(row["height"]))
