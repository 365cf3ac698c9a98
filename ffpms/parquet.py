"""Parquet files: writes tables whole, reads them wherever they lie, and checks both ways."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ffpms import __version__
from ffpms.errors import ManifestError, first_line, unreadable
from ffpms.regular_files import open_file
from ffpms.schema import SCHEMA_VERSION
from ffpms.storage import whole_file

_VERSION = "ffpms.schema"
"""Key of the schema's version in the metadata of a table."""
_AGAIN = "run the command that makes it again"
_OF_ANOTHER_KIND = f"give the table that this version of ffpms writes (schema {SCHEMA_VERSION})"
_KINDS = (
    (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_dictionary),
    (pa.types.is_integer, pa.types.is_floating),
    (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list),
)


def check(table: pd.DataFrame, schema: pa.Schema, name: str = "table") -> pa.Table:
    """Converts the table to Arrow, with exactly the schema's columns and types.

    Raises:
        ManifestError: a column is missing or holds what its type cannot.
    """
    missing = [column for column in schema.names if column not in table]
    if missing:
        raise ManifestError(f"{name}: no column {', '.join(missing)}; {_OF_ANOTHER_KIND}")
    try:
        arrow = pa.Table.from_pandas(table[schema.names], schema=schema, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeError, ValueError) as error:
        raise ManifestError(f"{name}: {error}; {_OF_ANOTHER_KIND}") from error
    return arrow.replace_schema_metadata({_VERSION: SCHEMA_VERSION})


def write_table(table: pd.DataFrame, schema: pa.Schema, path: Path) -> None:
    """Writes the table as Parquet in one step: a reader sees the old file or the whole new one.

    Arrow gets an open file: it takes a path with a colon for an address.

    Raises:
        ManifestError: a column is missing or holds what its type cannot.
        StorageError: the disk is full, or refuses for another reason.
    """
    rows = check(table, schema, path.name)
    with whole_file(path, durable=False) as file:
        pq.write_table(rows, file, compression="zstd")


def read_table(path: Path, schema: pa.Schema, again: str = _AGAIN) -> pd.DataFrame:
    """Reads the schema's columns of a table, which may be a stranger's.

    ``again`` says how to get a lost or damaged table anew.

    Raises:
        ManifestError: the file is not there, is no Parquet file, or is of another version. Or it
            lacks a column, or a column has another type or an empty cell where a number must be.
    """
    with open_parquet(path, str(path), again) as file:
        names = _wanted(file, schema, path)
        table = check(file.read(columns=names).to_pandas(), schema, str(path))
    empty = [f.name for f in schema if exact(f) and table.column(f.name).null_count]
    if empty:
        raise ManifestError(f"{path}: column {', '.join(empty)} has empty cells; {_OF_ANOTHER_KIND}")
    known: pd.DataFrame = table.to_pandas()
    return known


def _wanted(file: pq.ParquetFile, schema: pa.Schema, path: Path) -> list[str]:
    """Names the schema's columns that a file has; checks its version and their types."""
    there, written = file.schema_arrow, written_by(file)
    if written not in ("", SCHEMA_VERSION):
        raise ManifestError(f"{path}: {other_version(written)}; use the ffpms that wrote it, or make it anew")
    names = [name for name in schema.names if there.get_field_index(name) >= 0]
    for name in names:
        if not fits(there.field(name).type, schema.field(name).type):
            what = f"column {name} is {there.field(name).type}, not {schema.field(name).type}"
            raise ManifestError(f"{path}: {what}; {_OF_ANOTHER_KIND}")
    return names


def other_version(written: str) -> str:
    """Says that a table is of another version, and names both."""
    return f"schema {written or 'none'}, not {SCHEMA_VERSION}, which ffpms {__version__} reads"


@contextmanager
def open_parquet(path: Path, name: str, again: str = _AGAIN) -> Iterator[pq.ParquetFile]:
    """Opens a Parquet file; what goes wrong while it is read is one line that begins with ``name``.

    ``again`` says how to get a lost or damaged table anew.

    Raises:
        ManifestError: it is not there, is no file, cannot be read, or is no whole Parquet file.
    """
    try:
        with open_file(path) as file, pq.ParquetFile(file) as table:
            yield table
    except FileNotFoundError:
        raise ManifestError(f"{name}: not found; {again}") from None
    except IsADirectoryError as error:
        raise ManifestError(f"{name}: {error.strerror}; remove it, then {again}") from None
    except MemoryError:
        raise
    except OSError as error:
        if error.errno is None:  # Arrow's own errors about the content are OSErrors without a number
            raise _damaged(name, error, again) from error
        raise ManifestError(f"{name}: {unreadable(error)}") from error
    except (ValueError, pa.ArrowException) as error:
        raise _damaged(name, error, again) from error


def _damaged(name: str, error: Exception, again: str) -> ManifestError:
    return ManifestError(f"{name}: no whole Parquet file ({first_line(error)}); {again}")


def written_by(file: pq.ParquetFile) -> str:
    """Returns the schema version that a table names; empty if it names none."""
    version: bytes = (file.schema_arrow.metadata or {}).get(_VERSION.encode(), b"")
    return version.decode(errors="replace")


def fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a column may have a type: text for text, numbers for numbers, lists for lists."""
    if found == wanted or pa.types.is_null(found):
        return True
    return any(
        any(is_kind(found) for is_kind in kinds) and any(is_kind(wanted) for is_kind in kinds) for kinds in _KINDS
    )


def exact(column: pa.Field) -> bool:
    """Whether a column may have no empty cell: in one of whole numbers -1 stands for unknown."""
    return bool(pa.types.is_integer(column.type) or pa.types.is_boolean(column.type))
