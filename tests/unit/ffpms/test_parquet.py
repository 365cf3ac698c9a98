"""Tables: written and read wherever they lie, and refused in one line if they are a stranger's or damaged."""

import errno
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ffpms import __version__
from ffpms.errors import ManifestError
from ffpms.parquet import read_table, write_table
from ffpms.schema import SEGMENT

ROWS = pd.DataFrame({"bag_id": ["DF_1_2", "DF_2_1"], "start": [0, 3], "end": [2, 4]})


@pytest.mark.parametrize(
    "name", ["a:b", "s3:x", "file:", "100%41", "a#b", "a b", "a\nb", "é", "-x", "?", "a=1", os.fsdecode(b"\xff")]
)
def test_a_table_may_lie_in_a_folder_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Arrow takes a relative path with a colon for an address."""
    try:
        (tmp_path / name).mkdir()
    except OSError:
        pytest.skip("no such name on this system")
    monkeypatch.chdir(tmp_path)
    path = Path(name) / "t.parquet"
    write_table(ROWS, SEGMENT, path)
    pd.testing.assert_frame_equal(read_table(path, SEGMENT), ROWS, check_dtype=False)
    assert [file.name for file in path.parent.iterdir()] == ["t.parquet"]


def column(values: list[Any], kind: pa.DataType | None = None) -> dict[str, pa.Array]:
    return {"start": pa.array(values, kind)}


BAD = {
    "text": column(["0", "1"]),
    "fractions": column([0.5, 1.5]),
    "too large": column([2**40, 0]),
    "empty cell": column([None, 1], pa.int16()),
    "nested": column([{"x": 1}, {"x": 2}]),
    "lists": column([[1], [2]]),
    "bytes": {"bag_id": pa.array([b"\xff", b"\xfe"])},
    "numbers for text": {"bag_id": pa.array([1, 2])},
}


@pytest.mark.parametrize("name", BAD)
def test_a_column_of_another_type_is_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t.parquet"
    columns = {"bag_id": pa.array(["a", "b"]), "start": pa.array([0, 1], pa.int16()), "end": pa.array([1, 2])}
    pq.write_table(pa.table(columns | BAD[name]), path)
    with pytest.raises(ManifestError) as caught:
        read_table(path, SEGMENT)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("; give the table that this version of ffpms writes (schema 1)")


def test_what_is_used_is_what_was_checked(tmp_path: Path) -> None:
    """Columns that nobody asked for are not read, and numbers have the schema's type."""
    path = tmp_path / "t.parquet"
    strange = pa.array([{"deep": [[1] * 100]}] * 2)
    pq.write_table(pa.table({"end": pa.array([2.0, 4.0]), "x": strange, "start": [0, 3], "bag_id": ["a", "b"]}), path)
    found = read_table(path, SEGMENT)
    assert list(found) == SEGMENT.names
    assert list(found.dtypes[["start", "end"]].astype(str)) == ["int16", "int16"]


def test_a_table_of_another_version_names_both(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(ROWS, SEGMENT, path)
    table = pq.read_table(path).replace_schema_metadata({"ffpms.schema": "7"})
    pq.write_table(table, path)
    with pytest.raises(ManifestError, match=f"schema 7, not 1, which ffpms {__version__} reads"):
        read_table(path, SEGMENT)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("gone", "not found; run the command that makes it again"),
        ("folder", "a folder, no file; remove it"),
        ("pipe", "a pipe, no file; remove it"),
        ("cut", "no whole Parquet file ("),
        ("text", "no whole Parquet file ("),
        ("forbidden", "cannot be read (Permission denied); make it readable"),
        ("disk", "cannot be read (Input/output error); look at the disk"),
    ],
)
def test_each_cause_has_its_own_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, said: str) -> None:
    path = tmp_path / "t.parquet"
    write_table(ROWS, SEGMENT, path)
    content = path.read_bytes()
    if how in ("gone", "folder", "pipe"):
        path.unlink()
    if how == "folder":
        path.mkdir()
    elif how == "pipe":
        os.mkfifo(path)
    elif how in ("cut", "text"):
        path.write_bytes(content[:-20] if how == "cut" else b"PAR1, they said")
    elif how in ("forbidden", "disk"):
        code = errno.EACCES if how == "forbidden" else errno.EIO
        monkeypatch.setattr(Path, "open", lambda *_: (_ for _ in ()).throw(OSError(code, os.strerror(code))))
    with pytest.raises(ManifestError) as caught:
        read_table(path, SEGMENT)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
