"""``ffpms predict`` as a user sees it."""

import json
import os
import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmark.inference.judge import Judge
from benchmark.inference.verdict import FileVerdict
from ffpms.cli.models.predict import _in_order
from tests.conftest import Command

ROOT = Path(__file__).parents[5]
SCHEMA = json.loads(re.findall(r"```json\n(.*?)```", (ROOT / "docs/predict.md").read_text(), re.DOTALL)[0])
TYPES: dict[str, Any] = {
    "string": str,
    "number": int | float,
    "integer": int,
    "null": None | type(None),
    "array": list,
    "object": dict,
    "boolean": bool,
}


@pytest.fixture
def folder(tree: Path, tmp_path: Path) -> Path:
    """One video of two people, and one file that is none."""
    out = tmp_path / "videos"
    out.mkdir()
    (out / "a.mp4").write_bytes((tree / "original_sequences/youtube/c40/videos/005.mp4").read_bytes())
    (out / "b.mp4").write_text("text")
    return out


def check(value: Any, schema: dict[str, Any], where: str = "") -> None:
    """Checks a value by the few words of JSON Schema that the page uses."""
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert any(isinstance(value, TYPES[name]) for name in names), f"{where}: {value!r} is no {names}"
    assert value in schema.get("enum", [value])
    if isinstance(value, dict):
        assert value.keys() == schema["properties"].keys(), where
        for key, own in value.items():
            check(own, schema["properties"][key], f"{where}.{key}")
    if isinstance(value, list):
        for one in value:
            check(one, schema["items"], f"{where}[]")


def test_json_is_as_the_page_says(ffpms: Command, run: Path, folder: Path) -> None:
    result = ffpms("predict", folder, "--run", run, "--json", "--workers", 1)
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    check(rows, SCHEMA)
    assert [Path(row["path"]).name for row in rows] == ["a.mp4", "b.mp4"]
    assert [row["status"] for row in rows] == ["ok", "unreadable"]
    assert [len(track["frames"]) for track in rows[0]["tracks"]] == [4, 4]


def test_a_line_a_file_and_what_the_model_is_once(ffpms: Command, run: Path, folder: Path) -> None:
    result = ffpms("predict", folder / "a.mp4", folder / "b.mp4", "--run", run, "--workers", 1)
    first, second = result.stdout.splitlines()
    assert re.match(r".*a\.mp4: 0\.\d+, (looks fake: person|does not look fake)", first)
    assert re.search(r"of 2 real val videos of \S+, (none|1|2) scores? as high", first)
    assert "b.mp4: no verdict (unreadable): cannot be read as a video" in second
    assert result.stderr.count("trained on") == 1
    assert "a hint, no proof" in result.stderr
    quiet = ffpms("predict", folder / "b.mp4", "--run", run, "--workers", 1, "--quiet")
    assert quiet.stderr == ""


def test_a_table_is_continued(ffpms: Command, run: Path, folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    flags = ("--run", run, "--csv", table, "--workers", 1)
    first = ffpms("predict", folder, *flags)
    assert first.exit_code == 0, first.output
    rows = pd.read_csv(table)
    assert rows["status"].tolist() == ["ok", "unreadable"]
    (folder / "a.mp4").chmod(0o000)
    again = ffpms("predict", folder, *flags)
    assert again.stdout == first.stdout
    (folder / "a.mp4").chmod(0o600)
    (folder / "b.mp4").write_bytes((folder / "a.mp4").read_bytes())
    third = ffpms("predict", folder, *flags, "--json")
    assert [row["status"] for row in json.loads(third.stdout)] == ["ok", "ok"]
    assert pd.read_csv(table)["status"].tolist() == ["ok", "ok"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["gone.mp4"], "gone.mp4: not found; give a video file or a folder of them"),
        (["videos", "--frames", "20", "--every", "1"], "--frames, --every: give one of them"),
        (["videos", "--every", "0"], "every: 0 is no number of seconds above 0"),
        (["videos/b.mp4", "--csv", "videos/b.mp4"], "is no table of 'ffpms predict'"),
        (["videos/none"], "videos/none: no video is in it"),
        ([], "Missing argument 'VIDEO...'"),
    ],
)
def test_bad_usage_is_one_line_and_2(
    arguments: list[str], line: str, ffpms: Command, run: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    Path("videos/none").mkdir()
    result = ffpms("predict", *arguments, "--run", run, "--workers", 1, "--quiet")
    assert result.exit_code == 2
    assert line in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read any file")
def test_a_file_without_permission_has_a_row(ffpms: Command, run: Path, folder: Path) -> None:
    (folder / "a.mp4").chmod(0o000)
    result = ffpms("predict", folder, "--run", run, "--workers", 1)
    assert "cannot be read (Permission denied); make it readable" in result.stdout


@pytest.fixture(params=[signal.SIGTERM, signal.SIGHUP])
def number(request: pytest.FixtureRequest) -> Iterator[int]:
    """A signal that ends a process, though it is one of pytest's workers, which heed some."""
    before = signal.signal(request.param, signal.SIG_DFL)
    yield request.param
    signal.signal(request.param, before)


def test_a_signal_leaves_no_crop(
    ffpms: Command, run: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    places: list[Path] = []

    def die(_: object, __: str, ___: object, crops: Path) -> None:
        places.append(crops.parent)
        assert crops.stat().st_size
        os.kill(os.getpid(), number)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Judge, "judge", die)
    assert ffpms("predict", folder / "a.mp4", "--run", run, "--workers", 1).exit_code == 128 + number
    assert [place.exists() for place in places] == [False]
    assert signal.getsignal(number) is signal.SIG_DFL


def test_verdicts_are_printed_in_the_order_of_the_files() -> None:
    made = [FileVerdict(name, "ok", "", None, (), "", "", 0.5, 0) for name in "cab"]
    assert [verdict.path for verdict in _in_order(made, ["a", "b", "c"])] == ["a", "b", "c"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_has_a_row(ffpms: Command, run: Path, folder: Path) -> None:
    (folder / "a.mp4").chmod(0)
    result = ffpms("predict", folder / "a.mp4", folder / "b.mp4", "--run", run, "--workers", 1)
    assert result.exit_code == 0, result.output
    assert "a.mp4: no verdict (unreadable): cannot be read (Permission denied)" in result.stdout


def test_the_help_has_the_flags_where_one_looks_for_them(ffpms: Command) -> None:
    output = ffpms("predict", "--help").stdout.partition("\nOutput:\n")[2].partition("\nMachine:\n")
    assert ("--csv" in output[0], "--config" in output[0], "--config" in output[2]) == (True, False, True)
    assert "--out DIR" in ffpms("pack", "--help").stdout
