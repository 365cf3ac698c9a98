"""Chance level of metrics of segments and frames: random scores on the bags of a table."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from benchmark.leaderboards.rendering.tables import Number, Table
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.run_scores import CellScores, RunScores
from benchmark.runs.folder import Run
from benchmark.stats.run_metrics import read_run_scores

N_DRAWS = 20
NAME = "random scores (no method)"
"""Name of the row."""
RULE = (
    f'The row "{NAME}" is chance: mean and standard deviation over {N_DRAWS} seeded draws. '
    "In each, every face has a score that is uniform from 0 to 1."
)


Chance = dict[str, Number | None]
"""The value of each metric of random scores."""


def add_chance(table: Table, chance: Chance, metrics: Iterable[str]) -> Table:
    """Adds the metrics of random scores to a table as its last row, if there are any."""
    return replace(table, rows=[*table.rows, (NAME, [chance[metric] for metric in metrics])]) if chance else table


def estimate_chance(runs: Sequence[Run], manipulation: str, metrics: Sequence[str]) -> Chance:
    """Estimates metrics of random scores: mean and standard deviation over draws.

    The bags are those of the first run with scores of their frames; without one there are none. In
    the column ``all`` it is one of as many manipulations as there are. Each draw is made once for
    all metrics, which share its proposals.
    """
    scored = [run for run in runs if manipulation in ("all", *run.manipulations) and _has_frames(run)]
    if not scored:
        return {}
    broadest = max(len(run.manipulations) for run in scored) if manipulation == "all" else 0
    whole = [run for run in scored if len(run.manipulations) >= broadest]
    run_scores = read_run_scores(min(whole, key=lambda run: run.segments is None))
    draws = [_measure(CellScores(_draw(run_scores, seed), manipulation), metrics) for seed in range(N_DRAWS)]
    return {metric: _summarise(values) for metric, *values in zip(metrics, *draws, strict=True)}


def _has_frames(run: Run) -> bool:
    return bool((run.scores["level"] == "frame").any())


def _draw(run_scores: RunScores, seed: int) -> RunScores:
    """Draws a uniform score for each face."""
    frames = run_scores.frames
    score = np.random.default_rng(seed).random(len(frames.score))
    return replace(run_scores, frames=replace(frames, score=score), proposed=None)


def _measure(cell: CellScores, metrics: Iterable[str]) -> list[float | None]:
    """Returns the percentage of each metric of a draw; None where it is not defined."""
    weights = np.ones((1, cell.run_scores.videos.n_pairs))
    found = [METRICS[metric].estimate(cell, weights) for metric in metrics]
    return [100 * one.value if one else None for one in found]


def _summarise(percent: list[float | None]) -> Number | None:
    known = [value for value in percent if value is not None]
    return Number(float(np.mean(known)), std=float(np.std(known, ddof=1))) if np.isfinite(known).any() else None
