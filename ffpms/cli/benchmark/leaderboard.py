"""``ffpms leaderboard``: recomputes the tables from stored scores."""

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from ffpms.cli.display.terminal import show
from ffpms.cli.help import Command
from ffpms.cli.options import CONFIG, JSON, PATH, PLAIN, QUIET, need, parse_names, progress
from ffpms.errors import ConfigError
from ffpms.locks import LOCKS
from ffpms.progress import Log

PROTOCOL = click.option(
    "--protocol",
    type=click.Choice(("activitynet", "av-deepfake1m")),
    default="activitynet",
    show_default=True,
    help="Rule by which segments are scored.",
)
SECONDS = "av-deepfake1m"
"""The choice of ``--to`` that needs the seconds of videos, and so the built set."""


@click.command(cls=Command)
@click.argument("runs", type=PATH)
@click.option(
    "--format",
    "formats",
    default="csv,md,latex,json,html",
    show_default=True,
    callback=parse_names,
    help="Comma list of what to write.",
)
@click.option("--out", type=PATH, help="Folder to write to.  [default: RUNS]")
@click.option("--curve", type=PATH, help="Also draw accuracy against fake rate (PNG, PDF or SVG).")
@click.option(
    "--to",
    type=click.Choice(["av-deepfake1m", "board"]),
    help="Also write each run's segments for that evaluator, or each configuration as a submission"
    " to a board, into a folder of that name.",
)
@click.option(
    "--data",
    multiple=True,
    type=PATH,
    help="The built set that was scored, for the seconds of --to av-deepfake1m; may be repeated."
    "  [default: looked for beside RUNS and in ffpms-data, by its hash]",
)
@PROTOCOL
@CONFIG
@JSON
@QUIET
@PLAIN
def leaderboard(runs: Path, **flags: Any) -> None:
    """Recompute every table from the scores stored in RUNS, without a model.

    Example: ffpms leaderboard runs --format csv,latex
    Example: ffpms leaderboard runs --to av-deepfake1m --data ffpms-data
    Example: ffpms leaderboard runs --to board --out entries
    """
    from benchmark.figures.plotting import check_picture
    from benchmark.leaderboards.rendering.files import check_formats

    check_formats(flags["formats"])
    if flags["curve"]:
        need("matplotlib")
        check_picture(flags["curve"])
    if flags["data"] and flags["to"] != SECONDS:
        raise ConfigError("data: is read for --to av-deepfake1m alone; add that, or leave --data away")
    write_board(runs, flags["out"] or runs, flags)


@dataclass(frozen=True)
class _Written:
    """The runs of a folder, the built sets that their seconds need, and the tables just written."""

    runs: list[Any]
    sets: dict[str, Any]
    board: Any
    files: list[Path]
    robustness: str


def write_board(runs: Path, out: Path, flags: dict[str, Any]) -> None:
    """Writes the tables, and prints the short ones."""
    from benchmark.leaderboards.board import lock_board

    log = partial(click.echo, err=True)
    with lock_board(out, log) if (out / LOCKS).is_dir() else nullcontext():  # a bench may be at work there
        written = _write_tables(runs, out, flags, log)
    files = list(written.files)
    if flags.get("to") == SECONDS:
        files += _write_segments(written.runs, written.sets, out, log)
    elif flags.get("to") and written.runs:
        files += _write_submissions(written.runs, runs, out, log)
    if flags.get("curve"):
        files += _draw_curve(written.runs, flags["curve"])
    _show(written, files, flags)


def _write_tables(runs: Path, out: Path, flags: dict[str, Any], log: Log) -> _Written:
    """Reads the runs, and writes the tables; nobody else may write them meanwhile."""
    from benchmark.figures.board_files import write_board_files
    from benchmark.leaderboards.board import FORMATS, make_board
    from benchmark.metrics.protocols import ACTIVITYNET
    from benchmark.runs.collection import read_some

    found = read_some(runs, log)
    if lacking := _describe_lacking([run.run_id for run in found.runs if run.segments is None]):
        log(f"{runs}: {lacking}")
    sets = _find_sets(runs, found.runs, flags["data"]) if flags.get("to") == SECONDS and found.runs else {}
    protocol, bars = flags.get("protocol", ACTIVITYNET), progress(flags["quiet"], "row")
    board = make_board(found.runs, found.failures, protocol, progress=bars)
    return _Written(found.runs, sets, board, *write_board_files(board, found.runs, out, flags.get("formats", FORMATS)))


def _show(written: _Written, files: list[Path], flags: dict[str, Any]) -> None:
    """Prints the short tables and the names of the files, or all cells as JSON."""
    from benchmark.leaderboards.rendering.files import render_json

    if flags["as_json"]:
        click.echo(render_json(written.board.cells, written.board.comparisons).rstrip())
    elif not flags["quiet"]:
        from benchmark.experiments.localisation import lead_with_segments
        from ffpms.cli.display.board_tables import draw_board

        board = lead_with_segments(written.board, written.runs)
        show(board.markdown(), lambda drawing: draw_board(drawing, board))
        if written.robustness:
            click.echo(f"\n{written.robustness}")
        click.echo(f"Here: {', '.join(map(str, files))}")


def _describe_lacking(run_ids: list[str]) -> str:
    """Says which runs have no metrics of segments, and why; '' if all have them."""
    names = ", ".join(run_ids[:3]) + (", ..." if len(run_ids) > 3 else "")
    todo = "run the same 'ffpms bench' or 'ffpms evaluate' again for their metrics"
    return f"{len(run_ids)} of an older version do not say where true segments lie ({names}); {todo}" if names else ""


def _find_sets(root: Path, runs: list[Any], given: tuple[Path, ...]) -> dict[str, Any]:
    """Finds the built sets of the runs, by their hashes.

    Raises:
        ConfigError: there is none, or one that is given is another.
    """
    from benchmark.report.faces import find_sets

    if sets := find_sets(root, {run.data_sha256 for run in runs}, given):
        return sets
    raise ConfigError(f"{root}: --to needs the built set of its runs, for seconds; none is near, name it with --data")


def _write_segments(runs: list[Any], sets: dict[str, Any], out: Path, log: Log) -> list[Path]:
    """Writes the segments of runs, logs which runs have none there, and returns the folder."""
    from benchmark.leaderboards.av_deepfake1m_files import FOLDER, write_segments

    files, left_out = write_segments(runs, sets, out)
    for line in left_out:
        log(f"not in {FOLDER}/: {line}")
    return [out / FOLDER] if files else []


def _write_submissions(runs: list[Any], root: Path, out: Path, log: Log) -> list[Path]:
    """Writes the submissions, logs which rows are none, and returns the folders."""
    from benchmark.leaderboards.submission_files import FOLDER, write_submissions
    from benchmark.report.commands import write_command

    folders, left_out = write_submissions(runs, root, out, write_command)
    for line in left_out:
        log(f"not in {FOLDER}/: {line}")
    return folders


def _draw_curve(finished: list[Any], path: Path) -> list[Path]:
    """Draws a figure for each set that was scored, with its numbers as CSV.

    The rates are those of the rate grid where a run has scores of it, else the test set's own.
    """
    from benchmark.figures.fake_rate import grid_curve, rate_curve
    from benchmark.figures.plotting import write_curve
    from benchmark.leaderboards.groups import by_table

    files = []
    for table, own, end in by_table(finished):
        curve = grid_curve(own)
        source = "every fake at every rate" if len(curve) else "each fake at one rate"
        title = f"Accuracy against fake rate ({source}), {table}"
        files += write_curve(curve if len(curve) else rate_curve(own), path.with_stem(path.stem + end), title)
    return files
