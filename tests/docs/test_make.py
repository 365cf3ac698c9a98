"""``make board`` makes pages of committed entries, and make installs once for each target."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.helpers.pages import ROOT
from tests.helpers.submission_folders import make_submission, predict_seeds
from tests.helpers.tiny_set import make_set

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
PROGRAMS = ("ffpms", "lint-imports", "mypy", "pip", "pytest", "python", "ruff", "sphinx-build")
TARGETS = ("demo", "test", "slow", "load", "lint", "docs", "board")


def run_make(*words: object) -> subprocess.CompletedProcess[str]:
    """Runs make as from a terminal, though a ``make test`` may run this."""
    own = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
    return subprocess.run(
        ["make", "--no-print-directory", *map(str, words)],
        cwd=ROOT,
        env=own | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def write_program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


class Boards:
    """Boards and their pages below a folder, with a recipe of a tiny set."""

    def __init__(self, root: Path, ffpms: Command) -> None:
        self.root, self.board, self.pages = root, root / "boards" / "tiny", root / "pages"
        self.venv = root / "venv"
        self.venv.mkdir()
        (self.venv / ".report").touch()
        write_program(self.venv / "python", f'exec {shlex.quote(sys.executable)} "$@"')
        data = make_set(root / "data")
        recipe = ("--recipe-only", "--split", "val,test", "--out", self.board / "recipe")
        assert ffpms("export", data, *recipe).exit_code == 0
        self.rows = predict_seeds(data)

    def add(self, name: str, **card: object) -> Path:
        return make_submission(self.board / name, self.rows, method=card.pop("method", name), **card)

    def make(self) -> subprocess.CompletedProcess[str]:
        given = (f"BOARDS={self.board.parent}", f"BOARD_PAGES={self.pages}", f"VENV={self.venv}", f"BIN={self.venv}")
        return run_make("board", *given)

    def read_made(self) -> dict[str, bytes]:
        return {str(path.relative_to(self.pages)): path.read_bytes() for path in self.pages.rglob("*.*")}


@pytest.fixture
def boards(tmp_path: Path, ffpms: Command) -> Boards:
    return Boards(tmp_path, ffpms)


def test_make_board_makes_the_page_that_its_entries_give(boards: Boards) -> None:
    here = f"Here: {boards.pages}/tiny.html\n"
    boards.add("a-tool", title="<b>a-tool</b>")
    boards.add("b-tool", url=None)
    made = boards.make()
    assert (made.returncode, made.stdout) == (0, here)
    assert f"{boards.board}/b-tool: its card does not state url\n" in made.stderr
    page = (boards.pages / "tiny.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;a-tool&lt;/b&gt;" in page
    assert "<b>a-tool" not in page
    assert "ffpms report tiny --out tiny.html --no-faces" in page
    assert [name for name, made in boards.read_made().items() if str(boards.root).encode() in made] == []
    again = boards.make()
    assert (again.returncode, again.stdout, again.stderr) == (0, here, ""), "nothing changed"

    shutil.rmtree(boards.board / "b-tool")
    assert boards.make().stdout == here
    assert "b-tool" not in (boards.pages / "tiny.html").read_text(encoding="utf-8"), "a withdrawn entry"
    assert {path.name[:6] for path in (boards.pages / "tiny").glob("*-tool-*")} == {"a-tool"}

    kept = boards.read_made()
    boards.add("c-tool", method="no name")
    refused = boards.make()
    assert refused.returncode == 2
    assert f"Error: {boards.board}/c-tool/submission.toml: method: 'no name' does not fit" in refused.stderr
    assert boards.read_made() == kept, "the page and the runs of before"

    for name in ("a-tool", "c-tool"):
        shutil.rmtree(boards.board / name)
    gone = boards.make()
    assert gone.stdout == f"Here: no page; {boards.board.parent} has no submission\n"
    assert gone.stderr == f"{boards.pages}/tiny.html: removed, as its board has no entry any more\n"
    assert [*boards.pages.iterdir()] == []


def test_no_name_of_a_folder_is_a_command(boards: Boards) -> None:
    boards.add("a';id>pwned;'b", method="a-tool")
    shutil.copytree(boards.board, boards.board.with_name("with space"))
    made = boards.make()
    assert made.returncode == 2
    assert not (ROOT / "pwned").exists()
    todo = "no plain name; rename the folder to a name of 1 to 64 letters"
    lines = [line for line in made.stderr.splitlines() if todo in line]
    assert [line.partition(": no plain")[0] for line in lines] == [
        f"Error: {boards.board}/a';id>pwned;'b",
        f"Error: {boards.board.with_name('with space')}",
        f"Error: {boards.board.with_name('with space')}/a';id>pwned;'b",
    ]


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_installs_once(tmp_path: Path, target: str) -> None:
    said, programs = tmp_path / "said", tmp_path / "venv" / "bin"
    programs.mkdir(parents=True)
    for name in (*PROGRAMS, "system-python"):
        write_program(programs / name, f'echo {name} "$@" >>{shlex.quote(str(said))}')
    make_submission(tmp_path / "boards" / "tiny" / "a-tool", predict_seeds(make_set(tmp_path / "data")))
    given = (f"VENV={programs.parent}", f"PYTHON={programs}/system-python", f"BOARDS={tmp_path / 'boards'}")
    for _ in range(2):
        made = run_make(target, *given, f"BOARD_PAGES={tmp_path / 'pages'}", "REFERENCE=avdeepfake1m")
        assert made.returncode == 0, made.stderr
    installed = [line for line in said.read_text().splitlines() if line.startswith("pip")]
    assert len(installed) == (2 if target == "test" else 1), "the reference is a second one"
