"""docs/others-detectors.md: its script scores exported faces without ffpms, and its scores become a row."""

import re
import runpy
import shlex
from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tests.conftest import Command
from tests.helpers.pages import ROOT, code_of

PAGE = ROOT / "docs" / "others-detectors.md"
(SCRIPT,) = code_of(PAGE, "python")
LINES = [shlex.split(line) for block in code_of(PAGE, "sh") for line in block.splitlines()]


def test_the_page_runs_as_written_and_the_row_has_the_scripts_scores(place: Path, ffpms: Command) -> None:
    assert [line[:2] for line in LINES] == [["ffpms", "export"], ["python", "score.py"], ["ffpms", "evaluate"]]
    for program, *words in LINES:
        if program == "python":
            runpy.run_path(*words)
        else:
            result = ffpms(*words)
            assert result.exit_code == 0, (words, result.output)
    scores = pd.read_csv("test.csv")
    videos = pd.read_parquet(place / "ffpms-data" / "videos.parquet").set_index("bag_id")
    of_videos = scores[scores["slot"].isna()]
    wanted = roc_auc_score(videos.loc[of_videos["bag_id"], "label"], of_videos["score"])
    board = pd.read_csv("runs/leaderboard.csv").query("manipulation == 'all' and fake_rate_bucket == 'all'")
    row = board[board["method"] == "their-detector"].set_index("metric")
    assert row.loc["auc", "value"] == pytest.approx(wanted)
    assert {"frame_auc", "accuracy_val", "brier_scaled"} <= set(row.index)


def test_the_script_needs_no_ffpms_and_reads_no_label() -> None:
    imported = set(re.findall(r"^(?:import|from) (\w+)", SCRIPT, re.MULTILINE))
    assert imported == {"csv", "collections", "pathlib", "statistics", "numpy", "PIL"}
    assert set(re.findall(r'row\["(\w+)"\]', SCRIPT)) == {"split", "bag_id", "slot", "file_name"}
