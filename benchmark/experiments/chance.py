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


def add_chance(table: Table, runs: Sequence[Run], manipulation: str, metrics: Iterable[str]) -> Table:
    """Adds a last row to a table: the metrics of random scores on the same bags.

    The bags are those of the first run with scores of their frames. Without one there is no row.
    """
    scored = [run for run in runs if manipulation in ("all", *run.manipulations) and _has_frames(run)]
    if not scored:
        return table
    run = min(scored, key=lambda run: run.segments is None)
    return replace(table, rows=[*table.rows, (NAME, estimate_chance(read_run_scores(run), manipulation, metrics))])


def estimate_chance(run_scores: RunScores, manipulation: str, metrics: Iterable[str]) -> list[Number | None]:
    """Estimates each metric of random scores: mean and standard deviation over draws."""
    draws = [CellScores(_draw(run_scores, seed), manipulation) for seed in range(N_DRAWS)]
    return [_summarise(metric, draws) for metric in metrics]


def _has_frames(run: Run) -> bool:
    return bool((run.scores["level"] == "frame").any())


def _draw(run_scores: RunScores, seed: int) -> RunScores:
    """Draws a uniform score for each face."""
    frames = run_scores.frames
    score = np.random.default_rng(seed).random(len(frames.score))
    return replace(run_scores, frames=replace(frames, score=score), proposed=None)


def _summarise(metric: str, draws: list[CellScores]) -> Number | None:
    found = [METRICS[metric].estimate(cell, np.ones((1, cell.run_scores.videos.n_pairs))) for cell in draws]
    percent = [100 * one.value for one in found if one]
    return Number(float(np.mean(percent)), std=float(np.std(percent, ddof=1))) if np.isfinite(percent).any() else None
