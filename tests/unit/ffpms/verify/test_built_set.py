"""What can be wrong with a built set's tables, its report and the tree it was built from is found."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ffpms.dataset.set_files import TABLES
from ffpms.errors import ConfigError, FfpmsError, ManifestError
from ffpms.parquet import read_table
from ffpms.verify import tables
from ffpms.verify.built_set import verify_data
from tests.helpers.tiny_set import BAG, STORED, edit, found, make_set, put, said, seal


def test_a_whole_set_has_no_findings(whole: Path) -> None:
    report = verify_data(whole)
    assert report.findings == []
    assert report.about["dataset"] == "FFPMS-custom"


@pytest.mark.parametrize(("batch", "workers"), [(7, 1), (65_536, 2)])
def test_small_batches_and_several_processes_find_the_same(
    data: Path, monkeypatch: pytest.MonkeyPatch, batch: int, workers: int
) -> None:
    (data / STORED).write_bytes(b"x")
    edit(data, "frames", put({"label": 0}, bag_id=BAG))
    expected = verify_data(data).findings
    assert len(expected) >= 3
    monkeypatch.setattr(tables, "BATCH", batch)
    assert verify_data(data, workers=workers).findings == expected


@pytest.mark.parametrize("name", [f"{name}.parquet" for name in TABLES])
def test_a_table_is_held_against_its_hash(data: Path, name: str) -> None:
    rows = read_table(data / name, TABLES[name.removesuffix(".parquet")])
    rows.to_parquet(data / name)
    assert (name, "changed") in found(data)


@pytest.mark.parametrize("name", [f"{name}.parquet" for name in TABLES])
@pytest.mark.parametrize("how", ["gone", "empty", "text", "cut", "pipe"])
def test_a_table_that_cannot_be_read_is_found(data: Path, name: str, how: str) -> None:
    content = (data / name).read_bytes()
    (data / name).unlink()
    if how == "pipe":
        os.mkfifo(data / name)
    elif how != "gone":
        (data / name).write_bytes({"empty": b"", "text": b"PAR1 hello", "cut": content[:-9]}[how])
    assert found(data) == {(name, {"gone": "missing", "pipe": "not_a_file"}.get(how, "unreadable"))}


@pytest.mark.parametrize("name", ["README.md", "bags.jpg"])
def test_a_lost_file_of_the_card_is_found(data: Path, name: str) -> None:
    (data / name).unlink()
    (finding,) = verify_data(data).findings
    assert (finding.path, finding.kind, finding.todo) == (name, "missing", tables.AGAIN)


def test_a_set_without_faces_needs_no_picture(tmp_path: Path) -> None:
    make_set(tmp_path / "data", faces=False)
    assert not (tmp_path / "data" / "bags.jpg").exists()
    assert found(tmp_path / "data") == set()


def test_a_table_that_hides_the_rest_says_so(data: Path) -> None:
    (data / "grid.parquet").unlink()
    (data / STORED).unlink()
    assert said(data) == "grid.parquet: not found, so that crops and laws were not looked at"


def test_missing_columns_other_types_and_another_schema_are_found(data: Path) -> None:
    frames = pd.read_parquet(data / "frames.parquet")
    frames.drop(columns="label").assign(slot=frames["slot"].astype(str)).to_parquet(data / "frames.parquet")
    seal(data)
    assert {k for _, k in found(data)} == {"columns"}
    assert "frames.parquet: column label is not there, not int16" in said(data)
    assert "frames.parquet: schema none, not 1" in said(data)
    assert "frames.parquet: column slot is" in said(data)


def test_a_video_that_is_a_copy_of_one_in_another_split_is_found(data: Path) -> None:
    sources = pd.read_parquet(data / "sources.parquet")
    train, test = (sources.index[sources["split"] == split][0] for split in ("train", "test"))
    copied = sources.loc[[train, test], "source_video"]
    edit(data, "sources", put({"sha256": "a" * 64}, source_video=copied.iloc[0]))
    edit(data, "sources", put({"sha256": "a" * 64}, source_video=copied.iloc[1]))
    path, same = (sources.loc[row, "path"] for row in (test, train))
    assert (path, "duplicate") in found(data)
    assert f"{path}: the same bytes as {same}, which is train, and this is test" in said(data)


def test_an_unfinished_build_is_found(data: Path) -> None:
    (data / "build.json").write_text('{"complete": false, "config": {}}')
    assert found(data) == {("build.json", "unfinished")}


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"complete": true, "config": {}}', '{"complete": 1, "config": 2}', "\0"]
)
def test_a_damaged_report_is_an_error(data: Path, content: str) -> None:
    (data / "build.json").write_text(content)
    with pytest.raises(ManifestError, match=r"build\.json"):
        verify_data(data)


def test_no_set_and_a_pipe_as_report_are_errors(data: Path) -> None:
    (data / "build.json").unlink()
    with pytest.raises(ManifestError, match="no built set"):
        verify_data(data)
    os.mkfifo(data / "build.json")
    with pytest.raises(ManifestError, match="no file"):
        verify_data(data)


def test_settings_of_another_version_are_found(data: Path) -> None:
    report = json.loads((data / "build.json").read_text())
    report["config"]["recipe"]["novelty"] = 1
    (data / "build.json").write_text(json.dumps(report))
    assert "settings of another version" in said(data)


@pytest.fixture
def root(whole: Path, tmp_path: Path) -> Path:
    """The tree that the tiny set claims to be built from."""
    sources = pd.read_parquet(whole / "sources.parquet")
    for path, name in zip(sources["path"], sources["source_video"], strict=True):
        (tmp_path / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / path).write_bytes(name.encode())
    return tmp_path / "tree"


REAL = "original_sequences/youtube/c40/videos/004.mp4"


def test_the_source_files_are_those_of_the_build(data: Path, root: Path) -> None:
    assert found(data, root=root) == set()
    (root / REAL).write_bytes(b"another")
    assert found(data, root=root) == {(REAL, "changed")}
    assert found(data) == set(), "without the tree nothing is said of it"
    (root / REAL).unlink()
    assert found(data, root=root) == {(REAL, "missing")}
    os.mkfifo(root / REAL)
    assert found(data, root=root) == {(REAL, "not_a_file")}


def test_a_source_file_may_lie_behind_a_link(data: Path, root: Path) -> None:
    (root / REAL).rename(root.parent / "elsewhere.mp4")
    (root / REAL).symlink_to(root.parent / "elsewhere.mp4")
    assert found(data, root=root) == set()


def test_a_source_path_out_of_the_tree_is_never_opened(data: Path, root: Path) -> None:
    os.mkfifo(root.parent / "pipe")
    edit(data, "sources", put({"path": "../pipe"}, source_video="original_004"))
    assert found(data, root=root) == {("../pipe", "unsafe_path")}


def test_a_source_that_could_not_be_read_is_not_asked_for(data: Path, root: Path) -> None:
    (root / REAL).unlink()
    edit(data, "sources", put({"sha256": ""}, source_video="original_004"))
    assert found(data, root=root) == set()


def test_a_tree_that_is_not_there_is_an_error(data: Path) -> None:
    with pytest.raises(ConfigError, match="not a folder"):
        verify_data(data, data / "nowhere")


def test_nothing_is_written(data: Path) -> None:
    (data / STORED).unlink()
    before = {p: p.stat().st_mtime_ns for p in data.parent.rglob("*")}
    verify_data(data)
    assert {p: p.stat().st_mtime_ns for p in data.parent.rglob("*")} == before


@given(st.sampled_from(list(TABLES)), st.floats(0, 1), st.binary(min_size=1, max_size=8), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_bytes_in_a_table_break_it(data: Path, table: str, at: float, junk: bytes, sealed: bool) -> None:
    """A table with some bytes changed is findings, or sound still, but never a crash."""
    name = f"{table}.parquet"
    whole = (data / name).read_bytes()
    start = int(at * (len(whole) - 1))
    changed = whole[:start] + junk + whole[start + len(junk) :]
    try:
        (data / name).write_bytes(changed)
        assert verify_data(seal(data) if sealed else data).findings or sealed or changed == whole
    finally:
        (data / name).write_bytes(whole)
        seal(data)


KEYS = ("complete", "config", "counts", "sha256", "recipe", "crop", "dataset", "frames", "size")
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)


@given(st.recursive(SCALARS, nested))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_report_breaks_it(data: Path, report: object) -> None:
    (data / "build.json").write_text(json.dumps(report))
    with contextlib.suppress(FfpmsError):
        assert verify_data(data).findings
