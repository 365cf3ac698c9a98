"""Checks the bags and frames of a built set against the invariants, in batches of whole bags."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from ffpms.errors import ManifestError
from ffpms.protocol.listing import counterparts
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.v1_manifest import DATASET, N_BAGS, read_v1
from ffpms.schema import CROP, FRAME, SLOT, UNKNOWN, VIDEO, Split
from ffpms.verify.findings import Finding, Kind
from ffpms.verify.invariants import INVARIANTS, OF_PAIRS
from ffpms.verify.tables import BUILD_ANEW, RowStream, read_batches, row_keys, whole_bags
from ffpms.verify.tally import Tally

_OTHER_BAGS = f"videos.parquet: not the bags of frames.parquet, each once and in the same order; {BUILD_ANEW}"

_PLACED = [*SLOT.names, "frame_index"]
_NAMED = ["bag_id", "split", "status", "manipulation", "target_id"]


def check_bags(
    data: Path, recipe: Recipe, lengths: pd.Series, crops: np.ndarray, has_pairs: bool = True
) -> list[Finding]:
    """Returns findings about videos.parquet and frames.parquet.

    It checks the invariants, that no id is in two splits, and that every crop is in crops.parquet.
    ``crops`` has the keys of the rows of crops.parquet. ``lengths`` has the number of frames of
    each source. Only in a corpus that ``has_pairs`` are names and splits those of id pairs.
    """
    tally, splits = Tally(), dict[str, str]()
    for videos, rows in _bags(data):
        known = rows.assign(n_own=rows["bag_id"].map(lengths), n_real=counterparts(rows).map(lengths))
        slots = known[known["track_id"] == known.groupby("bag_id")["track_id"].transform("first")]
        for invariant in (*INVARIANTS, *(OF_PAIRS if has_pairs else ())):
            tally.add(invariant.table, invariant.message, slots.loc[invariant.broken(slots, recipe), "bag_id"])
        strange = (rows["crop"] != "") & ~np.isin(row_keys(rows[CROP.names]), crops)
        tally.add("frames.parquet", "crop is not as crops.parquet has it", rows.loc[strange, "bag_id"])
        ids = ["target_id", "source_id"] if has_pairs else ["target_id"]
        tally.add("videos.parquet", f"{' or '.join(ids)} is in another split too", _in_two_splits(videos, ids, splits))
    return tally.findings()


def check_v1(data: Path) -> list[Finding]:
    """Returns findings about a set named FFPMS: are its test labels and frames those that ship with
    the project?

    A slot without a frame, in a bag that could not be used, has its label only.
    """
    tally, v1, matched = Tally(), read_v1(), 0
    expected, placed = row_keys(v1[SLOT.names]), row_keys(v1[_PLACED])
    for _, rows in _bags(data):
        test = rows[rows["split"] == Split.TEST]
        known = np.isin(row_keys(test[SLOT.names]), expected)
        matched += int(known.sum())
        moved = known & (test["frame_index"] != UNKNOWN) & ~np.isin(row_keys(test[_PLACED]), placed)
        tally.add("frames.parquet", f"labels are not those of {DATASET} v1", test.loc[~known, "bag_id"])
        tally.add("frames.parquet", f"frame indices are not those of {DATASET} v1", test.loc[moved, "bag_id"])
    found = tally.findings()
    if matched != len(expected):
        what = f"has {matched} of the {len(expected)} frames of {DATASET} v1's {N_BAGS} bags"
        found.append(Finding("frames.parquet", Kind.LAW, what, BUILD_ANEW))
    return found


def read_test_bags(data: Path, most: float = N_BAGS) -> pd.DataFrame:
    """Reads what a set's name needs of its test bags, of a large set the first ``most``."""
    parts = [pd.DataFrame(columns=_NAMED)]
    for videos in read_batches(data / "videos.parquet", VIDEO):
        parts.append(videos.loc[videos["split"] == Split.TEST, _NAMED])
        if sum(map(len, parts)) > most:
            break
    return pd.concat(parts)


def _bags(data: Path) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yields rows of videos.parquet, and the rows of frames.parquet of the same bags joined with
    them.

    Raises:
        ManifestError: the tables do not have the same bags in the same order.
    """
    stream, seen = RowStream(data / "videos.parquet", VIDEO), np.empty(0, np.uint64)
    for frames in whole_bags(data / "frames.parquet", FRAME):
        names = frames["bag_id"][frames["bag_id"] != frames["bag_id"].shift()]
        videos = stream.take(len(names))
        keys = row_keys(videos[["bag_id"]])
        if list(names) != list(videos["bag_id"]) or videos["bag_id"].duplicated().any() or np.isin(keys, seen).any():
            raise ManifestError(_OTHER_BAGS)
        seen = np.concatenate([seen, keys])
        yield videos, frames.merge(videos, on="bag_id", suffixes=("", "_bag"))
    if not stream.take(1).empty:
        raise ManifestError(_OTHER_BAGS)


def _in_two_splits(videos: pd.DataFrame, columns: list[str], splits: dict[str, str]) -> pd.Series:
    """Returns the bags with an id that was seen in another split; ``splits`` remembers the ids."""
    broken = [
        any(splits.setdefault(i, split) != split for i in ids if isinstance(i, str))
        for split, *ids in videos[["split", *columns]].itertuples(index=False)
    ]
    return videos.loc[broken, "bag_id"]
