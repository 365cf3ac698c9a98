"""Checks crops.parquet: each crop once, and its box that of the real video.

The box of a fake is compared through the geometry of its pair.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ffpms.extraction.alignment.registration import Geometry
from ffpms.extraction.boxes import Box
from ffpms.schema import CROP, ORIGINAL
from ffpms.verify.findings import Finding
from ffpms.verify.tables import read_batches, row_keys
from ffpms.verify.tally import Tally

_BOX = ["box_x", "box_y", "box_w", "box_h"]
_MAP = ["scale_x", "scale_y", "shift_x", "shift_y"]
_TOLERANCE_PX = 0.01
"""Tolerance in px, because boxes are stored in single precision."""


@dataclass(frozen=True)
class CropIndex:
    """Keys of the rows of crops.parquet, and the boxes of real crops by frame.

    The crops of a fake that stands alone are its own real ones here.
    """

    rows: np.ndarray
    boxes: pd.DataFrame


def stored_crops(data: Path) -> Iterator[pd.DataFrame]:
    """Yields the rows of crops.parquet that have pixels, a batch at a time."""
    for batch in read_batches(data / "crops.parquet", CROP):
        yield batch[batch["crop"] != ""]


def index_crops(data: Path, sources: pd.DataFrame) -> CropIndex:
    """Reads crops.parquet once; ``sources`` is indexed by source_video."""
    rows, boxes = [np.empty(0, np.uint64)], [pd.DataFrame(columns=_BOX, dtype="float32")]
    for batch in stored_crops(data):
        rows.append(row_keys(batch))
        videos = batch["source_video"]
        real = batch[(videos.map(sources["manipulation"]) == ORIGINAL) | (videos.map(sources["target_id"]) == videos)]
        boxes.append(real[_BOX].set_axis(frame_keys(real, sources)))
    known = pd.concat(boxes[1:] or boxes)
    return CropIndex(np.concatenate(rows), known[~known.index.duplicated()])


def check_crop_rows(data: Path, sources: pd.DataFrame, index: CropIndex) -> list[Finding]:
    """Returns findings about the rows of crops.parquet."""
    tally, seen = Tally(), np.empty(0, np.uint64)
    for batch in stored_crops(data):
        videos, keys = batch["source_video"], row_keys(batch[["source_video", "frame_index", "track_id"]])
        known = videos.isin(sources.index)
        tally.add("crops.parquet", "source_video is not in sources.parquet", videos[~known])
        tally.add("crops.parquet", "a face stands twice", videos[pd.Index(keys).duplicated() | np.isin(keys, seen)])
        moved = known & _is_moved(batch, sources, index.boxes)
        tally.add("crops.parquet", "box is not that of the real video's crop, mapped by the geometry", videos[moved])
        seen = np.concatenate([seen, keys])
    return tally.findings()


def _is_moved(rows: pd.DataFrame, sources: pd.DataFrame, boxes: pd.DataFrame) -> np.ndarray:
    """Whether a crop's box differs from the real video's box, mapped into its own pixels."""
    own = sources[_MAP].reindex(rows["source_video"]).to_numpy(float)
    real = boxes.reindex(frame_keys(rows, sources)).to_numpy(float)
    mapped = Geometry("", *own.T).map(Box(*real.T))
    expected = np.stack([mapped.x, mapped.y, mapped.w, mapped.h], axis=1)
    same: np.ndarray = (np.abs(rows[_BOX].to_numpy(float) - expected) <= _TOLERANCE_PX).all(axis=1)
    return ~same


def frame_keys(rows: pd.DataFrame, sources: pd.DataFrame) -> np.ndarray:
    """Hashes what a face shares with its counterparts: target, frame index and track."""
    target = rows["source_video"].map(sources["target_id"])
    return row_keys(pd.DataFrame({"target": target, "frame": rows["frame_index"], "track": rows["track_id"]}))
