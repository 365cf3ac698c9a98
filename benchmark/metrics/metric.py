"""Metric: registers a metric with its function, title, level, best value and resamples.

A file of this folder has its metrics in a tuple ``METRICS``. The catalogue collects them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from benchmark.metrics.resampling import roc
from benchmark.metrics.run_scores import CellScores
from benchmark.metrics.score_arrays import Rows

LEVELS = ("video", "frame", "segment")


class Estimate(NamedTuple):
    """A metric's value and resamples: ``samples`` (1 + R,), of which the first is the value.

    One sample alone means that the metric has no interval. ``n_pairs`` are the test pairs that it
    rests on.
    """

    samples: np.ndarray
    n_videos: int
    n_pairs: int
    threshold: float | None = None
    temperature: float | None = None

    @classmethod
    def of(cls, rows: Rows, samples: np.ndarray, threshold: float | None = None) -> Self:
        """Returns the estimate of a metric of these rows."""
        return cls(samples, rows.n_bags, rows.n_bearing_pairs, threshold)

    @property
    def value(self) -> float:
        """The metric of the test set as it is."""
        return float(self.samples[0])


Sampler = Callable[[CellScores, np.ndarray], Estimate | None]
"""Takes a cell's scores and ``counts`` (1 + R, C); returns None where the metric is not defined."""


@dataclass(frozen=True)
class Metric:
    """A row of the leaderboard.

    ``function`` takes label and score (N,). Metrics within videos and of segments also take
    ``video`` (N,). ``best`` is the value of a detector that is always right and sure of it.
    If it is ``compared``, methods are compared on it, and it has a table of its own. One with a
    ``protocol`` is only there if that is the one asked for.

    Its resamples come from ``curve``, a statistic of the ROC curve of its rows, or from ``sample``.
    With neither, the function gives the value, and there is no interval.
    """

    name: str
    title: str
    level: str
    function: Callable[..., float]
    best: float = 1.0
    needs_val: bool = False
    protocol: str = ""
    compared: bool = False
    curve: roc.Statistic | None = None
    sample: Sampler | None = None

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"{self.name}: no level {self.level!r}; choose from {', '.join(LEVELS)}")

    def estimate(self, cell: CellScores, counts: np.ndarray) -> Estimate | None:
        """Estimates the metric on a cell's scores; None where it is not defined."""
        if self.needs_val and cell.run_scores.threshold is None:
            return None
        if self.protocol and self.protocol != cell.run_scores.protocol:
            return None
        if self.sample:
            return self.sample(cell, counts)
        rows = self.rows(cell)
        if self.curve:
            return self.on_curve(cell, resample_curve(rows, counts, {self.name: self.curve}))
        return Estimate.of(rows, np.array([self.function(rows.label, rows.score)]))

    def rows(self, cell: CellScores) -> Rows:
        """Returns the rows of its level."""
        return cell.videos if self.level == "video" else cell.frames

    def on_curve(self, cell: CellScores, samples: dict[str, np.ndarray]) -> Estimate:
        """Returns its estimate, one of the statistics of one walk along the curve."""
        return Estimate.of(self.rows(cell), samples[self.name])


def resample_curve(rows: Rows, counts: np.ndarray, statistics: dict[str, roc.Statistic]) -> dict[str, np.ndarray]:
    """Computes statistics of the rows' ROC curve in each resample."""
    return roc.resample_steps(rows.label, rows.score, rows.pair, counts, statistics)
