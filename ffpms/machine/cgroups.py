"""Control groups of Linux: the limits that a container or a batch system sets on this process."""

from collections.abc import Iterator
from math import ceil
from pathlib import Path, PurePosixPath

SYSTEM = Path("/")
_MOUNT = "sys/fs/cgroup"


def memory_limit(system: Path = SYSTEM) -> int | None:
    """Returns the memory that this process may use, in bytes: the least limit of its groups."""
    files = [folder / name for folder in _groups("memory", system) for name in ("memory.max", "memory.limit_in_bytes")]
    return min(filter(None, map(_read_number, files)), default=None)


def core_limit(system: Path = SYSTEM) -> int | None:
    """Returns the cores that this process may use, rounded up: the least quota of its groups."""
    quotas = [quota for folder in _groups("cpu", system) if (quota := _read_quota(folder))]
    return min(quotas, default=None)


def _groups(controller: str, system: Path) -> Iterator[Path]:
    """Yields the folders of the process's own group and of all its parents.

    Their names come from /proc/self/cgroup: ``0::/a/b`` in version 2, ``4:cpu,cpuacct:/a/b`` in
    version 1. What a container does not show of them is not there to be read.
    """
    mount = system / _MOUNT
    yield from (mount, mount / controller)
    for line in _read(system / "proc/self/cgroup").splitlines():
        _, _, named = line.partition(":")
        controllers, _, path = named.partition(":")
        own = PurePosixPath(path.lstrip("/"))
        if ".." in own.parts or (controllers and controller not in controllers.split(",")):
            continue
        for base in (mount / controllers, mount / controller) if controllers else (mount, mount / "unified"):
            yield from (base / group for group in (own, *own.parents))


def _read_quota(group: Path) -> int | None:
    """Returns the cores of a group: ``cpu.max`` reads ``150000 100000``, quota and period in us."""
    quota, _, period = _read(group / "cpu.max").partition(" ")
    if not quota:
        quota, period = _read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us")
    known = quota.isdecimal() and period.isdecimal() and int(period)
    return max(1, ceil(int(quota) / int(period))) if known else None


def _read_number(path: Path) -> int | None:
    text = _read(path)
    return int(text) if text.isdecimal() else None


def _read(path: Path) -> str:
    """Reads a file of the system; empty if it is not there."""
    try:
        return path.read_text().strip()
    except (OSError, ValueError):
        return ""
