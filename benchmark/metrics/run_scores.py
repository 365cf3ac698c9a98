"""A run's scores as arrays (RunScores), and those of one cell of the leaderboard (CellScores)."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self, TypeVar

from benchmark.metrics.protocols import ACTIVITYNET
from benchmark.metrics.score_arrays import Rows
from benchmark.metrics.segments import Segments

T = TypeVar("T")


@dataclass(frozen=True)
class _Keeper:
    _kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, make: Callable[[Self], T]) -> T:
        """Returns what ``make`` makes of this; makes it at the first call and keeps it."""
        if make not in self._kept:
            self._kept[make] = make(self)
        kept: T = self._kept[make]
        return kept


@dataclass(frozen=True)
class RunScores(_Keeper):
    """A run's scores, and what was chosen on val (None: the run has no val scores).

    ``segments`` are the true ones (None: the run does not say). ``proposed`` are those that another
    tool proposes itself (None: frame scores propose them). ``protocol`` is the rule by which
    proposed ones are scored.
    """

    videos: Rows
    frames: Rows
    threshold: float | None = None
    temperature: float | None = None
    segments: Segments | None = None
    protocol: str = ACTIVITYNET
    proposed: Segments | None = None


@dataclass(frozen=True)
class CellScores(_Keeper):
    """The scores of one cell: the originals, and a manipulation's fakes in a fake-rate bucket.

    Manipulation and bucket may be ``all``.
    """

    run_scores: RunScores
    manipulation: str = "all"
    bucket: str = "all"

    @cached_property
    def videos(self) -> Rows:
        """A row a video."""
        return self.of(self.run_scores.videos)

    @cached_property
    def frames(self) -> Rows:
        """A row a face."""
        return self.of(self.run_scores.frames)

    def of(self, rows: Rows) -> Rows:
        """Returns the rows that belong to the cell."""
        return rows.of(self.manipulation, self.bucket)
