"""Page of an experiment: what was run, what was not, its tables and its pictures."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmark.experiments import chance
from benchmark.experiments.catalogue import Experiment
from benchmark.experiments.localisation import RULE, draw_segments, tabulate_segments
from benchmark.figures.plotting import write_curve
from benchmark.leaderboards.board import Board, make_board
from benchmark.leaderboards.groups import by_table
from benchmark.runs.folder import Failure, Run
from ffpms.dataset.built_set import BuiltSet
from ffpms.storage import write_whole

PAGE = "README.md"
"""File name of the page."""


def write_experiment(
    experiment: Experiment,
    runs: list[Run],
    failed: list[Failure],
    notes: list[str],
    out: Path,
    sets: Sequence[BuiltSet] = (),
) -> tuple[Board, str]:
    """Writes an experiment's leaderboard, its pictures and its page; returns leaderboard and page.

    The leaderboard has only the experiment's own runs. ``sets`` are those that they were scored on.
    """
    out.mkdir(parents=True, exist_ok=True)
    board = make_board(runs, failed)
    board.write(out)
    who = "An experiment of Li 2020, run by `ffpms bench`." if experiment.is_of_the_paper else "Done by `ffpms bench`."
    listed = "\n".join(f"- {note}" for note in notes)
    parts = [f"# {experiment.title}", who, listed, *_draw(experiment, runs, out)]
    if experiment.segments:
        parts += [RULE, chance.RULE, *draw_segments(runs, sets, out)]
        board = replace(board, leading=tuple(tabulate_segments(board.cells, runs)))
    page = "\n\n".join(part for part in [*parts, board.markdown()] if part)
    write_whole(out / PAGE, page)
    return board, page


def _draw(experiment: Experiment, runs: list[Run], out: Path) -> list[str]:
    """Draws each curve of each data set; returns the lines that show them."""
    for curve in experiment.curves:
        for old in out.glob(f"{curve.file}*"):
            old.unlink()
    drawn = []
    for table, own, end in by_table(runs) if runs else ():
        for curve in experiment.curves:
            if not (points := curve.of(own)).empty:
                title = f"{curve.title}, {table}"
                picture, _ = write_curve(points, out / f"{curve.file}{end}.png", title)
                drawn.append(f"![{title}]({picture.name})")
    return drawn
