"""Which progress bars a command shows, without a terminal."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def count_bars(monkeypatch: pytest.MonkeyPatch, progress: str) -> list[tuple[bool, str, int]]:
    """Puts something in the place of a command's ``progress``, and returns what it was asked for once it was.

    That is, for each loop that ran to its end: whether it is quiet, its unit, and its number of items.
    """
    seen: list[tuple[bool, str, int]] = []

    def stand_in(quiet: bool, unit: str) -> Callable[[Iterable[Any], int], Iterable[Any]]:
        def show(items: Iterable[Any], total: int) -> Iterable[Any]:
            passed = list(items)
            assert len(passed) == total
            seen.append((quiet, unit, total))
            return passed

        return show

    monkeypatch.setattr(progress, stand_in, raising=False)
    return seen
