"""Progress: how work says how far it is and what it meets, whoever shows it."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")

Log = Callable[[str], None]
"""Takes one line of text for a user."""


class Progress(Protocol):
    """Takes the items of a loop and their number, and gives the items back as they pass."""

    def __call__(self, items: Iterable[T], total: int, /) -> Iterable[T]: ...


def not_shown(items: Iterable[T], _: int) -> Iterable[T]:
    """Shows no progress.

    >>> list(not_shown(range(3), 3))
    [0, 1, 2]
    """
    return items
