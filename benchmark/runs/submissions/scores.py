"""Submission: reads a file of another tool's scores and finds what is wrong with its form."""

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.special import expit

from benchmark.runs.ground_truth import GroundTruth
from benchmark.runs.submissions.problem_lines import describe, list_names, name_rows
from ffpms.checks import shown
from ffpms.errors import ManifestError, first_line, unreadable
from ffpms.hashing import digest
from ffpms.regular_files import open_file
from ffpms.schema import UNKNOWN

COLUMNS = ("bag_id", "slot", "track_id", "score")
"""Columns of a file of scores."""
SEED = "seed"
"""Column that tells the scores of several trainings apart; it may be left out."""
LOGIT = "logit"
"""Column that may stand in the place of the score, which is then 1 / (1 + exp(-logit))."""
_MAX_COLUMNS = 8
"""Maximum number of columns in an error line."""
_GIVE = "give a CSV or Parquet file with bag_id, slot and score"


@dataclass(frozen=True)
class Submission:
    """A file's scores of the bags that count, in the truth's order.

    ``scores`` is a SCORE table without run and method, and with the column ``seed`` if the file has
    one. ``proposals`` is a PROPOSAL table; None if the file has scores.
    """

    truth: GroundTruth
    scores: pd.DataFrame
    proposals: pd.DataFrame | None = None

    @property
    def sha256(self) -> str:
        """SHA-256 of the scores themselves.

        It is the same for CSV and Parquet, and in any order of rows.
        """
        return _digest(self.scores[[*([SEED] if SEED in self.scores else []), *COLUMNS]])

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """The seeds of its trainings, in order; None stands for the only one of a file without."""
        return tuple(split_seeds(self.scores))

    def of(self, seed: int | None) -> pd.DataFrame:
        """Returns the scores of one training: a SCORE table without run and method."""
        return split_seeds(self.scores)[seed]

    @property
    def proposals_sha256(self) -> str:
        """SHA-256 of the proposals; '' if there are none."""
        return "" if self.proposals is None else _digest(self.proposals)


def _digest(table: pd.DataFrame) -> str:
    return digest(table.to_csv(index=False, lineterminator="\n").encode())


def split_seeds(rows: pd.DataFrame) -> dict[int | None, pd.DataFrame]:
    """Splits rows by their seed, without its column; None is the seed of rows that have none.

    Example:
        >>> list(split_seeds(pd.DataFrame({"seed": [1, 0, 1], "score": 0.5})))
        [0, 1]
    """
    if SEED not in rows:
        return {None: rows}
    seeds = rows[SEED].astype(int)
    return {seed: rows[seeds == seed].drop(columns=SEED) for seed in sorted(seeds.unique().tolist())}


