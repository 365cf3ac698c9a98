"""Output of ``ffpms bench``: its leaderboard or the page of an experiment, and its failures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ffpms.cli.display.terminal import show
from ffpms.errors import writing


def show_outcome(outcome: Any, notes: list[str], flags: dict[str, Any], sets: Sequence[Any] = ()) -> None:
    """Prints the tables, or an experiment's page, and the failures.

    ``sets`` are those that were scored on.
    """
    cells, text, board = outcome.cells, outcome.markdown, outcome.board
    if flags["experiment"]:
        cells, text, board = cells[:0], "", None  # other runs in the folder are not part of the experiment
        if outcome.runs or outcome.failed:
            board, text = _write_page(flags["experiment"], outcome, notes, flags["out"], sets)
            cells = board.cells
    if flags["as_json"]:
        click.echo(cells.to_json(orient="records", indent=2))
    elif not flags["quiet"]:
        print_board(text, board)
        if flags["perturb"] and outcome.robustness:
            click.echo(f"\n{outcome.robustness}", nl=False)
    for line in outcome.left_out:
        click.echo(line, err=True)
    for failure in outcome.failures:
        click.echo(f"failed: {failure}", err=True)


def print_board(text: str, board: Any) -> None:
    """Prints a leaderboard, or the page that ends with it: on a terminal as tables, else as text.

    ``text`` is all of it, and without a board it is printed as it is.
    """
    if board is None:
        click.echo(text)
        return
    from ffpms.cli.display.board_tables import draw_board

    before = text.removesuffix(board.markdown()).splitlines()
    show(text, lambda drawing: [*map(drawing.text, before), *draw_board(drawing, board)])


def _write_page(name: str, outcome: Any, notes: list[str], out: Path, sets: Sequence[Any]) -> tuple[Any, str]:
    """Writes the page of an experiment; returns its leaderboard and the page."""
    from benchmark.experiments.catalogue import EXPERIMENTS
    from benchmark.experiments.page import write_experiment

    with writing(out / name):
        return write_experiment(EXPERIMENTS[name], outcome.runs, outcome.failed, notes, out / name, sets)
