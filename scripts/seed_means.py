"""Seed means: the scores of a method's trainings, and the means of their metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from benchmark.leaderboards.rendering.tables import Number as Cell
from benchmark.metrics.score_arrays import Rows, read_rows, read_videos
from benchmark.stats.bootstrap import interval
from benchmark.stats.comparison import Entry


@dataclass(frozen=True)
class Line:
    """A method trained on a mix: its scores of test videos, and of their frames, a table a seed.

    ``thresholds`` are those of highest accuracy on val. ``trainings`` names each seed's training, which
    two methods may share.
    """

    method: str
    mix: str
    tables: Mapping[int, pd.DataFrame]
    frames: Mapping[int, pd.DataFrame] = field(default_factory=dict)
    thresholds: Mapping[int, float] = field(default_factory=dict)
    trainings: tuple[str, ...] = ()

    @cached_property
    def rows(self) -> list[Rows]:
        """The scores of each seed as arrays."""
        return [read_videos(table) for table in self.tables.values()]

    @cached_property
    def frame_rows(self) -> list[Rows]:
        """The scores of the frames of each seed as arrays."""
        return [read_rows(table.assign(level="frame"), "frame") for table in self.frames.values()]

    def pooled(self, rule: str) -> list[Rows]:
        """Pools the frames of each video by another rule, ``mean`` or ``max`` of their scores."""
        pools = [table.groupby("bag_id", observed=True)["score"].agg(rule) for table in self.frames.values()]
        videos = self.tables.values()
        pairs = zip(videos, pools, strict=True)
        return [read_videos(own.drop(columns="score").merge(pool, on="bag_id")) for own, pool in pairs]


class Number:
    """A metric of videos: the mean over seeds, its spread, and its interval over the test pairs.

    ``samples`` are its values in the resamples, an array a seed.
    """

    def __init__(self, samples: Sequence[np.ndarray], rows: Sequence[Rows]) -> None:
        self.by_seed = np.array([own[0] for own in samples])
        self.samples, self.rows = np.mean(samples, axis=0), rows[0]

    def __str__(self) -> str:
        std = self.by_seed.std(ddof=1) if len(self.by_seed) > 1 else np.nan
        value, low, high, std = (100 * share for share in (self.value, *self.interval, std))
        cell = Cell(value, low, high, std, digits=1)
        return f"{cell.figure} {cell.spread}".rstrip()

    @property
    def value(self) -> float:
        """The mean over seeds."""
        return float(self.by_seed.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval over the test pairs."""
        return interval(self.samples, self.rows.n_bearing_pairs)

    def entry(self, method: str, trainings: tuple[str, ...]) -> Entry:
        """Returns what a test of a difference needs; it pairs seeds if trainings of a name are shared."""
        videos, pairs = self.rows.bag_names, self.rows.pair_names
        right, n_pairs = np.zeros(len(videos)), self.rows.n_bearing_pairs
        cell = ("", "auc", "", method)
        return Entry(cell, self.by_seed, self.samples, n_pairs, right, videos, pairs, trainings=trainings)
