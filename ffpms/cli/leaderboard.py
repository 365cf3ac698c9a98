"""``ffpms leaderboard`` and ``ffpms evaluate``: tables from stored scores, ours or another tool's."""

import sys
from pathlib import Path
from typing import Any

import click

from ffpms.cli.corpus import need
from ffpms.cli.options import CONFIG, JSON, PATH, QUIET, parse_names
from ffpms.errors import ConfigError, writing


@click.command()
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
@CONFIG
@JSON
@QUIET
def leaderboard(runs: Path, **flags: Any) -> None:
    """Recompute every table from the scores stored in RUNS, without a model.

    Example: ffpms leaderboard runs --format csv,latex
    """
    from benchmark.rendering.files import FORMATS

    unknown = [name for name in flags["formats"] if name not in FORMATS]
    if unknown or not flags["formats"]:
        raise ConfigError(f"format: {', '.join(unknown) or 'none'}; choose from {','.join(FORMATS)}")
    if flags["curve"]:
        need("matplotlib")
        _check_picture(flags["curve"])
    _write_board(runs, flags["out"] or runs, flags)


def _write_board(runs: Path, out: Path, flags: dict[str, Any]) -> None:
    """Writes the tables, and prints the short ones."""
    from benchmark.folders import read_failures, read_runs
    from benchmark.leaderboard import FORMATS, make_board
    from benchmark.rendering.files import render_json

    finished = list(read_runs(runs))
    if not finished:
        raise ConfigError(f"{runs}: no finished run in it; make one with 'ffpms bench' or 'ffpms evaluate'")
    board = make_board(finished, read_failures(runs))
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        files = board.write(out, flags.get("formats", FORMATS))
        if flags.get("curve"):
            files += _draw_curve(finished, flags["curve"])
    if flags["as_json"]:
        click.echo(render_json(board.cells, board.comparisons).rstrip())
    elif not flags["quiet"]:
        click.echo(board.markdown())
        click.echo(f"Here: {', '.join(map(str, files))}")


def _check_picture(path: Path) -> None:
    if path.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise ConfigError(f"curve: {path} is no name of a .png, .pdf or .svg file")


def _draw_curve(finished: list[Any], path: Path) -> list[Path]:
    """From the rate grid where a run has scores of it, else from the test set's own rates; with its numbers as CSV. A
    picture for each set that was scored on."""
    from benchmark.curves.drawing import write_curve
    from benchmark.curves.fake_rate import grid_curve, rate_curve
    from benchmark.groups import by_table

    files = []
    for table, own, end in by_table(finished):
        curve = grid_curve(own)
        source = "every fake at every rate" if len(curve) else "each fake at one rate"
        title = f"Accuracy against fake rate ({source}), {table}"
        files += write_curve(curve if len(curve) else rate_curve(own), path.with_stem(path.stem + end), title)
    return files


@click.command()
@click.option("--scores", required=True, type=PATH, help="CSV or Parquet: bag_id, slot (empty: the video), score.")
@click.option("--name", required=True, help="What to call the method in the tables.")
@click.option("--val-scores", type=PATH, help="The same of the val bags, to choose threshold and temperature on.")
@click.option("--data", type=PATH, help="The built set that was scored.  [default: FFPMS v1, no pixels needed]")
@click.option("--out", default="runs", show_default=True, type=PATH, help="Folder of runs and leaderboard.")
@CONFIG
@JSON
@QUIET
def evaluate(**flags: Any) -> None:
    """Score another tool's predictions, and put them into the leaderboard beside the other runs.

    Example: ffpms evaluate --scores my.csv --name my-tool --data ffpms-data --out runs
    """
    from benchmark.data import BuiltSet
    from benchmark.external import check_name, read_scores, write_run
    from benchmark.reference import Reference
    from ffpms.schema import Split

    check_name(flags["name"])
    data = BuiltSet.load(flags["data"]) if flags["data"] else None
    read, problems = {}, []
    for split, path in ((Split.TEST, flags["scores"]), (Split.VAL, flags["val_scores"])):
        reference = Reference.of_set(data, split) if data else Reference.of_v1(split)
        read[split], wrong = read_scores(path, reference) if path else (None, [])
        problems += wrong
    for problem in problems:
        click.echo(f"Error: {problem}", err=True)
    test = read[Split.TEST]
    if problems or test is None:
        sys.exit(2)
    folder = write_run(flags["name"], test, read[Split.VAL], flags["out"])
    if not flags["quiet"]:
        click.echo(f"{folder}: {len(test.reference.scored)} test bags scored", err=True)
    _write_board(flags["out"], flags["out"], flags)
