"""How many cores a process may use, on every system."""

import os

import pytest

from ffpms.cores import usable_cores


def test_only_cores_that_the_process_is_bound_to_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert usable_cores() == 3


@pytest.mark.parametrize(("count", "cores"), [(8, 8), (None, 1)])
def test_where_the_system_does_not_tell_all_count(
    monkeypatch: pytest.MonkeyPatch, count: int | None, cores: int
) -> None:
    """macOS and Windows."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    assert usable_cores() == cores
