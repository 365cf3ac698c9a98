"""Training shared by two processes, as torchrun starts them for two GPUs."""

import json
import socket
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tests.helpers.scores import names
from tests.helpers.warm_process import ROOT, start_python

FLAGS = ("--methods", "xn-avg,xn-max", "--backbone", "tiny", "--epochs", "2", "--device", "cpu", "--threads", "1")


def test_two_ranks_leave_one_run_and_resume_it(built: Path, tmp_path: Path) -> None:
    command = ("bench", *FLAGS, "--data", str(built), "--out", str(tmp_path))
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run([*launch, Path(sys.executable).with_name("ffpms"), *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said, told = start_again((*command, "--json"), tmp_path)
    assert "done already" in said
    assert names(pd.DataFrame(json.loads(told))["method"]) == {"xn-avg", "xn-max"}, "the first rank alone prints"
    board = pd.read_csv(tmp_path / "leaderboard.csv")
    assert names(board["method"]) == {"xn-avg", "xn-max"}
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


def start_again(command: Sequence[str], place: Path) -> tuple[str, str]:
    """Starts both ranks by what torchrun sets for them, in processes that have torch.

    Returns what they say, and what they print.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": "2"}
    files = [[place.parent / f"{place.name}-{rank}.{kind}" for kind in ("out", "log")] for rank in range(2)]
    ranks = []
    for rank, own in enumerate(files):
        variables = meeting | {"RANK": str(rank), "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": "2"}
        code = f"import os, sys; os.environ |= {variables}; sys.argv = {['ffpms', *command]}"
        ranks.append(start_python(ROOT, own, "-c", f"{code}; from ffpms.cli import main; main()"))
    for process in ranks:
        process.join(timeout=300)
    told, said = ("".join(file.read_text(encoding="utf-8") for file in kind) for kind in zip(*files, strict=True))
    assert [process.exitcode for process in ranks] == [0, 0], said
    return said, told
