"""Training shared by two processes, as torchrun starts them for two GPUs."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tests.helpers.scores import names


def test_two_ranks_leave_one_run_and_resume_it(built: Path, tmp_path: Path) -> None:
    ffpms = Path(sys.executable).with_name("ffpms")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", ffpms]
    flags = ("--methods", "xn-avg,xn-max", "--backbone", "tiny", "--epochs", "2", "--device", "cpu", "--threads", "1")
    command = [*map(str, launch), "bench", *flags, "--data", str(built), "--out", str(tmp_path)]
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    board = pd.read_csv(tmp_path / "leaderboard.csv")
    assert names(board["method"]) == {"xn-avg", "xn-max"}
    assert "done already" in done.stderr
    for history in tmp_path.glob("*/history.csv"):
        assert len(pd.read_csv(history)) == 2
        assert json.loads((history.parent / "environment.json").read_text())["ranks"] == 2
        assert tomllib.loads((history.parent / "config.toml").read_text())["train"]["ranks"] == 2
        assert_scored_by_both_as_by_one(history)


def assert_scored_by_both_as_by_one(history: Path) -> None:
    """Both ranks scored the val bags of an epoch; the first alone scored them again with the kept weights."""
    kept = pd.read_csv(history).sort_values(["val_accuracy", "val_loss"], ascending=[False, True]).iloc[0]
    val = pd.read_parquet(history.parent / "val_scores.parquet").query("level == 'video'")
    assert kept["val_auc"] == pytest.approx(roc_auc_score(val["y_true"], val["score"]))
    each = -np.log(np.where(val["y_true"] == 1, val["score"], 1 - val["score"]))
    assert kept["val_loss"] == pytest.approx(np.mean([each[val["y_true"] == y].mean() for y in (0, 1)]), rel=1e-5)
