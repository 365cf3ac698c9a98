"""Trials spread over a Ray cluster give the runs that one process gives, byte for byte, whoever dies on the way."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from ffpms.cli.benchmark import bench_runtime
from tests.conftest import Command
from tests.helpers.processes import descendants_of, wait_for

QUICK = ("--methods", "xn-max,s-mil", "--backbone", "tiny", "--epochs", 8, "--threads", 1)


@pytest.fixture(autouse=True)
def _no_cluster_left() -> Iterator[None]:
    yield
    import ray

    ray.shutdown()


def kill_a_worker(out: Path, killed: list[int]) -> None:
    """Kills the first process found at work after the first checkpoint."""
    wait_for(lambda: any(out.glob("*/last.ckpt")), timeout_s=300)  # a busy machine takes a minute to start Ray
    wait_for(lambda: killed or kill_one(killed))


def kill_one(killed: list[int]) -> None:
    for pid in descendants_of(os.getpid()):
        with suppress(OSError):  # it has just ended
            if b"ray::run_ray_job" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
                return


def test_runs_on_a_cluster_are_those_of_one_process(
    built: Path, tmp_path: Path, ffpms: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_runtime, "usable_cores", lambda: 2)
    alone, spread = tmp_path / "alone", tmp_path / "spread"
    assert ffpms("bench", *QUICK, "--data", built, "--out", alone).exit_code == 0
    killed: list[int] = []
    killer = threading.Thread(target=kill_a_worker, args=(spread, killed))
    killer.start()
    result = ffpms("bench", *QUICK, "--data", built, "--out", spread, "--engine", "ray")
    killer.join()
    assert result.exit_code == 0, result.output
    assert len(killed) == 1
    assert "its worker died; it goes on from its last epoch" in result.stderr
    assert (spread / "leaderboard.csv").read_bytes() == (alone / "leaderboard.csv").read_bytes()
    names = sorted(path.parent.name for path in alone.glob("*/DONE"))
    assert [name.rpartition("-")[0] for name in names] == ["s-mil", "xn-avg", "xn-max"]
    for name in names:
        for table in ("scores.parquet", "grid_scores.parquet"):
            pd.testing.assert_frame_equal(*(pd.read_parquet(out / name / table) for out in (alone, spread)))


def test_what_a_cluster_cannot_do_is_said_in_a_line(
    built: Path, tmp_path: Path, ffpms: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_runtime, "usable_cores", lambda: 2)
    flags = ("bench", *QUICK[:-2], "--data", built, "--out", tmp_path, "--engine", "ray")
    for odd, said in (
        (("--threads", 3), "give --threads 2 or less"),
        (("--device", "cuda"), "device: cuda is not available on the cluster"),
        (("--device", "cuda:1"), "leave it at auto"),
    ):
        result = ffpms(*flags, *odd)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1), result.stderr
        assert said in result.stderr
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "use one of them" in ffpms(*flags).stderr
