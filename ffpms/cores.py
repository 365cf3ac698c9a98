"""Counts the CPU cores of this process."""

import os


def usable_cores() -> int:
    """Counts the CPU cores that this process may use.

    On Linux they are those that the process is bound to, elsewhere all.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
