"""Tables on a terminal: they fit, say what they leave out, and no text in them is an instruction."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from benchmark.experiments.localisation import tabulate_segments
from benchmark.leaderboards.board import Board, make_board
from benchmark.runs.folder import Failure, Run
from ffpms.builder.build_result import BuildReport
from ffpms.cli.display import spelling, terminal
from ffpms.cli.display.board_tables import draw_board
from ffpms.cli.display.tables import draw_counts, draw_findings, draw_methods
from ffpms.cli.display.terminal import Drawing
from ffpms.verify.findings import Finding, Kind, Report
from tests.conftest import Command
from tests.helpers.scores import run

NUMBER = re.compile(r"(?<![±\d.])\d+\.\d\d[*†~ ]")
ODD_NAMES = ("[red]x[/]", "[/]", ":smile:", "\udcff.png", "a\x1b[31mb", "日本.png", "a\nb")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """What a terminal of some width shows of a drawing; without colours unless they are asked for."""

    def show(draw: Callable[[Drawing], object], width: int = 80, **environment: str) -> list[str]:
        for name, value in ({"TERM": "dumb", "COLUMNS": str(width), "FORCE_COLOR": "1"} | environment).items():
            monkeypatch.setenv(name, value)
        terminal.show("plain", draw)  # type: ignore[arg-type]
        return capsys.readouterr().out.splitlines()

    return show


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return [run(seed, method, ("DF", "F2F", "FS", "NT")) for seed in range(3) for method in ("s-mil", "xn-avg")]


@pytest.fixture(scope="module")
def board(runs: list[Run]) -> Board:
    return make_board(runs, [Failure("lstm-0", "lstm", 0, "FFPMS", "abc", "epochs=30", "no [memory] left; give fewer")])


@pytest.mark.parametrize("width", [200, 120, 80, 50, 30])
def test_a_leaderboard_fits_and_breaks_no_number(board: Board, shown: Callable[..., list[str]], width: int) -> None:
    lines = shown(lambda drawing: draw_board(drawing, board), width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    rows = [line for line in lines if line.startswith(("s-mil ", "xn-avg "))]
    (columns,) = {len(NUMBER.findall(row + " ")) for row in rows}
    assert (len(rows), columns == 5, columns > 0) == (6, width > 30, True)
    assert text.count("Left out for width: intervals") == (3 if width <= 50 else 0)
    assert ("DF" in text.split("Left out")[0]) == (width > 30)
    assert " all\n" in text, "the column of all stays"


def test_spreads_stand_beside_numbers_or_below_them(board: Board, shown: Callable[..., list[str]]) -> None:
    for width, together in ((200, True), (80, False)):
        lines = shown(lambda drawing: draw_board(drawing, board), width)
        row = next(line for line in lines if line.startswith("s-mil"))
        assert ("±" in row) is together
        assert len(re.findall(r"±\d", "\n".join(lines))) == 30
        assert len(re.findall(r"\d-\d+\.\d", "\n".join(lines))) == 30


def test_leading_tables_are_drawn_first_in_the_same_way(
    board: Board, runs: list[Run], shown: Callable[..., list[str]]
) -> None:
    leading = tuple(tabulate_segments(board.cells, runs))
    lines = shown(lambda drawing: draw_board(drawing, replace(board, leading=leading)), 200)
    places = [lines.index(next(line for line in lines if title in line)) for title in ("AP@0.5", "AR@50", "accuracy")]
    assert places == sorted(places)
    assert not any("|" in line for line in lines), "no Markdown"
    text = replace(board, leading=leading).markdown()
    assert text.startswith("### Segments proposed: average precision (%) by IoU")
    foot = "what was scored here."
    assert text.endswith(board.markdown().replace(foot, f"{foot} Tables without it are not compared."))
    assert sum(line.startswith("random scores (no method)") for line in lines) == 3


def test_points_stand_in_one_column(board: Board, shown: Callable[..., list[str]]) -> None:
    lines = shown(lambda drawing: draw_board(drawing, board), 200)
    rows = [line for line in lines if line.startswith(("s-mil ", "xn-avg "))]
    assert {tuple(m.start() for m in NUMBER.finditer(row)) for row in rows[:2]} == {
        tuple(m.start() for m in NUMBER.finditer(rows[0]))
    }


def test_marks_are_signs_that_are_explained(board: Board, shown: Callable[..., list[str]]) -> None:
    text = "\n".join(shown(lambda drawing: draw_board(drawing, board), 200))
    assert text.count("* ") > 3
    assert "\n*: the highest of the column" in text
    assert "Low-high: 95 % interval" in text
    assert "Bold" not in text
    assert "no [memory] left; give fewer" in text, "a failed trial"


def test_a_forced_pipe_gets_tables_and_plain_wins(ffpms: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = ffpms("methods").stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    forced = ffpms("methods").stdout
    assert "\x1b[1m" in forced
    assert "what it computes" in forced
    assert ffpms("--plain", "methods").stdout == ffpms("methods", "--plain").stdout == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[3[0-7]", ffpms("methods").stdout)
    monkeypatch.setenv("FORCE_COLOR", "0")
    assert ffpms("methods").stdout == plain


def test_methods_fit_with_all_that_is_known_of_them(ffpms: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    for width in (80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        output = ffpms("methods").stdout
        assert max(map(len, output.splitlines())) <= width
        for said in ("s-mil-t", "bag, in order", "legacy_xception", "--set lstm.OPTION=VALUE:", "Section 4"):
            assert said in output


@pytest.mark.parametrize("width", [120, 80])
def test_no_name_of_a_file_is_an_instruction(shown: Callable[..., list[str]], width: int) -> None:
    findings = [Finding(name, Kind.EXTRA, "[bold]in no table", "remove it") for name in ODD_NAMES]
    report = Report({}, "data", findings)
    text = "\n".join(shown(lambda drawing: draw_findings(drawing, report), width, TERM="xterm"))
    for name in ("[red]x[/]", "[/]", ":smile:", r"\udcff.png", r"a\x1b[31mb", "日本.png", r"a\nb", "[bold]in no"):
        assert name in text
    assert "\x1b[31" not in text


def test_findings_that_are_alike_are_counted(shown: Callable[..., list[str]]) -> None:
    many = [Finding(f"{folder}/{n}.mp4", Kind.MISSING, "gone", "get it") for folder in range(70) for n in range(9)]
    lines = shown(lambda drawing: draw_findings(drawing, Report({}, "data", many)), 120)
    assert sum("5 more in this folder" in line for line in lines) == 12
    assert lines[-1] == "... and 290 more; --json lists them all"


def test_counts_of_a_build_are_a_table(shown: Callable[..., list[str]]) -> None:
    counts = {"videos": {"all": 30, "ok": 29, "no_face": 1}, "sources": {"all": 1200, "ok": 1200}}
    summary = {"counts": counts, "dataset": "FFPMS-custom", "seconds": 3.5, "reasons": ["--size 64 is not v1's"]}
    report = BuildReport(Path("[data]"), summary, [], already_done=False)
    lines = shown(lambda drawing: draw_counts(drawing, report))
    assert lines[0] == "[data]: FFPMS-custom built in 3.5 s"
    assert lines[1].split() == ["all", "ok", "no_face"]
    assert [line.split() for line in lines[3:5]] == [["videos", "30", "29", "1"], ["sources", "1200", "1200"]]
    assert lines[-1].startswith("FFPMS-custom: --size 64")
    done = BuildReport(Path("data"), summary, [], already_done=True)
    text = " ".join(shown(lambda drawing: draw_counts(drawing, done)))
    assert " ".join(text.split()) == " ".join(done.describe().split())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_an_encoding_lacks_is_spelled(
    board: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, encoding: str
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with (tmp_path / "out").open("w", encoding=encoding) as stream:
        monkeypatch.setattr("sys.stdout", stream)
        spelling.spell_streams()
        terminal.show("", lambda drawing: draw_board(drawing, board))
        terminal.show("", lambda drawing: draw_methods(drawing, [], "minus − é → 日"))
    text = (tmp_path / "out").read_text(encoding=encoding)
    assert not re.search("[─│┃━]", text)
    assert ("+/-" in text, "~: not" in text) == ((encoding == "ascii",) * 2)
    assert f"minus - {'é' if encoding == 'cp1252' else chr(92) + 'xe9'} -> \\u65e5" in text


def test_spelling_changes_nothing_that_can_be_shown() -> None:
    assert spelling.spell("± − é 日", "utf-8") == "± − é 日"
    assert spelling.spell("± − \udcff", "ascii") == r"+/- - \udcff"
    assert pd.Series(["−"]).map(lambda text: spelling.spell(text, "cp1252")).tolist() == ["-"]


@pytest.mark.parametrize("forced", ["1", "0"])
def test_the_demo_shows_its_leaderboard_as_bench_does(
    ffpms: Command, board: Board, monkeypatch: pytest.MonkeyPatch, forced: str
) -> None:
    """Tables on a terminal, Markdown into a pipe; the work itself is left out."""
    outcome = SimpleNamespace(markdown=board.markdown(), board=board)
    monkeypatch.setattr("benchmark.demo.run_demo", lambda *_, print_board: print_board(outcome))
    monkeypatch.setenv("FORCE_COLOR", forced)
    text = ffpms("demo").stdout
    assert ("| method" in text) is (forced == "0")
    assert "Video AUC (%)" in text


def test_a_quiet_demo_prints_nothing(ffpms: Command, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(*arguments: Any, print_board: Callable[[object], None]) -> None:
        *_, log, bars = arguments
        for item in bars(range(3), 3):
            log(f"item {item}")
        print_board(SimpleNamespace(markdown=board.markdown(), board=board))

    monkeypatch.setattr("benchmark.demo.run_demo", work)
    assert "item 2" in ffpms("demo").output
    assert ffpms("demo", "--quiet").output == ""
