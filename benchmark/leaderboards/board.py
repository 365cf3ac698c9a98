"""The leaderboard: every number recomputed from stored scores, without a model."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd

from benchmark.leaderboards.cells import Cell, fill
from benchmark.leaderboards.groups import group_runs
from benchmark.leaderboards.paper import paper_cells
from benchmark.leaderboards.rendering.files import FORMATS, write_leaderboard
from benchmark.leaderboards.rendering.markdown import render_markdown
from benchmark.runs.folder import Failure, Run
from benchmark.stats.comparison import compare, rank, tabulate_comparisons

__all__ = ["COLUMNS", "FORMATS", "Board", "make_board", "tabulate"]

COLUMNS = (
    *("method", "dataset", "manipulation", "fake_rate_bucket", "metric", "value", "ci_low", "ci_high"),
    *("n_videos", "threshold", "seeds", "run_ids", "source"),
    *("std", "by_seed", "temperature", "table", "standing", "minus_paper"),
)
"""Columns of ``leaderboard.csv`` (docs/scores.md): up to ``source`` they stay; those after it may grow."""


@dataclass(frozen=True)
class Board:
    """Every cell, every two methods held against each other, and the trials that failed."""

    cells: pd.DataFrame
    comparisons: pd.DataFrame
    failures: pd.DataFrame

    def write(self, out: Path, formats: tuple[str, ...] = FORMATS) -> list[Path]:
        """Writes the leaderboard in each format, with the CSV ``comparisons.csv`` and, if a trial failed,
        ``failures.csv``. Returns the files."""
        return write_leaderboard(self.cells, out, formats, self.comparisons, self.failures)

    def markdown(self) -> str:
        """The short tables, and what failed."""
        return render_markdown(self.cells, self.failures)


def tabulate(runs: list[Run]) -> pd.DataFrame:
    """All cells of all groups, in the columns of ``leaderboard.csv``."""
    return make_board(runs).cells


def make_board(runs: list[Run], failures: Iterable[Failure] = ()) -> Board:
    """All cells of all groups, then the paper's where it has the same data; the comparisons; and what failed.

    Raises:
        ManifestError: there is neither a finished run nor a failed one.
    """
    failed = tabulate_failures(failures)
    groups = group_runs(runs) if runs or failed.empty else []
    filled = [pair for group in groups for pair in fill(group)]
    cells, entries = [cell for cell, _ in filled], [entry for _, entry in filled if entry]
    comparisons = compare(entries)
    _mark(cells, rank(entries, comparisons))
    for table in dict.fromkeys(group.table for group in groups):
        cells += paper_cells(table)
    return Board(pd.DataFrame(cells, columns=COLUMNS), tabulate_comparisons(comparisons), failed)


def tabulate_failures(failures: Iterable[Failure]) -> pd.DataFrame:
    """A row a trial that ended without scores, and why."""
    return pd.DataFrame(map(asdict, failures), columns=[field.name for field in fields(Failure)])


def _mark(cells: list[Cell], standing: dict[tuple[str, str, str, str], str]) -> None:
    """Only a whole column is compared, no bucket of it."""
    for cell in cells:
        key = (cell["table"], cell["metric"], cell["manipulation"], cell["method"])
        cell["standing"] = standing.get(key, "") if cell["fake_rate_bucket"] == "all" else ""
