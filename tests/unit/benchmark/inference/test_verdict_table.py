"""The table of verdicts loses nothing to a kill, and does nothing twice."""

import csv
import json
import os
from pathlib import Path

import pandas as pd
import pytest

from benchmark.inference.verdict import FileVerdict, FrameScore, Track
from benchmark.inference.verdict_table import COLUMNS, VerdictTable
from ffpms.errors import ConfigError, StorageError
from ffpms.locks import try_lock

FRAMES = tuple(FrameScore(i, i / 2, 0.9, 0.5, (1, 2, 30, 30)) for i in range(3))
ABOUT = {"run": "s-mil-1", "trained_on": "FFPMS", "threshold": 0.5, "n_real_val": 12, "real_val_as_high": 1}


def verdict(path: Path, probability: float | None = 0.9) -> FileVerdict:
    status = "unreadable" if probability is None else "ok"
    tracks = () if probability is None else (Track(0, probability, FRAMES),)
    error = "empty file; give a video file" if probability is None else ""
    return FileVerdict(str(path), status, error, probability, tracks, **ABOUT)  # type: ignore[arg-type]


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"pixels")
    return path


def write(table: Path, *verdicts: FileVerdict, settings: str = "frames=20", run: str = "s-mil-1") -> None:
    with VerdictTable.open(table, settings, run) as opened:
        for one in verdicts:
            opened.add(one)


def find(table: Path, video: Path, settings: str = "frames=20", run: str = "s-mil-1") -> FileVerdict | None:
    with VerdictTable.open(table, settings, run) as opened:
        return opened.find(video)


def test_what_is_done_is_found_again_as_it_was(tmp_path: Path, video: Path) -> None:
    write(tmp_path / "t.csv", verdict(video))
    assert find(tmp_path / "t.csv", video) == verdict(video)
    row = pd.read_csv(tmp_path / "t.csv").iloc[0]
    assert (row["status"], row["probability"], row["looks_fake"], row["people"]) == ("ok", 0.9, 1, 1)
    assert row["fake_seconds"] == "person 0 throughout"


def test_a_changed_file_another_model_and_other_settings_are_done_again(tmp_path: Path, video: Path) -> None:
    table = tmp_path / "t.csv"
    write(table, verdict(video))
    assert find(table, video, settings="every=0.5") is None
    assert find(table, video, run="s-mil-2") is None
    os.utime(video, ns=(1, 1))
    assert find(table, video) is None
    write(table, verdict(video, 0.2))
    assert pd.read_csv(table)["probability"].tolist() == [0.2]
    video.write_bytes(b"more pixels")
    os.utime(video, ns=(1, 1))
    assert find(table, video) is None


def test_an_unreadable_file_is_tried_again(tmp_path: Path, video: Path) -> None:
    write(tmp_path / "t.csv", verdict(video, None))
    assert find(tmp_path / "t.csv", video) is None
    assert len(pd.read_csv(tmp_path / "t.csv")) == 1


def test_a_cut_at_any_byte_loses_at_most_the_last_row(tmp_path: Path, video: Path) -> None:
    table = tmp_path / "t.csv"
    second = tmp_path / "b\n.mp4"
    second.write_bytes(b"pixels")
    write(table, verdict(video), verdict(second))
    whole = table.read_bytes()
    start = whole.index(b'"' + str(tmp_path).encode() + b"/b")
    for cut in {*range(start, len(whole), 41), len(whole) - 1}:
        table.write_bytes(whole[:cut])
        assert find(table, video) == verdict(video)
        with table.open(newline="") as file:
            kept = list(csv.reader(file))
        assert [len(row) for row in kept] == [len(COLUMNS)] * len(kept)
    table.write_bytes(whole)
    assert find(table, second) == verdict(second)


def test_a_row_is_on_the_disk_before_the_next_file(tmp_path: Path, video: Path) -> None:
    with VerdictTable.open(tmp_path / "t.csv", "", "") as opened:
        opened.add(verdict(video))
        assert str(video) in (tmp_path / "t.csv").read_text()


def test_details_longer_than_the_csv_module_expects(tmp_path: Path, video: Path) -> None:
    frames = tuple(FrameScore(i, i / 2, 0.9, 0.5, (1, 2, 30, 30)) for i in range(3000))
    long = FileVerdict(str(video), "ok", "", 0.9, (Track(0, 0.9, frames),), **ABOUT)  # type: ignore[arg-type]
    write(tmp_path / "t.csv", long)
    assert find(tmp_path / "t.csv", video) == long


@pytest.mark.parametrize("name", [b"\xff.mp4", '📹, "x".mp4'.encode(), b"new\nline.mp4", b"cl\rip.mp4"])
def test_any_name_has_a_row(name: bytes, tmp_path: Path) -> None:
    video = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    try:
        video.write_bytes(b"pixels")
    except OSError:
        pytest.skip("this file system has names of text alone")
    write(tmp_path / "t.csv", verdict(video))
    assert find(tmp_path / "t.csv", video) == verdict(video)
    assert len(pd.read_csv(tmp_path / "t.csv")) == 1


@pytest.mark.parametrize("content", [b"path,score\na,1\n", b"\x00\xff\x00", b"{}"])
def test_another_file_is_left_as_it_is(content: bytes, tmp_path: Path, video: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ConfigError, match="is no table of 'ffpms predict'"):
        find(tmp_path / "t.csv", video)
    assert (tmp_path / "t.csv").read_bytes() == content


def test_a_name_of_text_has_no_quotes(tmp_path: Path, video: Path) -> None:
    write(tmp_path / "t.csv", verdict(video))
    head, row = (tmp_path / "t.csv").read_bytes().splitlines(keepends=True)
    assert head == ",".join(COLUMNS).encode() + b"\n"
    assert row.startswith(f"{video},ok,,0.9,1,1,".encode())
    assert b"\r" not in row


def test_a_pipe_is_no_table_and_nothing_is_left_beside_it(tmp_path: Path, video: Path) -> None:
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(StorageError, match=r"t\.csv: is a pipe, no file; give another path"):
        find(tmp_path / "t.csv", video)
    assert sorted(tmp_path.iterdir()) == [video, tmp_path / "t.csv"]


def test_two_processes_do_not_write_one_table(tmp_path: Path, video: Path) -> None:
    with try_lock(tmp_path / ".t.csv.lock"), pytest.raises(ConfigError, match="is writing it"):
        find(tmp_path / "t.csv", video)


def test_a_verdict_survives_json(video: Path) -> None:
    assert FileVerdict.from_json(json.loads(json.dumps(verdict(video).as_json()))) == verdict(video)
