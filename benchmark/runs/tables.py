"""Score tables of a run: reads them, and checks that they are what was written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa

from ffpms.errors import ManifestError
from ffpms.hashing import file_digest
from ffpms.parquet import read_table
from ffpms.regular_files import read_text
from ffpms.schema import SCORE


class DamagedTableError(ManifestError):
    """A table of a finished run is lost or damaged; its settings are as they were.

    ``what`` names the file and what is wrong with it. The message also says what to do.
    """

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(what, todo)
        self.what, self.todo = what, todo

    def __str__(self) -> str:
        return f"{self.what}; {self.todo}"


SCORE_AGAIN = "run the same 'ffpms bench' again, or delete the folder"
"""What to do about a damaged table of a trained run."""


@contextmanager
def reading_tables(todo: str) -> Iterator[None]:
    """Turns an error in a table into one line that says how to have it again."""
    try:
        yield
    except ManifestError as error:
        raise DamagedTableError(str(error).rpartition("; ")[0] or str(error), todo) from error


def check_hashes(mark: Path, but: str = "") -> None:
    """Compares the tables of a run with the hashes in its mark, ``DONE``.

    Marks of older versions have none. The table ``but`` is left out.

    Raises:
        ManifestError: a table is lost, or is not the one that was written.
    """
    for name in read_hashes(mark):
        if name != but:
            check_hash(mark, name)


def check_hash(mark: Path, name: str) -> None:
    """Compares a table of a run with its hash, if the run's mark has one.

    Raises:
        ManifestError: the table is lost, or is not the one that was written.
    """
    path, sha256 = mark.parent / name, read_hashes(mark).get(name)
    if sha256 and (not path.is_file() or file_digest(path) != sha256):
        raise ManifestError(f"{path}: lost, or not what was written")


def read_hashes(mark: Path) -> dict[str, str]:
    """Reads the hash of each table, by its name, from the mark of a run."""
    lines = [line.partition("  ") for line in read_text(mark, errors="replace").splitlines()]
    return {name: sha256 for sha256, _, name in lines}


def read_scores(path: Path, run_id: str) -> pd.DataFrame:
    """Reads the scores of a run.

    Raises:
        ManifestError: the table is not there, is damaged, or is another run's.
    """
    scores = read_table(path, SCORE)
    if others := sorted(set(scores["run_id"]) - {run_id}):
        raise ManifestError(f"{path}: has scores of {others[0]}; not this run's")
    if scores.empty or not (scores["score"].between(0, 1) & scores["y_true"].isin((0, 1))).all():
        raise ManifestError(f"{path}: has no score in [0, 1] and label for each row; damaged")
    return scores


def read_if_there(path: Path, schema: pa.Schema) -> pd.DataFrame:
    """Reads the table, or returns an empty one with its columns."""
    return read_table(path, schema) if path.is_file() else schema.empty_table().to_pandas()
