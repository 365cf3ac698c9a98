"""Training videos of FaceForensics++: how many a set lacks, or has not as they were published.

The name of a set is that of its test videos. So this is for whoever was trained on the others.
"""

from collections.abc import Collection
from typing import Any

import pandas as pd

from ffpms.protocol.published import has_crf_of, measured_files, other_than_published, published_names
from ffpms.schema import PRESENT, Split


def find_lacking(
    videos: pd.DataFrame, sources: pd.DataFrame, compression: str, manipulations: Collection[str]
) -> tuple[str, ...]:
    """Counts the train and val videos that a set lacks: ``8 of 3600 train videos``.

    Those are counted that are not there or cannot be used, and those of another length, size or
    crf than published. ``manipulations`` are those that are trained on. What has no face counts as
    there.
    """
    status = dict(zip(videos["bag_id"], videos["status"], strict=True))
    files = measured_files(sources)
    lines = []
    for split in (Split.TRAIN, Split.VAL):
        names = published_names(split, manipulations)
        lost = [n for n in names if status.get(n) not in PRESENT or not _is_published(n, files.get(n), compression)]
        lines += [f"{len(lost)} of {len(names)} {split} videos"] if lost else []
    return tuple(lines)


def _is_published(name: str, file: dict[Any, Any] | None, compression: str) -> bool:
    """Whether a file has the published length and size, and the crf of its level."""
    return file is not None and has_crf_of(compression, file) and not other_than_published(name, file)
