"""Proposals: reads segments that another tool proposes, in AV-Deepfake1M's submission format.

That is JSON, ``{file: [[confidence, start_s, end_s], ...]}``, with seconds of the bag's own video.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.runs.ground_truth import GroundTruth
from benchmark.runs.submissions.problem_lines import describe
from benchmark.runs.submissions.scores import COLUMNS
from ffpms.errors import ConfigError, ManifestError, unreadable
from ffpms.regular_files import open_file, read_text
from ffpms.schema import PROPOSAL, UNKNOWN, WITH_PIXELS, Status

SUFFIX = ".mp4"
"""What follows a bag's id in the name of its file; it may be left out."""
NOTHING = [-1.0, 0.0, 0.0]
"""Stands for no proposal: it has no length, and no confidence is lower.

AV-Deepfake1M's evaluator cannot read a file without a proposal.
"""
MADE_OF_PROPOSALS = {
    "frames": "highest confidence of the proposals that cover the middle of the slot, 0 if none",
    "videos": "highest confidence of the video's proposals, 0 if none",
}
"""How the scores of a tool are made that gives proposals alone."""
_DIGITS = 6
"""Digits of seconds by which it is decided whether a proposal covers a slot's middle.

That is often the very time at which a frame begins, and so a proposal.
"""
_FORM = "[confidence, start_s, end_s]"
_WHOLE = f"write {{file: [{_FORM}, ...]}}"
_NUMBERS = ["confidence", "start_s", "end_s"]


@dataclass(frozen=True)
class _File:
    """What a JSON file has under a name."""

    name: str
    bag_id: str
    proposals: Any


class _Object(list[tuple[str, Any]]):
    """A JSON object, in which a name may stand twice."""


def is_json(path: Path) -> bool:
    """Whether a file of scores is JSON: its name ends in ``.json``, or it begins with a bracket."""
    with suppress(OSError), open_file(path) as file:  # whoever reads it says what is wrong
        return path.suffix.lower() == ".json" or file.read(64).lstrip()[:1] in (b"{", b"[")
    return path.suffix.lower() == ".json"


def read_proposals(path: Path, truth: GroundTruth) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Reads a file's proposals for the bags of a ground truth.

    Returns the rows of scores that they give, as a file of scores has them (MADE_OF_PROPOSALS), the
    proposals as a PROPOSAL table, and the problems, one line a kind.

    Raises:
        ConfigError: the truth has no built set, so that nobody knows how long its videos are.
        ManifestError: the file is not there, or is no JSON object.
    """
    times = truth.times
    if times is None:
        raise ConfigError(f"{path}: has times in seconds, so the videos must be known; add --data with their built set")
    files = _load(path, set(truth.videos["bag_id"]))
    rows, problems = _tabulate(files, truth, times)
    found = [*_check_files(files, truth), *problems, *_check_values(rows)]
    proposals = _to_slots(rows)
    scores = pd.concat([_score_videos(files, proposals, truth), _score_faces(rows, truth)])
    return scores[list(COLUMNS)], proposals, [problem for problem in found if problem]


def _load(path: Path, known: set[str]) -> list[_File]:
    """Reads the files that a submission names, in its order."""
    try:
        found = json.loads(read_text(path).removeprefix("\ufeff"), object_pairs_hook=_Object)
    except FileNotFoundError:
        raise ManifestError(f"{path}: not found; {_WHOLE}") from None
    except IsADirectoryError as error:
        raise ManifestError(f"{path}: {error.strerror}; {_WHOLE}") from None
    except OSError as error:
        raise ManifestError(f"{path}: {unreadable(error)}") from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: no JSON ({error}); {_WHOLE}") from None
    if not isinstance(found, _Object):
        raise ManifestError(f"{path}: no JSON object of files; {_WHOLE}")
    return [_File(name, name if name in known else name.removesuffix(SUFFIX), own) for name, own in found]


def _tabulate(files: list[_File], truth: GroundTruth, times: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Makes a row of each proposal for a bag that counts, with the times of its bag.

    Also says what is no proposal. What stands for none at all has no row.
    """
    lists = [file for file in files if isinstance(file.proposals, list) and not isinstance(file.proposals, _Object)]
    flat = [file.name for file in lists if file.proposals and not any(isinstance(one, list) for one in file.proposals)]
    numbers = [(file, _to_numbers(one)) for file in lists if file.name not in flat for one in file.proposals]
    rows = [(file.name, file.bag_id, *own) for file, own in numbers if own and not _is_nothing(own)]
    table = pd.DataFrame(rows, columns=["file", "bag_id", *_NUMBERS]).astype(dict.fromkeys(_NUMBERS, np.float64))
    counted = table[table["bag_id"].isin(truth.scored["bag_id"])]
    no_list = [file.name for file in files if file not in lists]
    broken = [file.name for file, own in numbers if own is None]
    return counted.merge(times, on="bag_id", how="left"), [
        describe("files that have no list", no_list, f"give each a list of {_FORM}"),
        describe("files whose list is flat", flat, f"write it as [{_FORM}, ...]"),
        describe("proposals that are not three numbers", broken, f"write each as {_FORM}"),
    ]


