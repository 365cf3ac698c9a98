"""Kills at any moment, of the build or of a worker, and two builds in one folder; run again, the bytes are the same."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.helpers.building import content, flags, program
from tests.helpers.processes import wait_for, workers_of

pytestmark = pytest.mark.usefixtures("warm_worker")

SEED = 6
MOMENTS = (".lock", "crops/.partial/*.working-on", "crops/*/shard.json", "frames.parquet.*.partial", "sources.parquet")


def at_work(out: Path) -> int:
    """How many workers have a target in hand."""
    return len(list(out.glob("crops/.partial/*.working-on")))


def test_killed_and_resumed_gives_the_same_bytes(
    ffpms: Command, tree: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    """SIGKILL as soon as some, but not all, shards are there."""
    out = tmp_path / "data"
    process = subprocess.Popen(program(*flags(tree, out)), start_new_session=True)
    while process.poll() is None and len(list(out.glob("crops/*/shard.json"))) < 2:
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "videos.parquet").exists(), "the kill came too late to test anything"
    assert ffpms(*flags(tree, out)).exit_code == 0
    assert content(out) == reference


def test_killed_at_random_moments_and_run_at_once_again_gives_the_same_bytes(
    tree: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    """Only the build is killed: its workers must end by themselves and not write into the next one's folder."""
    out, draw, killed = tmp_path / "data", random.Random(SEED), 0
    build = program(*flags(tree, out, "--workers", 2))
    for moment in (*MOMENTS, *draw.choices(MOMENTS, k=3)):
        process = subprocess.Popen(build)
        wait_for(lambda moment=moment, process=process: list(out.glob(moment)) or process.poll() is not None)
        time.sleep(draw.uniform(0.0, 0.4))
        killed += process.poll() is None
        process.kill()
        process.wait()
    assert killed > 2
    assert subprocess.run(build).returncode == 0
    assert content(out) == reference


def test_killed_workers_are_replaced_and_their_targets_done_again(
    tree: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    out = tmp_path / "data"
    process = subprocess.Popen(program(*flags(tree, out, "--workers", 2)), stderr=subprocess.PIPE, text=True)
    wait_for(lambda: at_work(out) == 2)
    for pid in workers_of(process.pid):
        os.kill(pid, signal.SIGKILL)
    assert process.communicate(timeout=120)[1] == ""
    assert process.returncode == 0
    assert content(out) == reference


@pytest.fixture
def _ctrl_c_is_heard() -> Iterator[None]:
    """A shell has what it runs in the background ignore Ctrl-C, and so would what that starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c_is_heard")
@pytest.mark.parametrize("moment", ["workers start", "workers work"])
def test_ctrl_c_is_one_line(ffpms: Command, tree: Path, tmp_path: Path, reference: dict[str, str], moment: str) -> None:
    """A terminal sends it to the build and to its workers."""
    out = tmp_path / "data"
    command = program(*flags(tree, out, "--workers", 2))
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_for(lambda: len(workers_of(process.pid)) == 2 if moment == "workers start" else at_work(out) == 2)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=30)[1] == "Stopped; run the same command again to go on.\n"
    assert process.returncode == 130
    assert ffpms(*flags(tree, out)).exit_code == 0
    assert content(out) == reference


def test_a_second_build_is_told_who_is_at_work_until_that_one_is_dead(
    ffpms: Command, tree: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    out = tmp_path / "data"
    process = subprocess.Popen(program(*flags(tree, out)))
    wait_for(lambda: at_work(out))
    process.send_signal(signal.SIGSTOP)  # so that it lives while the second asks
    result = ffpms(*flags(tree, out))
    said = f"Error: {out}: process {process.pid} on {socket.gethostname()} is building in it; wait for it or give"
    assert process.poll() is None
    assert result.exit_code == 2
    assert result.stderr.startswith(said)
    assert len(result.stderr.splitlines()) == 1
    process.kill()
    process.wait()
    assert ffpms(*flags(tree, out)).exit_code == 0
    assert content(out) == reference
