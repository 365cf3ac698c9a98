"""Made-up trainings of two methods: how often a comparison finds a difference, where there is none and where there is.

``python -m tests.helpers.trainings`` prints the tables of docs/scores.md, in some 20 minutes.

The latent score of a video is its sign times half the method's skill, and noise of variance 1: of what pair and video
are, of what a method makes of them, and of what one training does. Trainings also differ in skill, by a spread in
points of the metric.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import norm

from benchmark.metrics.accuracy import THRESHOLD
from benchmark.stats.bootstrap import resample
from benchmark.stats.comparison import Entry, compare
from benchmark.stats.significance import ALPHA, over_pairs, welch

SIGN = np.array([-1.0, -1.0, 1.0, 1.0])
"""Two real videos and two fakes of a manipulation: a test pair."""
LEVEL = 0.8
"""What either method has on average: accuracy, or AUC."""
OF_PAIRS, OF_METHODS, OF_TRAININGS = (0.1, 0.1, 0.25), (0.0, 0.05, 0.15), (0.0, 0.05, 0.3)
"""Variances of a pair's scores, of its difficulty, and of its videos; they and the next two add up to 1."""
N_RESAMPLES = 200
DIFFERENCES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 26, 30, 35, 40)
FAMILIES = (1, 21, 105)
"""Comparisons that Holm's correction counts: of two methods, of seven in one column, of seven in five."""
SEEDS, PAIRS, SPREADS, METRICS = (3, 5, 10), (6, 70), (0.0, 1.0, 2.5, 4.0), ("accuracy", "auc")


@dataclass(frozen=True)
class World:
    """Two methods of equal skill, or the second worse by ``difference`` points; ``alike``: the same one twice."""

    metric: str
    n_pairs: int
    seeds: tuple[int, int]
    spread: float
    alike: bool = False
    difference: float = 0.0

    def draw_entries(self, draw: np.random.Generator) -> tuple[Entry, Entry]:
        """Draws a test set, both methods and their trainings."""
        pairs, one, other = (_noise(draw, 1, self.n_pairs, v) for v in (OF_PAIRS, OF_METHODS, OF_METHODS))
        return (
            self._train(draw, pairs + one, self.seeds[0], "one", 0),
            self._train(draw, pairs + (one if self.alike else other), self.seeds[1], "other", self.difference),
        )

    def _train(self, draw: np.random.Generator, known: np.ndarray, n_seeds: int, name: str, worse: float) -> Entry:
        scale = 2 if self.metric == "accuracy" else 2**0.5  # accuracy is Phi(skill / 2), AUC Phi(skill / sqrt(2))
        points = worse + self.spread * draw.normal(size=(n_seeds, 1, 1))
        skill = scale * (ndtri(LEVEL) - points / 100 / norm.pdf(ndtri(LEVEL)))
        score = ndtr(SIGN * skill / 2 + known + _noise(draw, n_seeds, self.n_pairs, OF_TRAININGS))
        samples = resample_metric(self.metric, score)
        pairs = tuple(map(str, range(self.n_pairs)))
        cell, mean = ("", self.metric, "all", name), samples.mean(axis=0)
        return Entry(cell, samples[:, 0], mean, self.n_pairs, np.zeros(1), pairs, pairs)


@dataclass(frozen=True)
class Found:
    """In how many trials a difference was found, by the pairs' noise alone and with the trainings'."""

    pairs_alone: int
    both: int


def count_found(world: World, n_trials: int, seed: int = 0, level: float = ALPHA) -> Found:
    """Draws the world again and again, and tests the difference each time."""
    draw, pairs_alone, both = np.random.default_rng(seed), 0, 0
    for _ in range(n_trials):
        a, b = world.draw_entries(draw)
        pairs_alone += welch(a.value - b.value, over_pairs(a.samples - b.samples, world.n_pairs)).p < level
        both += compare([a, b])[0].p < level
    return Found(pairs_alone, both)


def find_detectable(world: World, power: float, n_trials: int, seed: int = 0, level: float = ALPHA) -> float:
    """The difference in points that is found with that power, interpolated; infinite beyond the last of the grid."""
    below, share = 0.0, level
    for difference in DIFFERENCES:
        found = count_found(replace(world, difference=difference), n_trials, seed, level).both / n_trials
        if found >= power:
            return float(below + (difference - below) * (power - share) / (found - share))
        below, share = difference, found
    return float("inf")


