"""Scores of perturbed faces on disk: a table beside a run's own, or beside those on another set.

It is written after the run is done. So damage to it costs no other score.
"""

from pathlib import Path

import pandas as pd

from benchmark.runs.folder import DONE, PERTURBED, finish
from benchmark.runs.tables import check_hash, read_hashes, read_if_there, reading_tables
from ffpms.parquet import write_table
from ffpms.schema import PERTURBED_SCORE
from ffpms.storage import write_whole

_AGAIN = "run the same 'ffpms bench' with --perturb again"


def read_perturbed(folder: Path) -> pd.DataFrame:
    """Reads the scores of perturbed faces in a folder that is done; there may be none.

    Raises:
        DamagedTableError: the table is lost or damaged.
    """
    with reading_tables(_AGAIN):
        table = read_if_there(folder / PERTURBED, PERTURBED_SCORE)
        check_hash(folder / DONE, PERTURBED)
    return table


def write_perturbed(folder: Path, table: pd.DataFrame) -> None:
    """Writes the scores of perturbed faces into a folder that is done.

    A kill at any time leaves it done: its mark does not name the table meanwhile.
    """
    others = {name: sha256 for name, sha256 in read_hashes(folder / DONE).items() if name != PERTURBED}
    write_whole(folder / DONE, "".join(f"{sha256}  {name}\n" for name, sha256 in others.items()))
    write_table(table, PERTURBED_SCORE, folder / PERTURBED)
    finish(folder)
