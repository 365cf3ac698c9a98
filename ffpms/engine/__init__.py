"""Engines: run one function over many jobs in other processes, here or on a Ray cluster.

An engine knows nothing of videos. If a worker dies, only the job it was doing is lost.
"""

from collections.abc import Callable, Iterable, Iterator

from ffpms.engine.interface import Died, Done, Engine, Job, Outcome, Result, advise
from ffpms.engine.processes import hide_main, on_processes
from ffpms.engine.ray_cluster import largest_node, on_ray
from ffpms.errors import FfpmsError

ENGINES: dict[str, Engine] = {"local": on_processes, "ray": on_ray}

__all__ = [
    "ENGINES",
    "Died",
    "Done",
    "Engine",
    "Outcome",
    "hide_main",
    "largest_node",
    "on_processes",
    "on_ray",
    "run_local",
]


def run_local(function: Callable[[Job], Result], jobs: Iterable[Job], workers: int) -> Iterator[Result]:
    """Yields the result of each job as it is done, in no fixed order.

    With one worker no process is started.

    Raises:
        FfpmsError: a worker process died; the message says how.

    Example:
        >>> sorted(run_local(abs, [-3, 1, -2], workers=1))
        [1, 2, 3]
    """
    if workers <= 1:
        yield from map(function, jobs)
        return
    for outcome in on_processes(function, jobs, workers):
        if isinstance(outcome, Died):
            raise FfpmsError(f"a worker process died ({outcome.cause}); {advise(outcome.cause)}")
        yield outcome.result
