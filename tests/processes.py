"""Looking at other processes."""

import time
from collections.abc import Callable
from pathlib import Path


def wait_for(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Waits until the condition holds; fails if it never does."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def workers_of(pid: int) -> list[int]:
    """The processes that a build has started to work for it."""
    try:
        children = [
            child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
        ]
        return [int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    """Whether there is such a process and it is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
