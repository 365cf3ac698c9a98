"""Counts the CPU cores and the memory that this process may use."""

import os
import sys

from joblib import cpu_count

from ffpms.machine.cgroups import core_limit, memory_limit

WORKER_BYTES = 1_000_000_000
"""Memory that a worker of a build takes at most, in bytes."""

_SLURM_CORES = ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE")


def usable_cores() -> int:
    """Counts the CPU cores that this process may use.

    It is the least of four numbers: the machine's cores, those that the process is bound to, the
    CPU quota of its control groups, such as a container's, and the cores of its SLURM task. Ranks
    that ``torchrun`` started share them.
    """
    given = next(filter(None, map(_from_environment, _SLURM_CORES)), None)
    ranks, cores = _from_environment("LOCAL_WORLD_SIZE") or 1, int(cpu_count())
    return max(1, min(cores, given or cores, core_limit() or cores) // ranks)


def usable_memory() -> int | None:
    """Returns the memory that this process may use, in bytes; None where the system does not tell.

    It is the least of the machine's memory, the limits of its control groups, and what SLURM gave
    the job on this node.
    """
    per_node, per_core = (_from_environment(f"SLURM_MEM_PER_{unit}") for unit in ("NODE", "CPU"))
    slurm_mb = per_node or (per_core or 0) * usable_cores()
    limits = [_machine_memory(), slurm_mb * 2**20, memory_limit()]
    return min(filter(None, limits), default=None)


def default_workers() -> int:
    """Returns how many processes a build starts: one a core, as far as there is memory for each."""
    memory = usable_memory()
    return usable_cores() if memory is None else max(1, min(usable_cores(), memory // WORKER_BYTES))


def _from_environment(name: str) -> int | None:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else None


def _machine_memory() -> int | None:
    memory: int | None = None
    if sys.platform != "win32":
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return memory
