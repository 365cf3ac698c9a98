"""The curves of one set's runs, from which the page and the pictures are drawn."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmark.figures.fake_rate import grid_curve, rate_curve
from benchmark.figures.frame_count import frame_curve
from benchmark.figures.reliability import reliability
from benchmark.figures.robustness import tabulate_robustness
from benchmark.figures.roc import roc_curve
from benchmark.figures.trainings import training_curve
from benchmark.runs.folder import Run

N_RESAMPLES = 2000
"""Resamples for a band: the first of all, as for a bucket of the leaderboard."""


@dataclass(frozen=True)
class Curves:
    """The tables of all curves. ``every_rate``: each fake was scored at every rate, on a grid."""

    rate: pd.DataFrame
    every_rate: bool
    frames: pd.DataFrame
    roc: pd.DataFrame
    reliability: pd.DataFrame
    training: pd.DataFrame
    robustness: pd.DataFrame

    @classmethod
    def compute(cls, runs: list[Run], root: Path) -> "Curves":
        """Computes all curves; ``root`` is the folder of the runs."""
        grid = grid_curve(runs, N_RESAMPLES)
        return cls(
            rate=grid if len(grid) else rate_curve(runs, N_RESAMPLES),
            every_rate=bool(len(grid)),
            frames=frame_curve(runs, N_RESAMPLES),
            roc=roc_curve(runs, N_RESAMPLES),
            reliability=reliability(runs),
            training=training_curve(runs, root),
            robustness=tabulate_robustness(runs, N_RESAMPLES),
        )
