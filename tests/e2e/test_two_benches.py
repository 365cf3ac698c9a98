"""Two ``ffpms bench`` with one --out share the work, whichever of them is killed."""

import os
import signal
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Command, Once
from tests.helpers.processes import wait_for
from tests.helpers.tiny_set import make_set
from tests.helpers.warm_process import ROOT, start_python

GRID = ("--methods", "s-mil,xn-max", "--seeds", "0,1", "--backbone", "tiny", "--epochs", 2, "--threads", 1)
RUNS = ["s-mil", "s-mil", "xn-avg", "xn-avg", "xn-max", "xn-max"]


@pytest.fixture(scope="module")
def data(once: Once) -> Path:
    """A set that is learned from in a moment."""
    return once("tiny-data", make_set)


class Bench:
    """A bench of the grid, as a process of its own that writes what it says to a file."""

    def __init__(self, data: Path, out: Path, log: Path, *flags: object) -> None:
        self.log = log
        command = ("-m", "ffpms", "bench", *GRID, "--data", data, "--out", out, *flags)
        self.process = start_python(ROOT, [Path(os.devnull), log], *command)
        self.pid = self.process.pid or 0

    def wait(self) -> int | None:
        """Its exit code, when it has ended."""
        self.process.join()
        return self.process.exitcode

    @property
    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


def check(out: Path, said: str, ffpms: Command) -> None:
    """Every run is there and was trained once, nothing else is, and the leaderboard has them all."""
    folders = [path.parent for path in sorted(out.glob("*/DONE"))]
    assert [folder.name.rpartition("-")[0] for folder in folders] == RUNS
    for method in ("s-mil", "xn-avg"):
        for seed in (0, 1):
            assert said.count(f"{method} seed {seed} epoch 2/2") == 1
    for folder in folders:
        assert len(pd.read_csv(folder / "history.csv")) == 2
    assert not [*out.rglob("*.partial"), *out.rglob("*.next"), *out.rglob("last.ckpt"), *out.rglob("*.owner")]
    assert len(list((out / "faces").iterdir())) == 1
    written = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    assert ffpms("leaderboard", out).exit_code == 0
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == written


def test_two_at_once_train_each_run_once(data: Path, tmp_path: Path, ffpms: Command) -> None:
    two = [Bench(data, tmp_path / "runs", tmp_path / name) for name in ("a.log", "b.log")]
    for bench in two:
        assert bench.wait() == 0, bench.said
    check(tmp_path / "runs", two[0].said + two[1].said, ffpms)


def test_two_at_once_score_another_set_once(data: Path, tmp_path: Path, ffpms: Command) -> None:
    others = make_set(tmp_path / "others", {"train": [], "val": [], "test": [("904", "905")]})
    flags = ("--test-data", others)
    two = [Bench(data, tmp_path / "runs", tmp_path / name, *flags) for name in ("a.log", "b.log")]
    for bench in two:
        assert bench.wait() == 0, bench.said
    said = two[0].said + two[1].said
    assert said.count("scores the test bags of") == len(list((tmp_path / "runs").glob("*/on-*/DONE"))) == 4
    assert not list((tmp_path / "runs").rglob("*.partial"))


def test_what_a_killed_bench_was_training_is_taken_over(data: Path, tmp_path: Path, ffpms: Command) -> None:
    first = Bench(data, tmp_path / "runs", tmp_path / "a.log")
    wait_for(lambda: any((tmp_path / "runs").glob("*/last.ckpt")), timeout_s=300)
    os.kill(first.pid, signal.SIGSTOP)
    second = Bench(data, tmp_path / "runs", tmp_path / "b.log")
    wait_for(lambda: f"process {first.pid} on " in second.said, timeout_s=300)
    first.process.kill()
    assert second.wait() == 0, second.said
    first.wait()
    check(tmp_path / "runs", first.said + second.said, ffpms)
