"""Tables beside files: what each file is, a table a split, and for all splits as CSV."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ffpms.export.features import make_schema
from ffpms.export.format import ExportJob, Step
from ffpms.export.selection import ExportBag
from ffpms.storage import whole_file, write_whole

TABLE = "metadata.csv"
"""All files of all splits, for people and programs that read no Parquet."""
METADATA = "metadata.parquet"
"""The files of a split, in its folder, where Hugging Face's ImageFolder and VideoFolder look."""

MakeRows = Callable[[Sequence[ExportBag]], list[dict[str, Any]]]


def table_steps(job: ExportJob, make_rows: MakeRows, features: dict[str, Any]) -> list[Step]:
    """Returns a step a table; ``make_rows`` gives each row a ``file_name`` below its split.

    A split without a file has no table of its own, for nobody's loader opens one without rows.
    """
    paths = {split: job.out / split / METADATA for split in job.splits_with_faces}
    steps = [Step((path,), partial(_write, path, job.of(split), make_rows, features)) for split, path in paths.items()]
    return [*steps, Step((job.out / TABLE,), partial(_write_csv, job, make_rows, features))]


def _write(path: Path, bags: Sequence[ExportBag], make_rows: MakeRows, features: dict[str, Any]) -> None:
    """Writes a row a file; ImageFolder and VideoFolder take no row without one."""
    rows = [{name: row[name] for name in features} for row in make_rows(bags) if row["file_name"]]
    with whole_file(path, durable=False) as file:
        pq.write_table(pa.Table.from_pylist(rows, make_schema(features)), file, compression="zstd")


def _write_csv(job: ExportJob, make_rows: MakeRows, features: dict[str, Any]) -> None:
    rows = [
        row | {"file_name": row["file_name"] and f"{row['split']}/{row['file_name']}"} for row in make_rows(job.bags)
    ]
    write_whole(job.out / TABLE, pd.DataFrame(rows, columns=list(features)).to_csv(index=False, lineterminator="\n"))
