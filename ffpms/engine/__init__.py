"""Engines: run one function over many jobs in other processes, here or on a Ray cluster.

An engine knows nothing of videos. If a worker dies, only the job it was doing is lost.
"""

from collections.abc import Callable, Iterable, Iterator

from ffpms.engine.interface import Died, Done, Engine, Job, Outcome, Result
from ffpms.engine.processes import on_processes
from ffpms.engine.ray_cluster import largest_node, on_ray
from ffpms.errors import FfpmsError

ENGINES: dict[str, Engine] = {"local": on_processes, "ray": on_ray}

__all__ = ["ENGINES", "Died", "Done", "Engine", "Outcome", "largest_node", "on_processes", "on_ray", "run_local"]


def run_local(function: Callable[[Job], Result], jobs: Iterable[Job], workers: int) -> Iterator[Result]:
    """Yields the result of each job as it is done, in no fixed order.

    With one worker no process is started.

    Raises:
        FfpmsError: a worker process died, for instance for lack of memory.

    Example:
        >>> sorted(run_local(abs, [-3, 1, -2], workers=1))
        [1, 2, 3]
    """
    if workers <= 1:
        yield from map(function, jobs)
        return
    for outcome in on_processes(function, jobs, workers):
        if isinstance(outcome, Died):
            message = (
                "a worker process died (out of memory?); run the same command again to go on, with fewer --workers"
            )
            raise FfpmsError(message)
        yield outcome.result
