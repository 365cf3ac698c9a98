"""Score tables of a run: reads them, and checks that they are what was written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa

from ffpms.errors import ManifestError
from ffpms.hashing import digest
from ffpms.parquet import read_table
from ffpms.schema import SCORE


class DamagedTableError(ManifestError):
    """A table of a finished run is lost or damaged; its settings are as they were."""


@contextmanager
def reading_tables(external: bool) -> Iterator[None]:
    """Turns an error in a table into one line that says how to have it again."""
    again = f"run the same 'ffpms {'evaluate' if external else 'bench'}' again, or delete the folder"
    try:
        yield
    except ManifestError as error:
        raise DamagedTableError(f"{str(error).rpartition('; ')[0] or error}; {again}") from error


def check_hashes(mark: Path) -> None:
    """Compares the tables of a run with the hashes in its mark, ``DONE``. Older versions' marks have none.

    Raises:
        ManifestError: a table is lost, or is not the one that was written.
    """
    for line in mark.read_text(encoding="utf-8", errors="replace").splitlines():
        sha256, _, name = line.partition("  ")
        path = mark.parent / name
        if not path.is_file() or digest(path.read_bytes()) != sha256:
            raise ManifestError(f"{path}: lost, or not what was written")


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
