"""Kills builds and benches at random moments; what they finish in the end must be the bytes of calm runs.

Two builds and two benches share the machine, and the benches share one ``--out``. Run it as
``python -m tests.load.kills --minutes 60``. It prints a table for docs/reliability.md.
"""

import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import click
import pandas as pd

from tests.helpers.building import content, program
from tests.helpers.processes import descendants_of

Content = Callable[[Path], dict[str, str]]
"""Folder -> hash or text of each file that no kill may change, by path."""

_ALIKE = ("scores.parquet", "best.safetensors", "videos.parquet")
"""Files of a run that are the same each time; others have times in them."""


def read_runs(out: Path) -> dict[str, str]:
    """Hashes what is the same each time of the files of runs; a history, without its seconds."""
    alike = {path: sha for path, sha in content(out).items() if Path(path).name in _ALIKE}
    histories = {path: pd.read_csv(path).drop(columns="seconds") for path in out.rglob("history.csv")}
    return alike | {str(path.relative_to(out)): history.to_csv() for path, history in histories.items()}


@dataclass
class Job:
    """A command that is killed again and again, with the content that it must give in the end."""

    name: str
    command: list[str]
    out: Path
    read: Content
    expected: dict[str, str]
    lasts: float
    draw: random.Random
    kills: int = 0
    faults: list[str] = field(default_factory=list)

    def round(self) -> None:
        """Kills the command a few times, runs it to its end, and compares."""
        for _ in range(self.draw.randint(3, 8)):
            self._start_and_kill()
        self._run(lambda _: None)
        found = self.read(self.out)
        self.faults += [f"{path}: other bytes" for path, sha in self.expected.items() if found.get(path) != sha]

    def _start_and_kill(self) -> None:
        after, with_children = self.draw.uniform(0, self.lasts), self.draw.random() < 0.5

        def kill(process: subprocess.Popen[str]) -> None:
            timer = threading.Timer(after, _kill, (process, with_children))
            timer.daemon = True
            timer.start()

        self._run(kill)

    def _run(self, kill: Callable[[subprocess.Popen[str]], None]) -> None:
        process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        kill(process)
        errors = process.communicate()[1]
        if process.returncode == -signal.SIGKILL:
            self.kills += 1
        elif process.returncode:
            self.faults.append(f"exit {process.returncode}: {''.join(errors.strip().splitlines()[-1:])}")


def _kill(process: subprocess.Popen[str], with_children: bool) -> None:
    """Kills a process; before it, if asked, all that it has started."""
    if process.poll() is None:
        children = descendants_of(process.pid) if with_children else []
        process.kill()
        subprocess.run(["kill", "-9", *map(str, children)], check=False, capture_output=True)


def make_jobs(folder: Path, identities: int, seed: int) -> list[Job]:
    """Makes a corpus and a set, runs each command calmly, and returns the jobs."""
    tree, data, runs = folder / "tree", folder / "data", folder / "runs"
    _calm(program("minicorpus", "--out", tree, "--identities", identities))
    tree_of = ("--ff-root", tree, "--splits", tree / "splits", "--size", 64, "--quiet")
    lasts = _calm(program("build", *tree_of, "--out", data))
    jobs = []
    for workers in (1, 2):
        out = folder / f"built-{workers}"
        build = program("build", *tree_of, "--out", out, "--workers", workers)
        draw = random.Random(f"{seed} build {workers}")
        jobs.append(Job(f"build with {workers} workers", build, out, content, content(data), lasts, draw))
    small = ("--backbone", "tiny", "--epochs", 3, "--seeds", "0,1", "--threads", 1, "--quiet")
    for methods in ("s-mil,xn-avg", "xn-avg,lstm"):
        bench, calm = ("bench", "--data", data, "--methods", methods, *small), folder / f"calm-{methods}"
        lasts = _calm(program(*bench, "--out", calm))
        draw, command = random.Random(f"{seed} {methods}"), program(*bench, "--out", runs)
        jobs.append(Job(f"bench of {methods}", command, runs, read_runs, read_runs(calm), lasts, draw))
    return jobs


def _calm(command: list[str]) -> float:
    """Runs a command without a kill; returns the seconds."""
    begun = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - begun


@click.command()
@click.option("--minutes", default=60.0, show_default=True)
@click.option("--identities", default=10, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(minutes: float, identities: int, seed: int) -> None:
    """Kills builds and benches for some minutes; exits with 1 if anything was lost or changed."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor() as pool:
        jobs = make_jobs(Path(name), identities, seed)
        until, rounds = time.monotonic() + 60 * minutes, 0
        while time.monotonic() < until:
            for job in jobs:
                shutil.rmtree(job.out, ignore_errors=True)
            list(pool.map(Job.round, jobs))
            rounds += 1
            _show(jobs, rounds)
    sys.exit(any(job.faults for job in jobs))


def _show(jobs: list[Job], rounds: int) -> None:
    click.echo(f"\n| after {rounds} rounds | kills | faults |\n|---|---|---|")
    for job in jobs:
        click.echo(f"| {job.name} | {job.kills} | {len(job.faults)} |")
    for fault in (fault for job in jobs for fault in job.faults):
        click.echo(fault, err=True)


if __name__ == "__main__":
    main()
