"""Limits of options: marks in the annotation of an option, which say what values make sense.

A factory writes ``filters: Size = 512``. :mod:`detectors.options` reads the marks.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any


@dataclass(frozen=True)
class Limit:
    """The values that an option takes, in words that follow "take"; of a tuple each one."""

    words: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True)
class Idle:
    """An option has no effect while the option ``beside`` has a value for which ``when`` is
    true."""

    beside: str
    when: Callable[[Any], bool]


@dataclass(frozen=True)
class OfFaces:
    """An option of value v asks for ``times`` v faces of a bag; the largest v of a tuple counts."""

    times: int = 1


POSITIVE = Limit("1 or more", lambda size: size >= 1)
"""The limit of sizes and counts; :data:`Size` is a whole number that has it."""

Size = Annotated[int, POSITIVE]
Share = Annotated[float, Limit("0 to 1", lambda share: 0 <= share <= 1)]
LossWeight = Annotated[float, Limit("0 or more", lambda weight: 0 <= weight < math.inf)]
