"""Compares rows of scores with the bags that they should score."""

from collections.abc import Collection, Iterator

import pandas as pd

from benchmark.runs.ground_truth import GroundTruth
from benchmark.runs.submissions.problem_lines import describe, name_rows
from ffpms.schema import UNKNOWN, Status

_SEE_FRAMES = "frames.parquet of the set has those there are"
_ALL_OR_NONE = "give every frame one, or leave out all rows with a slot"
_OF_A_VIDEO = "give each a row with an empty slot"


def keys_of(rows: pd.DataFrame, truth: GroundTruth) -> list[str]:
    """Returns the columns that identify a face.

    Tracks count if both the file and the set have any.
    """
    tracks = (rows["track_id"] != UNKNOWN).any() and (truth.frames["track_id"] != UNKNOWN).any()
    return ["bag_id", "slot", *(["track_id"] if tracks else [])]


def find_problems(rows: pd.DataFrame, truth: GroundTruth) -> list[str]:
    """Finds what is wrong with the rows compared to the bags they should score, one line a kind.

    What only follows from another line is left out: a bag without any row lacks its frames too, and
    rows of other bags alone lack all bags.
    """
    known = rows["bag_id"].isin(truth.videos["bag_id"])
    keys, split = keys_of(rows, truth), f"{truth.split} bags of {truth.name}"
    twice = rows.loc[rows.duplicated(keys), keys]
    problems = [
        describe(f"rows that are not of the {split}", rows.loc[~known, "bag_id"], truth.hint),
        describe("rows that score again what has a score", name_rows(twice), "keep one of them"),
    ]
    if known.any() or rows.empty:
        problems += _find_missing(rows[known], truth, split, keys)
    return [problem for problem in problems if problem]


def _find_missing(rows: pd.DataFrame, truth: GroundTruth, split: str, keys: list[str]) -> Iterator[str]:
    is_video, there = rows["slot"] == UNKNOWN, rows["bag_id"].unique()
    needed = truth.scored[truth.scored["status"] != Status.NO_FACE]["bag_id"]
    has_frames = bool((~is_video).any())
    todo = f"{_OF_A_VIDEO}, and one for each frame" if has_frames else _OF_A_VIDEO
    yield describe(f"{split} without a row", needed[~needed.isin(there)], todo)
    unscored = needed[needed.isin(there) & ~needed.isin(rows.loc[is_video, "bag_id"])]
    yield describe(f"{split} without a video score", unscored, _OF_A_VIDEO)
    if has_frames:
        yield from _find_frame_problems(rows[~is_video][keys], truth.faces(keys), there)


def _find_frame_problems(frames: pd.DataFrame, faces: pd.DataFrame, there: Collection[str]) -> Iterator[str]:
    """Yields what is wrong with frames; those of bags that are not ``there`` are not missed."""
    keys = list(frames.columns)
    strange = frames.merge(faces, on=keys, how="left")
    required = faces[faces["required"] & faces["bag_id"].isin(there)]
    lacking = required.merge(frames.assign(there=True), on=keys, how="left")
    what = f"rows of a {' or '.join(keys[1:])} that their bag has not"
    yield describe(what, name_rows(strange.loc[strange["label"].isna(), keys]), _SEE_FRAMES)
    yield describe("frames without a score", name_rows(lacking.loc[lacking["there"].isna(), keys]), _ALL_OR_NONE)
