"""Page of an experiment: what was run, what was not, its tables and its curves."""

from pathlib import Path

from benchmark.experiments.catalogue import Experiment
from benchmark.figures.plotting import write_curve
from benchmark.leaderboards.board import Board, make_board
from benchmark.leaderboards.groups import by_table
from benchmark.runs.folder import Failure, Run
from ffpms.storage import write_whole

PAGE = "README.md"
"""File name of the page."""


def write_experiment(
    experiment: Experiment, runs: list[Run], failed: list[Failure], notes: list[str], out: Path
) -> tuple[Board, str]:
    """Writes an experiment's leaderboard, its curves and its page; returns leaderboard and page.

    The leaderboard has only the experiment's own runs.
    """
    out.mkdir(parents=True, exist_ok=True)
    board = make_board(runs, failed)
    board.write(out)
    figures = [f"![{title}]({path.name})" for title, path in _draw(experiment, runs, out)]
    listed = "\n".join(f"- {note}" for note in notes)
    parts = [f"# {experiment.title}", "Li 2020, done again by `ffpms bench`.", listed, *figures, board.markdown()]
    page = "\n\n".join(part for part in parts if part)
    write_whole(out / PAGE, page)
    return board, page


def _draw(experiment: Experiment, runs: list[Run], out: Path) -> list[tuple[str, Path]]:
    """Draws each curve of each data set; returns its title and path."""
    for curve in experiment.curves:
        for old in out.glob(f"{curve.file}*"):
            old.unlink()
    drawn = []
    for table, own, end in by_table(runs) if runs else ():
        for curve in experiment.curves:
            if not (points := curve.of(own)).empty:
                title = f"{curve.title}, {table}"
                drawn.append((title, write_curve(points, out / f"{curve.file}{end}.png", title)[0]))
    return drawn
