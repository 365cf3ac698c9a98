"""Freed memory is kept on glibc, unless the user has set it otherwise."""

import ctypes
import platform
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from ffpms.machine.allocator import keep_freed_memory


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, int]]]:
    """Calls of a ``mallopt`` that takes thresholds up to 32 MB, as older glibc."""
    seen: list[tuple[int, int]] = []

    def mallopt(setting: int, value: int) -> int:
        seen.append((setting, value))
        return int(setting == -1 or value <= 2**25)

    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(mallopt=mallopt))
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.31"))
    for name in ("MALLOC_ARENA_MAX", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    keep_freed_memory.cache_clear()
    yield seen
    keep_freed_memory.cache_clear()


def test_the_largest_threshold_is_set_that_glibc_takes(calls: list[tuple[int, int]]) -> None:
    assert keep_freed_memory()
    assert keep_freed_memory()
    assert calls == [(-1, 2**31 - 1), (-3, 2**30), (-3, 2**25)]


@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.setattr(platform, "libc_ver", lambda: ("", "")),
        lambda patch: patch.setattr(platform, "libc_ver", lambda: ("musl", "1.2")),
        lambda patch: patch.setenv("MALLOC_TRIM_THRESHOLD_", "131072"),
        lambda patch: patch.setenv("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=131072"),
    ],
)
def test_elsewhere_and_against_the_users_will_nothing_is_set(
    calls: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, change: Callable[[pytest.MonkeyPatch], None]
) -> None:
    change(monkeypatch)
    assert not keep_freed_memory()
    assert calls == []
