"""Compares method with method on the same videos and the same resamples, over their trainings.

Two methods are tested where each was trained with three seeds or more. From fewer, the noise
between trainings is not known, and a test would be of two trained models.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import combinations

import numpy as np
import pandas as pd

from benchmark.metrics.catalogue import METRICS
from benchmark.stats.significance import ALPHA, NO_VERDICT, Verdict, holm, over_pairs, over_trainings, welch

LEAST_SEEDS = 3
"""Trainings that each of two methods needs, or they are not tested."""
WELCH, PAIRED = "welch", "paired"
"""Names of the test: trainings are independent, or those of one seed share their frame scores."""
BEST, LIKE_BEST, BEHIND = "best", "like_best", "behind"
BEST_TESTED = "best_tested"
"""Standing of the highest that was tested, where the best of the column was not."""

Cell = tuple[str, str, str, str]
"""Table, metric, manipulation, method."""


@dataclass(frozen=True)
class Entry:
    """One number of a method and what a test of it needs.

    That is the metric of each training (S,), the resamples of their mean (1 + R,), the number of
    test pairs that it rests on, and of each video (N,) the share of the trainings that call it
    right. ``pairs`` names what was drawn.
    ``frames`` has a digest of each training's frame scores, or is empty. ``trainings`` names them,
    as far as they have names.
    """

    cell: Cell
    by_seed: np.ndarray
    samples: np.ndarray
    n_pairs: int
    right: np.ndarray
    videos: tuple[str, ...]
    pairs: tuple[str, ...]
    frames: tuple[str, ...] = ()
    trainings: tuple[str, ...] = ()

    @property
    def value(self) -> float:
        """The mean over trainings."""
        return float(self.by_seed.mean())


@dataclass(frozen=True)
class Comparison:
    """A row of ``comparisons.csv``: ``method`` less ``other``.

    ``wins`` are the videos that a larger share of its seeds calls right than of the other's. With
    one seed each, they are those that only it calls right. Without a test ``test`` is empty, and
    interval and p are NaN.
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
        return (self.method if self.difference > 0 else self.other) if self.p_holm < ALPHA else ""

    @property
    def tested(self) -> bool:
        """Whether there is a p."""
        return bool(np.isfinite(self.p_holm))


def compare(entries: Iterable[Entry]) -> list[Comparison]:
    """Compares every two methods in every column of a table.

    All tests of a table are corrected together. Two that were scored on other videos are not
    compared. Of methods that share frame scores, the first stands for all in frame metrics.
    """
    families: dict[tuple[str, str], list[Comparison]] = defaultdict(list)
    for (table, metric, _), own in _columns(entries).items():
        couples = [(a, b) for a, b in combinations(own, 2) if (a.videos, a.pairs) == (b.videos, b.pairs)]
        families[table, metric] += [_compare(a, b) for a, b in couples]
    found = []
    for family in families.values():
        adjusted = holm(np.array([one.p for one in family]))
        found += [replace(one, p_holm=float(p)) for one, p in zip(family, adjusted, strict=True)]
    return found


def find_repeated(entries: Iterable[Entry]) -> dict[Cell, str]:
    """Finds numbers of frames that repeat a method's above, for their frame scores are equal.

    The scores decide, seed by seed, whatever the methods' names.
    """
    first: dict[tuple[object, ...], str] = {}
    repeated = {}
    for entry in entries:
        if METRICS[entry.cell[1]].level == "frame" and entry.frames:
            method = first.setdefault((*entry.cell[:3], entry.frames), entry.cell[3])
            if method != entry.cell[3]:
                repeated[entry.cell] = method
    return repeated


def _columns(entries: Iterable[Entry]) -> dict[tuple[str, str, str], list[Entry]]:
    """Sorts entries by column, without those that repeat another."""
    every = list(entries)
    repeated = find_repeated(every)
    columns: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in every:
        if entry.cell not in repeated:
            columns[entry.cell[:3]].append(entry)
    return columns


def _compare(a: Entry, b: Entry) -> Comparison:
    table, metric, manipulation, method = a.cell
    wins, losses = int((a.right > b.right).sum()), int((a.right < b.right).sum())
    name, verdict = _test(a, b)
    named = (table, metric, manipulation, method, b.cell[3], a.value - b.value, verdict.low, verdict.high)
    return Comparison(*named, name, verdict.p, float("nan"), len(a.videos), wins, losses)


def _test(a: Entry, b: Entry) -> tuple[str, Verdict]:
    """Tests a difference of means, of whose variance pairs and trainings are components.

    The spread over seeds on the same pairs holds some noise of the pairs, which is then counted
    twice. That errs on the safe side (docs/scores.md).
    """
    if min(len(a.by_seed), len(b.by_seed)) < LEAST_SEEDS:
        return "", NO_VERDICT
    if (n_pairs := min(a.n_pairs, b.n_pairs)) < 2:
        return "", NO_VERDICT
    pairs = over_pairs(a.samples - b.samples, n_pairs)
    if _share_trainings(a, b):
        return PAIRED, welch(a.value - b.value, pairs, over_trainings(a.by_seed - b.by_seed))
    return WELCH, welch(a.value - b.value, pairs, over_trainings(a.by_seed), over_trainings(b.by_seed))


def _share_trainings(a: Entry, b: Entry) -> bool:
    """Tells whether some seed of both was trained once: its name or its frame scores say so.

    Then the noise between trainings is that of their differences, seed by seed.
    """
    if len(a.by_seed) != len(b.by_seed):
        return False
    names = zip(a.trainings, b.trainings, strict=False)
    return any(one == other != "" for one, other in (*names, *zip(a.frames, b.frames, strict=False)))


def rank(entries: Iterable[Entry], comparisons: Iterable[Comparison]) -> dict[Cell, str]:
    """Ranks numbers: the best of their column, not told apart from it, or behind it.

    The best is the highest. A number that is alone, or was not compared with the best, has no rank;
    nor has another that was not tested against it. Equal ones are both the best. Where the best was
    not tested, others rank by the best of those that were.
    """
    against = {(c.table, c.metric, c.manipulation, frozenset((c.method, c.other))): c for c in comparisons}
    tested = {(*key[:3], name) for key, found in against.items() if found.tested for name in key[3]}
    standing: dict[Cell, str] = {}
    for own in _columns(entries).values():
        best = max(own, key=lambda e: (e.value, e.cell in tested))
        standing |= _stand(own, best, BEST, against)
        if best.cell not in tested and (rivals := [e for e in own if e.cell in tested]):
            standing |= _stand(rivals, max(rivals, key=lambda e: e.value), BEST_TESTED, against)
    return standing


def _stand(
    own: list[Entry], best: Entry, name: str, against: Mapping[tuple[str, str, str, frozenset[str]], Comparison]
) -> dict[Cell, str]:
    """Says how those that were compared with the best of them stand to it; ``name`` is its own."""
    standing: dict[Cell, str] = {}
    for entry in own:
        found = against.get((*best.cell[:3], frozenset((best.cell[3], entry.cell[3]))))
        if found:
            standing[best.cell] = name
            standing[entry.cell] = _standing(entry, best, name, found)
    return standing


def _standing(entry: Entry, best: Entry, name: str, found: Comparison) -> str:
    if entry.value == best.value:
        return name
    if not found.tested:
        return ""
    return BEHIND if found.leader == best.cell[3] else LIKE_BEST


def tabulate_comparisons(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """Tabulates comparisons in the columns of ``comparisons.csv``."""
    return pd.DataFrame([asdict(one) for one in comparisons], columns=[field.name for field in fields(Comparison)])
