"""Every engine: all jobs are done, in bounded number; a dead worker costs its own job only."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from threading import Event, Thread

import pytest

from ffpms.engine import ENGINES, Died, Done, Outcome, run_local
from ffpms.engine.processes import defer_sigint, hide_main
from ffpms.errors import ConfigError, FfpmsError
from tests.helpers.jobs import Unborn, behave, die_in_answer, note_start
from tests.helpers.processes import is_alive, wait_for, workers_of


def told(outcomes: Iterator[Outcome[str, str]]) -> dict[str, str]:
    return {o.job: o.result if isinstance(o, Done) else "died" for o in outcomes}


def test_every_job_is_done(engine: str) -> None:
    jobs = [f"job:{i}" for i in range(7)]
    assert told(ENGINES[engine](behave, jobs, 2)) == {job: f"{job} done" for job in jobs}


def test_no_job_no_outcome(engine: str) -> None:
    assert list(ENGINES[engine](behave, [], 2)) == []


@pytest.mark.parametrize("death", ["exit:0", "exit:1", "kill:"])
def test_a_death_costs_its_own_job_only(engine: str, death: str) -> None:
    jobs = ["job:0", "sleep:0.5", death, *[f"job:{i}" for i in range(1, 5)]]
    expected = {job: f"{job} done" for job in jobs} | {death: "died"}
    assert told(ENGINES[engine](behave, jobs, 2)) == expected


def test_when_all_workers_die_the_others_go_on(engine: str) -> None:
    jobs = [f"exit:{i}" for i in range(1, 6)]
    assert list(told(ENGINES[engine](behave, jobs, 2)).values()) == ["died"] * 5


def test_an_error_is_raised_as_it_was(engine: str) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        list(ENGINES[engine](behave, ["job:0", "raise:disk", "job:1"], 2))
    assert (caught.value.errno, caught.value.filename) == (28, "disk")


def test_jobs_are_taken_as_workers_come_free(engine: str, tmp_path: Path) -> None:
    """Of endless jobs only a few are ever in hand."""
    taken = count()
    jobs = (str(tmp_path / "log") for _ in taken)
    assert len(list(islice(ENGINES[engine](note_start, jobs, 2), 20))) == 20
    assert next(taken) < 30


def test_who_stops_listening_stops_the_work(tmp_path: Path) -> None:
    log = tmp_path / "log"
    outcomes = ENGINES["local"](note_start, (str(log) for _ in count()), 2)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    lines = log.read_text()
    time.sleep(0.2)
    assert log.read_text() == lines


def test_two_workers_are_two_processes(tmp_path: Path) -> None:
    """However late the second begins."""
    log, pids = tmp_path / "log", set[str]()
    for _ in ENGINES["local"](note_start, [str(log)] * 3000, 2):
        pids = set(log.read_text().split())
        if len(pids) == 2:
            break
    assert len(pids) == 2
    assert str(os.getpid()) not in pids


def test_workers_that_cannot_begin_are_an_error_not_a_failure_of_their_jobs() -> None:
    with pytest.raises(FfpmsError, match=r"die at their start \(exit code 7\); what it wrote to standard error"):
        list(ENGINES["local"](Unborn(), ["job:0"], 1))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals that end a process")
@pytest.mark.parametrize(
    ("death", "told"),
    [
        ("kill:", "killed; out of memory?); free some memory"),
        ("abort:", "SIGABRT); what it wrote"),
        ("exit:3", "exit code 3); what it wrote"),
    ],
)
def test_a_message_says_how_a_worker_ended(death: str, told: str) -> None:
    """Memory is named only where the system killed it."""
    with pytest.raises(FfpmsError, match=rf"a worker process died \({re.escape(told)}"):
        list(run_local(behave, ["job:0", death], 2))


@pytest.mark.parametrize("workers", [1, 2])
def test_run_local_yields_results(workers: int) -> None:
    assert set(run_local(behave, ["a", "b", "c"], workers)) == {"a done", "b done", "c done"}


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at other processes by /proc")
def test_a_busy_worker_ends_with_its_killed_parent() -> None:
    code = "from ffpms.engine import *; from tests.helpers.jobs import *; list(on_processes(behave, ['sleep:600'], 1))"
    parent = subprocess.Popen([sys.executable, "-c", code])
    wait_for(lambda: workers_of(parent.pid))
    (worker,) = workers_of(parent.pid)
    time.sleep(1.0)
    parent.kill()
    parent.wait()
    wait_for(lambda: not is_alive(worker), timeout_s=10)


METHODS = [name for name in ("fork", "forkserver", "spawn") if name in multiprocessing.get_all_start_methods()]


@pytest.mark.parametrize("method", METHODS)
def test_the_engine_is_the_same_whatever_way_python_starts_processes(method: str) -> None:
    """Python 3.14 has another default on Linux, and macOS and Windows have their own."""
    code = (
        f"import multiprocessing; multiprocessing.set_start_method({method!r})\n"
        "from ffpms.engine import *; from tests.helpers.jobs import *\n"
        "print(sorted(run_local(behave, ['a', 'b', 'c'], 2)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert result.stdout == "['a done', 'b done', 'c done']\n", result.stderr


SCRIPT = """
from ffpms.engine import run_local
from tests.helpers.jobs import behave
print("begun", flush=True)
print(sorted(run_local(behave, ["a", "b", "c"], 2)))
"""


@pytest.mark.parametrize("way", ["file", "stdin", "command"])
def test_a_script_without_a_guard_may_start_workers(tmp_path: Path, way: str) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    arguments = {"file": [str(tmp_path / "script.py")], "stdin": ["-"], "command": ["-c", SCRIPT]}[way]
    command = [sys.executable, *arguments]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[4])}
    done = subprocess.run(command, input=SCRIPT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines() == ["begun", "['a done', 'b done', 'c done']"], done.stderr


def test_run_local_ends_with_a_dead_worker() -> None:
    with pytest.raises(FfpmsError, match="a worker process died"):
        list(run_local(behave, ["job:0", "kill:", "job:1"], 2))


def test_without_ray_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install 'ffpms\[ray\]'"):
        list(ENGINES["ray"](behave, ["job:0"], 1))


def test_ray_says_nothing_on_the_terminal() -> None:
    """Least of all on standard output, where --json goes."""
    code = (
        "from ffpms.engine import *; from tests.helpers.jobs import *; print(len([*on_ray(behave, ['kill:', 'b'], 1)]))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (result.stdout, result.stderr) == ("2\n", "")


def test_a_died_job_says_which() -> None:
    assert list(ENGINES["local"](behave, ["exit:3"], 1)) == [Died("exit:3")]


def test_a_death_in_the_middle_of_an_answer_costs_its_own_job_only() -> None:
    outcomes = told(ENGINES["local"](die_in_answer, ["job:0", "half:", "job:1"], 1))
    assert outcomes == {"job:0": "job:0 done", "half:": "died", "job:1": "job:1 done"}


def test_ctrl_c_while_a_process_starts_is_heard_once_it_has_started() -> None:
    """Whichever thread of ours hears it: a start that breaks off would leave a worker with a traceback."""
    starting, started = Event(), list[bool]()

    def press() -> None:
        starting.wait()
        os.kill(os.getpid(), signal.SIGINT)

    def start() -> None:
        with defer_sigint():
            starting.set()
            time.sleep(0.2)
            started.append(True)

    Thread(target=press).start()  # before the start, so that it may hear the signal itself
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            start()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert started == [True]


def test_threads_that_start_workers_leave_the_script_as_it_was() -> None:
    """The second hides it while the first does, and shows it again after the first."""
    main = sys.modules["__main__"]

    def hide(turn: int) -> None:
        time.sleep(0.02 * turn)
        with hide_main():
            time.sleep(0.2)

    threads = [Thread(target=hide, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left, sys.modules["__main__"] = sys.modules["__main__"], main
    assert left is main


def test_four_threads_may_run_jobs_at_a_time() -> None:
    main, done = sys.modules["__main__"], list[list[str]]()
    threads = [Thread(target=lambda: done.append(list(run_local(behave, ["a", "b"], 2)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left, sys.modules["__main__"] = sys.modules["__main__"], main
    assert left is main
    assert [sorted(results) for results in done] == [["a done", "b done"]] * 4
