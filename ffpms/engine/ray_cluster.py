"""Engine ``ray``: runs jobs on several machines of a Ray cluster, or on one started here."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from ffpms.engine.interface import KILLED, Died, Done, Job, Outcome, Result
from ffpms.errors import ConfigError, not_installed

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}
_QUEUED_PER_CORE = 2


def on_ray(
    function: Callable[[Job], Result], jobs: Iterable[Job], workers: int, needs: Mapping[str, float] | None = None
) -> Iterator[Outcome[Job, Result]]:
    """Runs jobs on Ray: engine ``ray``.

    The cluster is the one at ``RAY_ADDRESS``. Without that variable Ray starts ``workers``
    processes on this machine. A job waits until as many ``num_cpus`` and ``num_gpus`` are free as
    ``needs`` says; by default one core.

    Raises:
        ConfigError: Ray is not installed, or no cluster answers at that address.
    """
    ray = _connect(workers)
    task = ray.remote(max_retries=0, **(needs or {}))(function)
    queue, running = iter(jobs), dict[Any, Job]()
    try:
        while True:
            room = _QUEUED_PER_CORE * int(ray.cluster_resources().get("CPU", 1)) - len(running)
            running |= {task.remote(job): job for job in islice(queue, max(room, 0))}
            if not running:
                return
            (done,), _ = ray.wait(list(running))
            yield _outcome(ray, done, running.pop(done))
    finally:
        for left in running:
            ray.cancel(left, force=True)


def largest_node(workers: int) -> tuple[int, int]:
    """Returns the highest number of cores, and of GPUs, that a machine of the cluster has.

    A job cannot need more than that.

    Raises:
        ConfigError: Ray is not installed, or no cluster answers at its address.
    """
    nodes = [node["Resources"] for node in _connect(workers).nodes() if node["Alive"]]
    cores, gpus = ([int(node.get(name, 0)) for node in nodes] for name in ("CPU", "GPU"))
    return max(cores, default=1), max(gpus, default=0)


def _outcome(ray: Any, done: Any, job: Job) -> Outcome[Job, Any]:
    try:
        return Done(job, ray.get(done))
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        died = ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError
        return Died(job, KILLED if isinstance(error, died) else type(error).__name__)


def _connect(workers: int) -> Any:
    """Connects to Ray and returns it; Ray's messages go to its own logs.

    Raises:
        ConfigError: Ray is not installed, or no cluster answers at its address.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise not_installed("ray", "ray", ", or --engine local") from None
    address = os.environ.get("RAY_ADDRESS", "local")
    size: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False} if address == "local" else {}
    try:
        if not ray.is_initialized():
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **size)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(f"RAY_ADDRESS={address}: {reason}; start a cluster there, or unset it") from None
    return ray