def resample_metric(metric: str, score: np.ndarray) -> np.ndarray:
    """The metric of each training and its resamples, quickly, for every pair has as many videos of each class.

    Shape: score (S, pairs, 4) -> (S, 1 + R).
    """
    n_pairs = score.shape[1]
    counts = resample(n_pairs, N_RESAMPLES) / n_pairs
    if metric == "accuracy":
        return np.asarray(((score >= THRESHOLD) == (SIGN > 0)).mean(axis=2) @ counts.T)
    reals, fakes = (score[:, :, sign == SIGN].reshape(len(score), -1) for sign in (-1, 1))
    above = (fakes[:, :, None] > reals[:, None]).view(np.uint8)
    of_fakes = above[:, ::2] + above[:, 1::2]
    won = (of_fakes[:, :, ::2] + of_fakes[:, :, 1::2]) / 4  # (S, pairs, pairs)
    return np.asarray(((counts @ won) * counts).sum(axis=2))


def _noise(draw: np.random.Generator, n: int, n_pairs: int, variances: tuple[float, ...]) -> np.ndarray:
    """Noise of pairs (one number for its scores, one for its difficulty) and of videos: (n, pairs, 4)."""
    of_pair, difficulty, of_video = np.sqrt(variances)
    scores, skills = draw.normal(size=(2, n, n_pairs, 1))
    noise: np.ndarray = of_pair * scores + difficulty * skills * SIGN + of_video * draw.normal(size=(n, n_pairs, 4))
    return noise


def tabulate_alarms(n_trials: int) -> Iterator[str]:
    """Lines of false alarms in percent: the more of the same method twice and of two equal ones, by either rule."""
    yield from _head("pairs alone / with trainings")
    for metric, n_pairs, n_seeds in product(METRICS, PAIRS, SEEDS):
        cells = []
        for spread in SPREADS:
            worlds = [World(metric, n_pairs, (n_seeds, n_seeds), spread, alike) for alike in (True, False)]
            found = [count_found(world, n_trials) for world in worlds]
            shares = (100 * max(getattr(f, name) for f in found) / n_trials for name in ("pairs_alone", "both"))
            cells.append(" / ".join(f"{share:.1f}" for share in shares))
        yield _line(metric, n_pairs, n_seeds, cells)


def tabulate_power(n_trials: int) -> Iterator[str]:
    """Lines of the difference between two methods, in points, that is found with 80 % power at 5 %."""
    yield from _head("points found with 80 % power")
    for metric, n_pairs, n_seeds in product(METRICS, PAIRS, SEEDS):
        worlds = [World(metric, n_pairs, (n_seeds, n_seeds), spread) for spread in SPREADS]
        yield _line(metric, n_pairs, n_seeds, [_points(find_detectable(world, 0.8, n_trials)) for world in worlds])


def tabulate_corrected(n_trials: int) -> Iterator[str]:
    """Lines of that difference on 70 pairs, at a spread of 2.5, as the first of so many comparisons by Holm."""
    yield "\npoints found with 80 % power by the first of so many comparisons\n"
    for metric, n_seeds in product(METRICS, SEEDS):
        world = World(metric, 70, (n_seeds, n_seeds), 2.5)
        found = [find_detectable(world, 0.8, n_trials, level=ALPHA / family) for family in FAMILIES]
        yield "| " + " | ".join([metric, str(n_seeds), *map(_points, found)]) + " |"


def _points(difference: float) -> str:
    return f"{difference:.0f}" if np.isfinite(difference) else f"over {DIFFERENCES[-1]}"


def _head(what: str) -> list[str]:
    columns = ["metric", "pairs", "seeds", *(f"spread {spread:g}" for spread in SPREADS)]
    return [f"\n{what}\n", "| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]


def _line(metric: str, n_pairs: int, n_seeds: int, cells: list[str]) -> str:
    return "| " + " | ".join([metric, str(n_pairs), str(n_seeds), *cells]) + " |"


if __name__ == "__main__":
    for lines in (tabulate_alarms(2000), tabulate_power(400), tabulate_corrected(400)):
        for line in lines:
            print(line, flush=True)
