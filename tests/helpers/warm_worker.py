"""One worker process for the builds of many tests: starting one takes longer than what it has to do there."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from ffpms.engine import Done, Outcome, hide_main, on_processes
from ffpms.engine.interface import Job, Result


class WarmWorker:
    """The engine ``local``, whose one worker stays alive. Two workers and more are started as always."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))

    def __call__(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], workers: int
    ) -> Iterator[Outcome[Job, Result]]:
        if workers > 1:
            yield from on_processes(function, jobs, workers)
            return
        for job in jobs:
            with hide_main():
                done = self._pool.submit(_run, function, job, Path.cwd(), dict(os.environ))
            yield Done(job, done.result())

    def end(self) -> None:
        """Ends the process."""
        self._pool.shutdown()


def _run(function: Callable[[Job], Result], job: Job, folder: Path, environment: dict[str, str]) -> Result:
    """Does a job as a worker would that was started just now."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    return function(job)
