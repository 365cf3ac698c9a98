"""Functions for workers that do what videos do at their worst."""

import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path


def behave(job: str) -> str:
    """Dies, hangs, raises or answers, as its job says."""
    what, _, detail = job.partition(":")
    if what == "exit":
        os._exit(int(detail))
    if what == "kill":
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))  # Windows has one way to end a process
    if what == "abort":
        os.abort()
    if what == "raise":
        raise OSError(28, "No space left on device", detail)
    if what == "sleep":
        time.sleep(float(detail))
    return f"{job} done"


def die_in_answer(job: str) -> str:
    """Answers as :func:`behave` does, or is killed while it sends its answer, as its job says."""
    if job.startswith("half:"):
        send = Connection._send  # type: ignore[attr-defined]

        def send_half(line: Connection, content: bytes) -> None:
            send(line, content[: len(content) // 2])
            behave("kill:")

        Connection._send = send_half  # type: ignore[attr-defined]
    return behave(job)


def note_start(job: str) -> str:
    """Appends a line to the file it is given, before it takes its time."""
    with Path(job).open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(0.01)
    return job


class Unborn:
    """A function that kills the process that unpickles it."""

    def __call__(self, job: str) -> str:
        return job

    def __reduce__(self) -> tuple[object, ...]:
        return sys.exit, (7,)