def read_submission(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Reads a CSV or Parquet file; returns its rows and the problems of their form, one line a
    kind.

    The rows have the columns of COLUMNS, and the seed if the file has it. Slot and track are -1
    where there is none.

    Raises:
        ManifestError: there is no such file, or it is no table.
    """
    table = _read_table(path)
    if wrong := list(_check_columns([str(name) for name in table.columns])):
        return table, wrong
    rows, broken = _read_rows(table)
    problems = _check_rows(rows, broken, LOGIT if LOGIT in table else "score")
    return rows, [problem for problem in problems if problem]


def _read_rows(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Reads the rows of a table; also returns which places of each column are none."""
    rows, broken = pd.DataFrame({"bag_id": table["bag_id"].astype(str), "score": _read_scores(table)}), {}
    for name, highest in (("slot", 2**15 - 1), ("track_id", 2**15 - 1), (SEED, 2**31 - 1)):
        if name in table:
            rows[name], broken[name] = _to_places(table[name], highest)
        elif name != SEED:
            rows[name] = UNKNOWN
    return rows[[*COLUMNS, *([SEED] if SEED in rows else [])]], broken


def _read_scores(table: pd.DataFrame) -> pd.Series:
    """Reads scores, or makes them of logits; NaN is none."""
    if LOGIT not in table:
        return _to_numbers(table["score"])
    number = _to_numbers(table[LOGIT])
    return pd.Series(expit(number.to_numpy()), index=number.index)


def _check_rows(rows: pd.DataFrame, broken: dict[str, pd.Series], of_score: str) -> Iterator[str]:
    """Yields what is wrong with the cells of each column, which names a score ``of_score``."""
    score, todo = rows["score"], "give every row one" + (" in [0, 1]" if of_score == "score" else "")
    yield describe(f"{of_score}s that are no number", name_rows(rows[score.isna()]), todo)
    outside = (score < 0) | (score > 1)
    yield describe("scores outside [0, 1]", name_rows(rows[outside]), "give the probability of being fake")
    for name in ("slot", "track_id"):
        if name in broken:
            own = name_rows(rows[broken[name]])
            yield describe(f"{name}s that are no whole number", own, "leave it empty for a video")
    if SEED in broken:
        own = name_rows(rows[broken[SEED] | (rows[SEED] == UNKNOWN)])
        yield describe("seeds that are no whole number", own, "give every row one from 0, or leave the column out")


def _read_table(path: Path) -> pd.DataFrame:
    try:
        with open_file(path) as file:
            if file.read(4) == b"PAR1":
                table: pd.DataFrame = pq.read_table(file).to_pandas()  # an open file: a path may look like an address
                return table
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise ManifestError(f"{path}: not found; {_GIVE}") from None
    except IsADirectoryError as error:
        raise ManifestError(f"{path}: {error.strerror}; {_GIVE}") from None
    except (OSError, ValueError, pa.ArrowException) as error:
        if isinstance(error, OSError) and error.errno is not None:  # Arrow's own about the content have no number
            raise ManifestError(f"{path}: {unreadable(error)}") from None
        raise ManifestError(f"{path}: neither CSV nor Parquet ({first_line(error)}); write it again") from None


def _check_columns(names: list[str]) -> Iterator[str]:
    """Yields what is wrong with the names of columns; where none is known, one line says so."""
    if len(names) == 1 and (mark := next((mark for mark in ";\t" if mark in names[0]), "")):
        yield f"one column only, named {shown(names[0])}; separate columns by commas, not by {mark!r}"
        return
    todo = f"it takes {', '.join(COLUMNS)} (or {LOGIT}) and {SEED}, of which slot, track_id and seed may be left out"
    needed, every = ("bag_id", LOGIT if LOGIT in names else "score"), {*COLUMNS, SEED, LOGIT}
    if missing := [name for name in needed if name not in names]:
        yield f"no column {' and '.join(missing)} (there are: {list_names(names, _MAX_COLUMNS) or 'none'}); {todo}"
    elif unknown := [name for name in names if name not in every]:
        yield f"unknown columns {list_names(unknown, _MAX_COLUMNS)}; {todo}"
    if {"score", LOGIT} <= set(names):
        yield "both score and logit; leave one of the columns away"
    if twice := sorted({name for name in names if names.count(name) > 1} & every):
        yield f"columns {', '.join(twice)} are there twice; keep one of each"


def _to_numbers(column: pd.Series) -> pd.Series:
    """Converts a column to finite numbers, NaN for what is none.

    Pandas before version 3 errs by a last bit in numbers that it reads from text. Python does not,
    so that the same scores give the same run from CSV and from Parquet.
    """
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    numbers = numbers.where(np.isfinite(numbers))
    exact = [_read_exactly(cell, number) for cell, number in zip(column, numbers, strict=True)]
    return pd.Series(exact, index=column.index, dtype=np.float64)


def _read_exactly(cell: object, number: float) -> float:
    """Reads the text of a number again, if it is text and Python too takes it for a number."""
    if isinstance(cell, str) and not math.isnan(number):
        with suppress(ValueError):
            return float(cell)
    return number


def _to_places(column: pd.Series, highest: int) -> tuple[pd.Series, pd.Series]:
    """Converts a column to whole numbers from -1, which also stands for an empty cell.

    Also returns which cells are neither.
    """
    empty = column.isna() | (column.astype(str) == "")
    number = _to_numbers(column)
    broken = ~empty & ~((number % 1 == 0) & number.between(UNKNOWN, highest))
    return number.where(~empty & ~broken, UNKNOWN).astype(np.int64), broken
