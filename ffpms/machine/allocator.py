"""Allocator: keeps the memory of a training step, or of a target's frames, for the next one."""

import ctypes
import os
import platform
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of two settings of glibc's ``mallopt``."""
_NEVER = 2**31 - 1
_LARGEST = (2**30, 2**25)
"""Sizes in bytes, up to which blocks are kept; older versions of glibc accept the second alone."""
_OWN = ("MALLOC_", "GLIBC_TUNABLES")


@cache
def keep_freed_memory() -> bool:
    """Tells glibc to keep freed memory, and returns whether it does.

    By default it gives large blocks back at once. A training step then pays a page fault for every
    4 kB of its activations, and a build for every 4 kB of its frames. Settings of the user's own
    (``MALLOC_*``, ``GLIBC_TUNABLES``) stay as they are. Without glibc nothing is done.
    """
    if platform.libc_ver()[0] != "glibc" or any(name.startswith(_OWN) for name in os.environ):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_TRIM_THRESHOLD, _NEVER)) and any(mallopt(_MMAP_THRESHOLD, size) for size in _LARGEST)
