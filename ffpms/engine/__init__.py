"""Engines: run one function over many jobs in other processes, on this machine or on a Ray cluster.

An engine knows nothing of videos. A worker's death is the outcome of the one job it was at; no other job notices.
"""

from collections.abc import Callable, Iterable, Iterator

from ffpms.engine.outcome import Died, Done, Engine, Job, Outcome, Result
from ffpms.engine.processes import on_processes
from ffpms.engine.ray_cluster import largest_node, on_ray
from ffpms.errors import FfpmsError

ENGINES: dict[str, Engine] = {"local": on_processes, "ray": on_ray}

__all__ = ["ENGINES", "Died", "Done", "Engine", "Outcome", "largest_node", "on_processes", "on_ray", "run_local"]


def run_local(function: Callable[[Job], Result], jobs: Iterable[Job], workers: int) -> Iterator[Result]:
    """Yields each job's result as it is done, in no fixed order; with one worker no process is started.

    Raises:
        FfpmsError: a worker process died, for lack of memory, say.
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
