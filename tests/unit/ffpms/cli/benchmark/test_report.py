"""``ffpms report``: its flags, and what it says."""

import json
from pathlib import Path

import pytest

from ffpms import cli
from tests.conftest import Command, Once
from tests.helpers.bars import count_bars
from tests.helpers.run_folders import store_all
from tests.helpers.scores import run
from tests.helpers.trained_runs import make_trained


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    store_all(run(), tmp_path / "runs")
    return tmp_path / "runs"


def test_a_report_lies_where_it_is_asked_for(ffpms: Command, runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "page.html"
    result = ffpms("report", runs, "--out", out, "--no-faces")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    assert result.stdout.startswith(f"Here: {out}, {out.parent / 'page-figures' / 'fake-rate.pdf'}")
    assert len(list((tmp_path / "made" / "page-figures").iterdir())) == 8
    plain = ffpms("report", runs, "--out", out, "--no-faces", "--plain")
    assert (plain.exit_code, plain.stdout) == (0, result.stdout)
    assert f"--out {out} --no-faces" in out.read_text(encoding="utf-8")


def test_pictures_may_be_left_away_and_a_set_that_is_not_there_is_said(
    ffpms: Command, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = ffpms("report", runs, "--no-pictures", "--quiet")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    assert "--out report.html --bags 24 --no-pictures" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert result.stderr == "no faces of abc: the built set was not found; give it with --data\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "runs"]


def test_as_json_it_says_what_was_written(ffpms: Command, runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    result = ffpms("report", runs, "--out", out, "--no-pictures", "--json")
    said = json.loads(result.stdout)
    assert said.pop("seconds") > 0
    lost = "no faces of abc: the built set was not found; give it with --data"
    assert said == {"files": [str(out)], "runs": 1, "failures": 0, "notes": [lost]}


def test_rows_of_the_board_have_a_bar(
    ffpms: Command, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = count_bars(monkeypatch, "ffpms.cli.benchmark.report.progress")
    ffpms("report", runs, "--out", tmp_path / "page.html", "--no-pictures", "--no-faces")
    assert seen == [(False, "row", 1)]


def test_wrong_flags_are_one_line(ffpms: Command, runs: Path, tmp_path: Path) -> None:
    said = {
        ("--no-faces", "--data", tmp_path): "no-faces: contradicts --data",
        ("--data", tmp_path): f"{tmp_path}: no built set",
    }
    for flags, reason in said.items():
        result = ffpms("report", runs, *flags, "--out", tmp_path / "report.html")
        assert result.exit_code == 2
        assert reason in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert not (tmp_path / "report.html").exists()


def test_no_run_is_said_with_the_folder(ffpms: Command, tmp_path: Path) -> None:
    result = ffpms("report", tmp_path, "--out", tmp_path / "report.html")
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert "no finished run in it" in result.stderr


def test_without_the_charts_package_the_extra_is_named(
    ffpms: Command, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmark.report.page import read_vega

    read_vega.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "vl_convert", None)
    result = ffpms("report", runs, "--out", tmp_path / "report.html")
    assert result.exit_code == 2
    assert result.stderr == "Error: vl-convert-python: not installed; pip install 'ffpms[report]'\n"


def test_the_help_has_an_example() -> None:
    assert "Example: ffpms report runs" in str(cli.main.commands["report"].help)


def test_heat_maps_of_the_hardest_bags_have_one_too(
    ffpms: Command, once: Once, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = once("trained", make_trained)
    seen = count_bars(monkeypatch, "ffpms.cli.benchmark.report.progress")
    made = ffpms(
        *("report", trained / "runs", "--data", trained / "set", "--heatmaps", 2),
        *("--out", tmp_path / "page.html", "--no-pictures"),
    )
    assert made.exit_code == 0, made.output
    assert (False, "bag", 2) in seen
    assert "Heat maps (Grad-CAM) of the 2 hardest show where" in (tmp_path / "page.html").read_text(encoding="utf-8")
