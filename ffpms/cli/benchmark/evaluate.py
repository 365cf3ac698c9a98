"""``ffpms evaluate``: adds another tool's scores to the leaderboard."""

import sys
from typing import Any

import click

from ffpms.cli.benchmark.leaderboard import PROTOCOL, write_board
from ffpms.cli.help import Command
from ffpms.cli.options import CONFIG, JSON, PATH, PLAIN, QUIET


@click.command(cls=Command)
@click.option(
    "--scores",
    required=True,
    type=PATH,
    help="CSV or Parquet: bag_id, slot (empty: the video), score. Or JSON of proposed segments.",
)
@click.option("--name", required=True, help="What to call the method in the tables.")
@click.option("--val-scores", type=PATH, help="The same of the val bags, to choose threshold and temperature on.")
@click.option("--data", type=PATH, help="The built set that was scored.  [default: FFPMS v1, no pixels needed]")
@click.option("--out", default="runs", show_default=True, type=PATH, help="Folder of runs and leaderboard.")
@PROTOCOL
@CONFIG
@JSON
@QUIET
@PLAIN
def evaluate(**flags: Any) -> None:
    """Score another tool's predictions and add them to the leaderboard.

    JSON has what AV-Deepfake1M's evaluator takes: {file: [[confidence, start_s, end_s], ...]}.

    Example: ffpms evaluate --scores my.csv --name my-tool --data ffpms-data --out runs
    Example: ffpms evaluate --scores segments.json --name my-tool --data ffpms-data
    """
    from benchmark.runs.external import check_name, read_scores, write_run
    from benchmark.runs.ground_truth import GroundTruth
    from ffpms.dataset.built_set import BuiltSet
    from ffpms.schema import Split

    check_name(flags["name"])
    data = BuiltSet.load(flags["data"]) if flags["data"] else None
    read, problems = {}, []
    for split, path in ((Split.TEST, flags["scores"]), (Split.VAL, flags["val_scores"])):
        truth = GroundTruth.of_set(data, split) if data else GroundTruth.of_v1(split)
        read[split], wrong = read_scores(path, truth) if path else (None, [])
        problems += wrong
    for problem in problems:
        click.echo(f"Error: {problem}", err=True)
    test = read[Split.TEST]
    if problems or test is None:
        sys.exit(2)
    folder = write_run(flags["name"], test, read[Split.VAL], flags["out"])
    if not flags["quiet"]:
        click.echo(f"{folder}: {len(test.truth.scored)} test bags scored", err=True)
    write_board(flags["out"], flags["out"], flags)
