"""docs/board.md: its example runs as written."""

import runpy
import shlex
from pathlib import Path

import pandas as pd

from tests.conftest import Command
from tests.helpers.pages import ROOT, code_of

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


def test_recipes_of_boards_are_no_pages_of_the_site() -> None:
    assert '"board/**"' in (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")
