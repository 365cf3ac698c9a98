"""Progress bars: what they say, and that nothing of them is seen where none is wanted."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ffpms.cli.display import progress as bars_module
from ffpms.cli.display.progress import Bars
from ffpms.cli.options import PLAIN, progress


class Screen(io.StringIO):
    """A terminal for stderr."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def make_screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Makes stderr a terminal, for a test: pytest replaces what a fixture puts there."""
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    monkeypatch.setattr(bars_module, "EVERY_S", 0.0)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    return screen


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def never(_: object) -> bool:
    return False


def test_it_says_what_is_done_how_fast_and_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = make_screen(monkeypatch)
    items = Bars("target", hidden=False, failed=lambda n: n == 1)(range(4), 4)
    assert list(items) == [0, 1, 2, 3]
    text = plain(screen.getvalue())
    lines = [line.strip() for line in re.split("[\r\n]", text) if line.strip()]
    assert lines[0].startswith("target ━")
    assert lines[0].endswith(" 0/4")
    assert re.search(r" 3/4  1 failed  [\d.]+/s  0:00:0\d left$", lines[-2])
    assert re.search(r" 4/4  1 failed  [\d.]+/s$", lines[-1])
    assert "failed" not in lines[1]
    assert {len(line) for line in lines} == {80}


def test_slow_items_are_told_in_seconds() -> None:
    assert bars_module._speed(0.25, "target") == "4.0 s/target"
    assert bars_module._speed(12, "target") == "12.0/s"
    assert bars_module._speed(None, "target") == ""


def test_a_name_is_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = make_screen(monkeypatch)
    list(Bars("[red]x[/]", hidden=False, failed=never)(range(1), 1))
    assert "[red]x[/] ━" in plain(screen.getvalue())


def test_the_cursor_stays_for_who_kills_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = make_screen(monkeypatch)
    list(Bars("file", hidden=False, failed=never)(range(2), 2))
    assert "\x1b[?25" not in screen.getvalue()
    assert "\x1b[2K" in screen.getvalue(), "and the bar is gone in the end"


def test_log_lines_stand_above_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = make_screen(monkeypatch)
    bars, line = Bars("file", hidden=False, failed=never), f"[1/6] {'long ' * 30}"
    for _ in bars(range(2), 2):
        bars.log(line)
    erased = [part.rpartition("\x1b[2K")[2] for part in screen.getvalue().split(f"{line}\n")[:-1]]
    assert len(erased) == 2, "whole, and as they are"
    assert ["━" in part for part in erased] == [False, False], "the bar was erased before"


def test_a_loop_within_a_loop_has_a_bar_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = make_screen(monkeypatch)
    bars = Bars("file", hidden=False, failed=never)
    for _ in bars(range(2), 2):
        assert list(bars(range(3), 3)) == [0, 1, 2]
    assert "3/3" in screen.getvalue()
    assert "2/2" in plain(screen.getvalue()).rpartition("3/3")[2]


@pytest.mark.parametrize("how", ["break", "raise"])
def test_a_loop_that_is_left_leaves_no_bar(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    screen = make_screen(monkeypatch)

    @click.command()
    def command() -> None:
        for item in progress(False, "file")(range(9), 9):
            if item == 3 and how == "raise":
                raise click.ClickException("gone wrong")
            if item == 3:
                break
        click.echo("after", err=True)

    context = command.make_context("x", [])
    try:
        with context:
            command.invoke(context)
    except click.ClickException:
        click.echo("after", err=True)
    assert "━" not in screen.getvalue().rpartition("\x1b[2K")[2]
    assert screen.getvalue().endswith("after\n")


@pytest.mark.parametrize(
    ("arguments", "environment"), [(["--plain"], {}), ([], {"TERM": "dumb"}), (["--quiet"], {}), ([], {"PIPE": "1"})]
)
def test_no_bar_where_none_is_wanted(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], environment: dict[str, str]
) -> None:
    @click.command()
    @click.option("--quiet", is_flag=True)
    @PLAIN
    def command(quiet: bool) -> None:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: "PIPE" not in os.environ)
        assert list(progress(quiet, "file")(range(3), 3)) == [0, 1, 2]

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = CliRunner().invoke(command, arguments, env=environment, catch_exceptions=False)
    assert result.output == ""
    if environment.get("PIPE") is None:
        assert "3/3" in CliRunner().invoke(command, [], env={"TERM": "xterm"}).stderr, "and it shows elsewhere"


SCRIPT = """
import click
from ffpms.cli.options import progress
@click.command()
def command():
    for item in progress(False, "file")(range(5), 5):
        click.echo(f"result {item}")
command()
"""


@pytest.fixture
def terminal() -> Iterator[tuple[int, Callable[[], str]]]:
    """A pseudo-terminal: the end for a process, and what it was shown."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    master, slave = pty.openpty()

    def read() -> str:
        os.close(slave)
        parts = []
        try:
            while part := os.read(master, 65536):
                parts.append(part)
        except OSError:  # on Linux, once nobody has the other end open
            pass
        return b"".join(parts).decode()

    yield slave, read
    os.close(master)


def test_the_bar_is_on_stderr_and_results_are_whole_in_a_pipe(
    terminal: tuple[int, Callable[[], str]], tmp_path: Path
) -> None:
    slave, read = terminal
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "60"}
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", SCRIPT], stdout=out, stderr=slave, env=environment, check=True)
    assert (tmp_path / "out").read_text() == "".join(f"result {n}\n" for n in range(5))
    assert "5/5" in plain(read())
