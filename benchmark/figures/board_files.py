"""Writes all tables of a folder of runs: its leaderboard, and robustness beside it."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.figures.robustness import tabulate_robustness
from benchmark.figures.robustness_files import render_robustness, write_robustness
from benchmark.leaderboards.board import FORMATS, Board
from benchmark.runs.folder import Run


def write_board_files(
    board: Board, runs: Sequence[Run], out: Path, formats: Sequence[str] = FORMATS
) -> tuple[list[Path], str]:
    """Writes the board of runs and their robustness; returns the files, and the latter's Markdown.

    Raises:
        ConfigError: a format is unknown.
        StorageError: the folder cannot be written to.
    """
    files = board.write(out, formats)
    robustness = tabulate_robustness(runs)
    return [*files, *write_robustness(robustness, out)], render_robustness(robustness)
