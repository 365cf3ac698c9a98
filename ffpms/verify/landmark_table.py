"""Checks landmarks.parquet: one row for each crop of a real video, with finite numbers."""

from pathlib import Path

import numpy as np
import pandas as pd

from ffpms.schema import LANDMARK, ORIGINAL
from ffpms.verify.crop_table import CropIndex, frame_keys, stored_crops
from ffpms.verify.findings import Finding
from ffpms.verify.tables import read_batches
from ffpms.verify.tally import Tally

_TABLE = "landmarks.parquet"


def check_landmarks(data: Path, sources: pd.DataFrame, index: CropIndex) -> list[Finding]:
    """Returns findings about the rows of landmarks.parquet; ``sources`` is indexed by source_video.

    That each row has 68 points follows from the type of the column.
    """
    tally, seen = Tally(), np.empty(0, np.uint64)
    for batch in read_batches(data / _TABLE, LANDMARK):
        videos, keys = batch["source_video"], frame_keys(batch, sources)
        fitting = _is_real(batch, sources) & np.isin(keys, index.boxes.index)
        tally.add(_TABLE, "points of no crop of a real video", videos[~fitting])
        tally.add(_TABLE, "a face stands twice", videos[pd.Index(keys).duplicated() | np.isin(keys, seen)])
        tally.add(_TABLE, "points are no finite numbers", videos[[not _is_finite(own) for own in batch["points"]]])
        seen = np.concatenate([seen, keys[fitting]])
    for batch in stored_crops(data):
        without = _is_real(batch, sources) & ~np.isin(frame_keys(batch, sources), seen)
        tally.add(_TABLE, "a crop of the real video has no points", batch.loc[without, "source_video"])
    return tally.findings()


def _is_real(rows: pd.DataFrame, sources: pd.DataFrame) -> np.ndarray:
    return np.asarray(rows["source_video"].map(sources["manipulation"]) == ORIGINAL)


def _is_finite(points: np.ndarray | None) -> bool:
    return points is not None and bool(np.isfinite(np.asarray(points, float)).all())
