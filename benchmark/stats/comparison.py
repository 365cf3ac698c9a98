"""Compares method with method on the same videos and the same resamples."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from itertools import combinations

import numpy as np
import pandas as pd

from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.metric import BOOTSTRAP, MCNEMAR
from benchmark.stats.bootstrap import interval
from benchmark.stats.significance import ALPHA, bootstrap_p, holm, mcnemar

UNBALANCED = 1.2
"""Largest ratio of the classes' numbers of videos for which accuracy is tested by McNemar's test.

That test counts videos, and accuracy is a mean over classes, so beyond it the two may disagree.
Then accuracy is tested as the other metrics are.
"""
BEST, LIKE_BEST, BEHIND = "best", "like_best", "behind"

Cell = tuple[str, str, str, str]
"""Table, metric, manipulation, method."""


@dataclass(frozen=True)
class Entry:
    """One number of a method and what a test of it needs.

    That is its resamples, and of each video (N,) the share of the seeds that call it right.
    ``pairs`` names what was drawn.
    """

    cell: Cell
    value: float
    samples: np.ndarray
    right: np.ndarray
    videos: tuple[str, ...]
    pairs: tuple[str, ...]
    n_fakes: int

    @property
    def test(self) -> str:
        """The name of the test by which it is compared with another."""
        few, many = sorted((self.n_fakes, len(self.videos) - self.n_fakes))
        return BOOTSTRAP if many > UNBALANCED * few else METRICS[self.cell[1]].test


@dataclass(frozen=True)
class Comparison:
    """A row of ``comparisons.csv``: ``method`` less ``other``.

    ``wins`` are the videos that a larger share of its seeds calls right than of the other's. With
    one seed each, they are those that only it calls right.
    """

    table: str
    metric: str
    manipulation: str
    method: str
    other: str
    difference: float
    ci_low: float
    ci_high: float
    test: str
    p: float
    p_holm: float
    n_videos: int
    wins: int
    losses: int

    @property
    def leader(self) -> str:
        """The method that the test finds better, or ''."""
        ahead = self.wins - self.losses if self.test == MCNEMAR else self.difference
        return (self.method if ahead > 0 else self.other) if self.p_holm < ALPHA else ""


def compare(entries: Iterable[Entry]) -> list[Comparison]:
    """Compares every two methods in every column of a table.

    All comparisons of a table are corrected together. Two that were scored on other videos are not
    compared.
    """
    families: dict[tuple[str, str], list[Comparison]] = defaultdict(list)
    columns: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        columns[entry.cell[:3]].append(entry)
    for (table, metric, _), own in columns.items():
        couples = [(a, b) for a, b in combinations(own, 2) if (a.videos, a.pairs) == (b.videos, b.pairs)]
        families[table, metric] += [_compare(a, b) for a, b in couples]
    found = []
    for family in families.values():
        adjusted = holm(np.array([one.p for one in family]))
        found += [replace(one, p_holm=float(p)) for one, p in zip(family, adjusted, strict=True)]
    return found


def _compare(a: Entry, b: Entry) -> Comparison:
    table, metric, manipulation, method = a.cell
    difference = a.value - b.value
    samples, n_pairs = a.samples - b.samples, len(a.pairs)
    wins, losses = int((a.right > b.right).sum()), int((a.right < b.right).sum())
    p = mcnemar(wins, losses) if a.test == MCNEMAR else bootstrap_p(difference, samples, n_pairs)
    named = (table, metric, manipulation, method, b.cell[3], difference, *interval(samples, n_pairs), a.test, p)
    return Comparison(*named, p_holm=float("nan"), n_videos=len(a.videos), wins=wins, losses=losses)


def rank(entries: Iterable[Entry], comparisons: Iterable[Comparison]) -> dict[Cell, str]:
    """Ranks numbers: the best of their column, not told apart from it, or behind it.

    A number that is alone, or was not compared with the best, has no rank. Equal ones are both the
    best.
    """
    against = {(c.table, c.metric, c.manipulation, frozenset((c.method, c.other))): c for c in comparisons}
    columns: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        columns[entry.cell[:3]].append(entry)
    standing: dict[Cell, str] = {}
    for column, own in columns.items():
        best = max(own, key=lambda e: e.value)
        for entry in own:
            found = against.get((*column, frozenset((best.cell[3], entry.cell[3]))))
            if found:
                standing[best.cell] = BEST
                standing[entry.cell] = _standing(entry, best, found)
    return standing


def _standing(entry: Entry, best: Entry, found: Comparison) -> str:
    if found.leader == best.cell[3]:
        return BEHIND
    return BEST if entry.value == best.value else LIKE_BEST


def tabulate_comparisons(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """Tabulates comparisons in the columns of ``comparisons.csv``."""
    return pd.DataFrame([asdict(one) for one in comparisons], columns=[field.name for field in fields(Comparison)])
