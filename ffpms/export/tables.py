"""Tables of a set, copied as they are, or with the rows of some bags alone.

Those of somebody's own videos leave out what is of a machine: paths, and messages about files.
"""

from functools import partial
from io import BytesIO

import pandas as pd
import pyarrow.parquet as pq

from ffpms.dataset.set_files import TABLES
from ffpms.export.format import ExportJob, Step, write_bytes
from ffpms.export.terms import has_private_names
from ffpms.parquet import check
from ffpms.regular_files import read_bytes
from ffpms.schema import ORIGINAL, bag_key

OF_A_MACHINE = ("path", "error")
"""Columns that say where videos lie, and what went wrong with their files."""


def table_names(job: ExportJob) -> list[str]:
    """Names the tables: of some bags alone there is no ``crops``, whose rows belong to all."""
    return [name for name in TABLES if job.is_whole or name != "crops"]


def table_bytes(job: ExportJob, name: str) -> bytes:
    """Returns a table's file: the set's own bytes if all of it may be told, else what may."""
    private = has_private_names(job.corpus)
    if job.is_whole and not private:
        return read_bytes(job.data.root / f"{name}.parquet")
    rows = _rows(job, name)
    if private:
        rows = rows.assign(**{column: "" for column in OF_A_MACHINE if column in rows})
    file = BytesIO()
    pq.write_table(check(rows, TABLES[name], name), file, compression="zstd")
    return file.getvalue()


def _rows(job: ExportJob, name: str) -> pd.DataFrame:
    """Returns the rows of the bags, or of the videos that they are made of."""
    table: pd.DataFrame = getattr(job.data, name)
    if job.is_whole:
        return table
    videos = job.selection.videos
    if name != "sources":
        return table[table["bag_id"].isin(videos["bag_id"])]
    reals = {bag_key(ORIGINAL, target) for target in videos["target_id"]}
    return table[table["source_video"].isin({*videos["bag_id"], *reals})]


def table_steps(job: ExportJob) -> list[Step]:
    """Returns a step a table."""
    paths = {name: job.out / f"{name}.parquet" for name in table_names(job)}
    return [Step((path,), partial(_write, job, name)) for name, path in paths.items()]


def _write(job: ExportJob, name: str) -> None:
    write_bytes(job.out / f"{name}.parquet", table_bytes(job, name))
