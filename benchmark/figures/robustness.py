"""Robustness: metrics of the scores of perturbed faces, by kind and level."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from benchmark.figures.points import draw_first, lines_of, summarise
from benchmark.leaderboards.groups import by_table
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.run_scores import CellScores, RunScores
from benchmark.metrics.score_arrays import Rows, read_videos
from benchmark.metrics.val_scores import ValScores, choose_threshold
from benchmark.runs.folder import Run
from ffpms.schema import PERTURBED_LEVELS

COLUMNS = (
    *("method", "dataset", "table", "kind", "level", "amount", "metric", "value", "ci_low", "ci_high"),
    *("n_videos", "seeds", "kinds", "missing"),
)
"""Columns of ``robustness.csv``.

``kinds`` are those that the mean is over. ``missing`` are the levels of a kind that a seed of the
row has no scores of.
"""
MEASURED = ("auc", "accuracy", "accuracy_val", "accuracy_plain")
"""Metrics, named as in the leaderboard; ``accuracy_val`` has the threshold of the clean val set."""
MEAN = "mean"
"""Stands for the mean over kinds, in the column ``kind``."""
N_RESAMPLES = 2000
"""Resamples for an interval: the first of all, as for a bucket of the leaderboard."""

Cell = tuple[str, int, float]
"""Kind, level and amount; at level 0 faces are as they are."""
Samples = dict[str, np.ndarray]
"""Each metric in each resample, the mean over seeds."""


def tabulate_robustness(runs: Sequence[Run], n_resamples: int = N_RESAMPLES) -> pd.DataFrame:
    """Computes metrics at each kind and level, and their mean over kinds.

    Level 0 is the test set as it is. A value is the mean over seeds, with its cluster bootstrap
    interval. The mean is over the kinds of which all methods of a table have every level. A kind
    that lacks a level has its other rows. Runs without such scores are left out.

    Example:
        >>> table = benchmark.tabulate_robustness(benchmark.read_runs("runs"))
        >>> list(table.columns[:6])
        ['method', 'dataset', 'table', 'kind', 'level', 'amount']
    """
    perturbed = [run for run in runs if not run.perturbed.empty]
    tables = by_table(perturbed) if perturbed else []
    rows = [row for name, own, _ in tables for row in _tabulate(name, own, n_resamples)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _tabulate(table: str, runs: list[Run], n_resamples: int) -> Iterator[dict[str, object]]:
    lines = dict(lines_of(runs))
    sampled = {name: _sample_line(own, n_resamples) for name, own in lines.items()}
    shared = _find_shared(list(sampled.values()))
    for name, own in lines.items():
        videos = _read(own[0], "", 0)
        about = {"method": name, "dataset": own[0].dataset, "table": table, "n_videos": len(videos.label)}
        about |= {"seeds": ";".join(str(run.seed) for run in own)}
        for (kind, level, amount), samples in (sampled[name] | _average(sampled[name], shared)).items():
            cell = {"kind": kind, "level": level, "amount": amount, "kinds": ";".join(shared if kind == MEAN else [])}
            cell["missing"] = ";".join(map(str, _find_missing(sampled[name], kind) if kind != MEAN else []))
            for metric, one in samples.items():
                value, low, high = summarise(one, videos)
                yield about | cell | {"metric": metric, "value": value, "ci_low": low, "ci_high": high}


def _sample_line(runs: Sequence[Run], n_resamples: int) -> dict[Cell, Samples]:
    """Samples every cell that each seed has.

    Every kind that a seed has begins with the faces as they are.
    """
    each = [
        list(run.perturbed[["kind", "level", "amount"]].drop_duplicates().itertuples(index=False, name=None))
        for run in runs
    ]
    cells = [cell for cell in each[0] if all(cell in other for other in each)]
    clean, found = _sample(runs, "", 0, n_resamples), dict[Cell, Samples]()
    for kind in dict.fromkeys(kind for own in each for kind, _, _ in own):
        found[kind, 0, 0.0] = clean
        for _, level, amount in sorted(cell for cell in cells if cell[0] == kind):
            found[kind, level, amount] = _sample(runs, kind, level, n_resamples)
    return found


def _sample(runs: Sequence[Run], kind: str, level: int, n_resamples: int) -> Samples:
    by_seed = [_sample_run(run, kind, level, n_resamples) for run in runs]
    shared = [name for name in by_seed[0] if all(name in own for own in by_seed)]
    return {name: np.mean([own[name] for own in by_seed], axis=0) for name in shared}


def _sample_run(run: Run, kind: str, level: int, n_resamples: int) -> Samples:
    videos, val = _read(run, kind, level), ValScores.of(run)
    scores = CellScores(RunScores(videos, videos, choose_threshold(val) if val else None))
    counts = draw_first(videos.n_pairs, n_resamples)
    found = {name: METRICS[name].estimate(scores, counts) for name in MEASURED}
    return {name: one.samples for name, one in found.items() if one}


def _read(run: Run, kind: str, level: int) -> Rows:
    """Reads the scores of the test videos at a kind and level; level 0 has no kind."""
    table = run.scores[run.scores["level"] == "video"]
    if level:
        table = run.perturbed[(run.perturbed["kind"] == kind) & (run.perturbed["level"] == level)]
    return read_videos(table)


def _find_shared(lines: Sequence[dict[Cell, Samples]]) -> list[str]:
    """Lists the kinds that every line has at every level."""
    kinds = dict.fromkeys(kind for kind, _, _ in lines[0])
    return [kind for kind in kinds if not any(_find_missing(cells, kind) for cells in lines)]


def _find_missing(cells: dict[Cell, Samples], kind: str) -> list[int]:
    """Lists the levels of a kind that are not there."""
    there = {level for own, level, _ in cells if own == kind}
    return [level for level in PERTURBED_LEVELS if level not in there]


def _average(cells: dict[Cell, Samples], kinds: Sequence[str]) -> dict[Cell, Samples]:
    """Averages the samples over kinds, level by level; no mean is over a single kind."""
    found = dict[Cell, Samples]()
    for level in sorted({level for _, level, _ in cells}) if len(kinds) > 1 else ():
        own = [samples for (kind, at, _), samples in cells.items() if kind in kinds and at == level]
        found[MEAN, level, float("nan")] = {name: np.mean([one[name] for one in own], axis=0) for name in own[0]}
    return found
