"""Parquet files: opened wherever they lie; what is wrong with one is one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ffpms.errors import ManifestError, unreadable

VERSION = "ffpms.schema"
"""Key of the schema's version in the metadata of a table."""
_AGAIN = "run the command that makes it again"
_KINDS = (
    (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_dictionary),
    (pa.types.is_integer, pa.types.is_floating),
    (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list),
)


@contextmanager
def open_parquet(path: Path, name: str, again: str = _AGAIN) -> Iterator[pq.ParquetFile]:
    """Opens a Parquet file; what goes wrong while it is read is one line that begins with ``name``.

    ``again`` says how to get a lost or damaged table anew.

    Raises:
        ManifestError: it is not there, is no file, cannot be read, or is no whole Parquet file.
    """
    try:
        if path.exists() and not path.is_file():
            raise ManifestError(f"{name}: a folder or a pipe, no file; remove it, then {again}")
        with path.open("rb") as file, pq.ParquetFile(file) as table:
            yield table
    except FileNotFoundError:
        raise ManifestError(f"{name}: not found; {again}") from None
    except MemoryError:
        raise
    except OSError as error:
        if error.errno is None:  # Arrow's own errors about the content are OSErrors without a number
            raise _damaged(name, error, again) from error
        raise ManifestError(f"{name}: {unreadable(error)}") from error
    except (ValueError, pa.ArrowException) as error:
        raise _damaged(name, error, again) from error


def _damaged(name: str, error: Exception, again: str) -> ManifestError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return ManifestError(f"{name}: no whole Parquet file ({reason}); {again}")


def written_by(file: pq.ParquetFile) -> str:
    """Returns the schema version that a table names; empty if it names none."""
    version: bytes = (file.schema_arrow.metadata or {}).get(VERSION.encode(), b"")
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
