"""Engines: run one function over many jobs, in this process or in several."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from ffpms.errors import FfpmsError

Job = TypeVar("Job")
Result = TypeVar("Result")


def _end_with_parent(parent: int) -> None:
    """A worker whose parent was killed would go on and then wait for ever; this one ends within a second."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def run_local(function: Callable[[Job], Result], jobs: Iterable[Job], workers: int) -> Iterator[Result]:
    """Yields each job's result as it is done, in no fixed order; with one worker no process is started.

    Raises:
        FfpmsError: a worker process died, for lack of memory, say.
    """
    if workers <= 1:
        yield from map(function, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _end_with_parent, (os.getpid(),)) as pool:
        try:
            for future in as_completed([pool.submit(function, job) for job in jobs]):
                yield future.result()
        except BrokenProcessPool:
            message = (
                "a worker process died (out of memory?); run the same command again to go on, with fewer --workers"
            )
            raise FfpmsError(message) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
