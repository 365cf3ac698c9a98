"""docs/board.md: its example runs as written, and ``make board`` makes a page of committed entries."""

import os
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Command
from tests.helpers.pages import ROOT, code_of
from tests.helpers.submission_folders import make_submission, predict_seeds
from tests.helpers.tiny_set import make_set

PAGE = ROOT / "docs" / "board.md"
(SCRIPT,) = code_of(PAGE, "python")
(CARD,) = code_of(PAGE, "toml")
LINES = [shlex.split(line) for block in code_of(PAGE, "sh") for line in block.splitlines()]


def test_the_page_runs_as_written(place: Path, ffpms: Command) -> None:
    assert [line[:2] for line in LINES] == [
        ["ffpms", "export"],
        ["python", "score.py"],
        ["ffpms", "evaluate"],
        ["ffpms", "report"],
    ]
    for program, *words in LINES:
        if program == "python":
            runpy.run_path(*words)
            (place / "my-entry" / "submission.toml").write_text(CARD, encoding="utf-8")
        else:
            result = ffpms(*words, *(["--no-pictures"] if words[0] == "report" else []))
            assert result.exit_code == 0, (words, result.output)
    board = pd.read_csv("my-board/leaderboard.csv").query("manipulation == 'all' and fake_rate_bucket == 'all'")
    assert set(board["method"]) == {"my-tool [trained on other data]"}
    assert set(board["seeds"]) == {"0;1;2"}
    assert {"frame_auc", "accuracy_val", "brier_scaled"} <= set(board["metric"])
    page = (place / "my-board.html").read_text(encoding="utf-8")
    assert '<a href="https://example.org/my-tool" rel="noopener noreferrer">' in page


def test_make_board_makes_a_page_of_each_set_once(ffpms: Command, tmp_path: Path) -> None:
    if shutil.which("make") is None:
        pytest.skip("needs make")
    boards, pages = tmp_path / "boards", tmp_path / "pages"
    data = make_set(tmp_path / "data")
    recipe = ("--recipe-only", "--split", "val,test", "--out", boards / "tiny" / "recipe")
    assert ffpms("export", data, *recipe).exit_code == 0
    for name in ("a-tool", "b-tool"):
        make_submission(boards / "tiny" / name, predict_seeds(data), method=name, title=f"<b>{name}</b>")

    def make() -> str:
        ready = tmp_path / "venv"
        ready.mkdir(exist_ok=True)
        (ready / ".report").touch()
        program = ready / "ffpms"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ffpms "$@"\n')
        program.chmod(0o755)
        given = (f"BOARDS={boards}", f"BOARD_PAGES={pages}", f"VENV={ready}", f"BIN={ready}")
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            ["make", "--no-print-directory", "board", *given],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "--submission" in make()
    page = (pages / "tiny.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;a-tool&lt;/b&gt;" in page
    assert "<b>a-tool" not in page
    assert make() == f"Here: {pages}/tiny.html\n", "nothing changed"
    shutil.rmtree(boards / "tiny" / "b-tool")
    card = boards / "tiny" / "a-tool" / "submission.toml"
    card.write_text(card.read_text().replace("A. Author", "C. Author"))
    assert "--submission" in make()
    page = (pages / "tiny.html").read_text(encoding="utf-8")
    assert "C. Author" in page
    assert "b-tool" not in page, "what is no longer there is not shown"


def test_recipes_of_boards_are_no_pages_of_the_site() -> None:
    assert '"board/**"' in (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")
