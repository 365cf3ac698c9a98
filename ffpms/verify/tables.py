"""Reads the tables of a built set in batches, so that memory does not grow with the rows."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ffpms.errors import ManifestError
from ffpms.hashing import file_digest
from ffpms.parquet import exact, open_parquet, other_version, written_by
from ffpms.schema import SCHEMA_VERSION
from ffpms.verify.findings import Finding, Kind
from ffpms.verify.path_safety import check_regular

BATCH = 65_536
"""Number of rows that are in memory at once."""

AGAIN = "run the same 'ffpms build' again to repair it"
"""What to do about a damaged set."""
BUILD_ANEW = "build anew with another --out; if it stays, report it"
"""What to do about a set that no build should have written."""
_OTHER_VERSION = "use the ffpms that build.json names, or build anew with another --out"


def check_table(data: Path, name: str, schema: pa.Schema, report: dict[str, Any]) -> list[Finding]:
    """Returns findings about a table's file, columns and number of rows."""
    fault = check_regular(data / name, name, AGAIN)
    if fault:
        return [fault]
    try:
        with open_parquet(data / name, name, AGAIN) as file:
            changed = list(_check_content(data, name, report, file.metadata.num_rows))
            return [*changed, *_check_columns(name, schema, file, AGAIN if changed else _OTHER_VERSION)]
    except ManifestError as error:
        return [replace(Finding.from_error(error), kind=Kind.UNREADABLE)]


def _check_content(data: Path, name: str, report: dict[str, Any], n_rows: int) -> Iterator[Finding]:
    if file_digest(data / name) != report["sha256"].get(name):
        yield Finding(name, Kind.CHANGED, "not the bytes that build.json names", AGAIN)
    counted = report["counts"].get(name.removesuffix(".parquet"))
    if isinstance(counted, dict) and counted.get("all") != n_rows:
        yield Finding(name, Kind.CHANGED, f"{n_rows} rows, but build.json counts {counted.get('all')}", BUILD_ANEW)


def _check_columns(name: str, schema: pa.Schema, file: pq.ParquetFile, todo: str) -> Iterator[Finding]:
    there, written = file.schema_arrow, written_by(file)
    if written != SCHEMA_VERSION:
        yield Finding(name, Kind.COLUMNS, other_version(written), todo)
    for field in schema:
        found = there.field(field.name).type if field.name in there.names else "not there"
        if found != field.type:
            yield Finding(name, Kind.COLUMNS, f"column {field.name} is {found}, not {field.type}", todo)


def read_batches(path: Path, schema: pa.Schema) -> Iterator[pd.DataFrame]:
    """Yields the schema's columns of a table, a batch of rows at a time.

    Raises:
        ManifestError: the file breaks off, or a number is missing: what is not known must be -1.
    """
    names = [field.name for field in schema if exact(field)]
    with open_parquet(path, path.name, BUILD_ANEW) as file:
        for batch in file.iter_batches(BATCH, columns=schema.names):
            batch.validate(full=True)
            empty = [name for name in names if batch.column(name).null_count]
            if empty:
                raise ManifestError(f"{path.name}: column {', '.join(empty)} has empty cells; {BUILD_ANEW}")
            yield batch.to_pandas()


def whole_bags(path: Path, schema: pa.Schema) -> Iterator[pd.DataFrame]:
    """Yields batches as :func:`read_batches` does, but never cuts a bag in two."""
    rest: pd.DataFrame | None = None
    for batch in read_batches(path, schema):
        rows = _joined(rest, batch)
        others = np.flatnonzero((rows["bag_id"] != rows["bag_id"].iloc[-1]).to_numpy())
        end = int(others[-1]) + 1 if len(others) else 0
        if end:
            yield rows.iloc[:end]
        rest = rows.iloc[end:]
    if rest is not None:
        yield rest


def _joined(rest: pd.DataFrame | None, batch: pd.DataFrame) -> pd.DataFrame:
    return batch if rest is None else pd.concat([rest, batch], ignore_index=True)


class RowStream:
    """Reads the rows of a table, any number at a time."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._batches = read_batches(path, schema)
        self._rest = next(self._batches, pd.DataFrame(columns=schema.names))

    def take(self, count: int) -> pd.DataFrame:
        """Returns the next ``count`` rows, or what is left."""
        while len(self._rest) < count and (batch := next(self._batches, None)) is not None:
            self._rest = _joined(self._rest, batch)
        head, self._rest = self._rest.iloc[:count], self._rest.iloc[count:]
        return head


def row_keys(rows: pd.DataFrame) -> np.ndarray:
    """Hashes the content of each row; equal values in columns of equal types give equal keys.

    Shape: (len(rows),) uint64.
    """
    return np.asarray(pd.util.hash_pandas_object(rows, index=False), np.uint64)