def _to_numbers(one: object) -> list[float] | None:
    """Returns the three numbers of a proposal; None if they are not."""
    if not isinstance(one, list) or len(one) != 3:
        return None
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in one):
        return None
    with suppress(OverflowError):
        numbers = [float(value) for value in one]
        return numbers if np.isfinite(numbers).all() else None
    return None


def _is_nothing(numbers: list[float]) -> bool:
    """Whether a proposal stands for none: it has neither length nor confidence."""
    confidence, start_s, end_s = numbers
    return start_s == end_s and confidence <= 0


def _check_files(files: list[_File], truth: GroundTruth) -> Iterator[str]:
    """Yields what is wrong with the names of the files, one line a kind."""
    split = f"{truth.split} bags of {truth.name}"
    bags = pd.Series([file.bag_id for file in files], dtype=object)
    names = pd.Series([file.name for file in files], dtype=object)
    known = bags.isin(truth.videos["bag_id"])
    yield describe(f"files that are not of the {split}", names[~known], truth.hint)
    yield describe("files that are there twice", names[bags.duplicated()], "keep one of them")
    if known.any() or bags.empty:
        needed = truth.scored[truth.scored["status"] != Status.NO_FACE]["bag_id"]
        todo = "give each a list, [] where nothing was found"
        yield describe(f"{split} that are not there", needed[~needed.isin(bags)], todo)


def _check_values(rows: pd.DataFrame) -> Iterator[str]:
    """Yields what is wrong with confidences and times, one line a kind."""
    wild = rows[~rows["confidence"].between(0, 1)]
    yield describe("confidences outside [0, 1]", wild["file"], "scale them to that range")
    backwards = rows[rows["start_s"] >= rows["end_s"]]
    yield describe("proposals that end before or where they begin", backwards["file"], f"write each as {_FORM}")
    early = rows[rows["start_s"] < 0]
    yield describe("proposals that begin before their video", early["file"], "count seconds from its first frame")
    late = rows[(rows["start_s"] >= _ends_s(rows)) | (rows["end_s"] > rows["duration_s"] + 1 / rows["fps"])]
    names = (f"{row.file} at {row.end_s:g} of {row.duration_s:.2f} s" for row in late.itertuples())
    yield describe("proposals beyond the end of their video", names, "count the frames that its bag is sampled from")
    unknown = rows.loc[rows["slot_s"].isna(), "file"].drop_duplicates()
    todo = "sources.parquet of the set has no fps of them; give a CSV file of scores"
    yield describe("files whose length in seconds is not known", unknown, todo)


def _ends_s(rows: pd.DataFrame) -> pd.Series:
    return rows["slot_s"] * rows["n_slots"]


def _to_slots(rows: pd.DataFrame) -> pd.DataFrame:
    """Converts seconds to slots: PROPOSAL rows by bag, from the most confident.

    Equally confident ones stay in their order. What ends within a frame after the last slot ends
    with it.
    """
    start, end = rows["start_s"] / rows["slot_s"], rows["end_s"] / rows["slot_s"]
    table = rows.assign(start=start, end=np.minimum(end, rows["n_slots"]))[PROPOSAL.names]
    in_order: pd.DataFrame = table.sort_values("confidence", ascending=False, kind="stable")
    return in_order.sort_values("bag_id", kind="stable").reset_index(drop=True)


def _score_videos(files: list[_File], proposals: pd.DataFrame, truth: GroundTruth) -> pd.DataFrame:
    bags = truth.scored[truth.scored["bag_id"].isin({file.bag_id for file in files})]
    highest = proposals.groupby("bag_id")["confidence"].max()
    score = bags["bag_id"].map(highest).fillna(0.0)
    return bags[["bag_id"]].assign(slot=UNKNOWN, track_id=UNKNOWN, score=score)


def _score_faces(rows: pd.DataFrame, truth: GroundTruth) -> pd.DataFrame:
    counts = truth.frames["bag_id"].isin(truth.scored["bag_id"]) & truth.frames["status"].isin(WITH_PIXELS)
    faces, keys = truth.frames[counts], ["bag_id", "slot"]
    pairs = faces[keys].drop_duplicates().merge(rows, on="bag_id")
    middle_s = (pairs["slot"] + 0.5) * pairs["duration_s"] / pairs["n_slots"]
    start_s, middle_s, end_s = (seconds.round(_DIGITS) for seconds in (pairs["start_s"], middle_s, pairs["end_s"]))
    highest = pairs[(start_s <= middle_s) & (middle_s < end_s)].groupby(keys)["confidence"].max()
    return faces.merge(highest.rename("score").reset_index(), on=keys, how="left").fillna({"score": 0.0})
