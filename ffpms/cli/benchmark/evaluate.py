"""``ffpms evaluate``: adds another tool's scores to the leaderboard."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from ffpms.cli.benchmark.leaderboard import PROTOCOL, write_board
from ffpms.cli.help import Command
from ffpms.cli.options import CONFIG, JSON, PATH, PLAIN, QUIET
from ffpms.errors import ConfigError


@click.command(cls=Command)
@click.option(
    "--scores",
    type=PATH,
    help="CSV or Parquet: bag_id, slot (empty: the video), score, and seed if there are several"
    " trainings. Or JSON of proposed segments.",
)
@click.option("--name", help="What to call the method in the tables.")
@click.option("--val-scores", type=PATH, help="The same of the val bags, to choose threshold and temperature on.")
@click.option(
    "--submission",
    "submissions",
    multiple=True,
    type=PATH,
    help="Folder of submission.toml, scores and val_scores, in place of the three above; may be repeated.",
)
@click.option(
    "--data",
    type=PATH,
    help="The built set that was scored, or its recipe without pixels.  [default: FFPMS v1, no pixels needed]",
)
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
    Example: ffpms evaluate --submission my-entry --data recipe --out board
    """
    _take_in(flags)
    write_board(flags["out"], flags["out"], flags)


def _take_in(flags: dict[str, Any]) -> None:
    """Checks all scores and cards, then writes the runs; exit code 2 if something is wrong."""
    from benchmark.runs.external import read_candidate, write_runs
    from benchmark.runs.ground_truth import GroundTruth
    from benchmark.runs.recipe_set import load_set
    from benchmark.runs.submissions.several import find_copies, find_repeated
    from ffpms.schema import Split

    candidates, problems = _find_candidates(flags)
    data = load_set(flags["data"]) if flags["data"] else None
    make = partial(GroundTruth.of_set, data) if data else GroundTruth.of_v1
    truths = make(Split.TEST), make(Split.VAL)
    read = [(candidate, *read_candidate(candidate, *truths)) for candidate in candidates]
    problems += [problem for *_, own in read for problem in own]
    of_test = [(candidate, test) for candidate, test, *_ in read]
    problems += find_repeated(of_test)
    for problem in problems:
        click.echo(f"Error: {problem}", err=True)
    if problems:
        sys.exit(2)
    for candidate, test, val, _ in read:
        folders = write_runs(candidate.name, test, val, flags["out"], candidate.card) if test else []
        if not flags["quiet"]:
            _tell(candidate, test, folders)
    for line in () if flags["quiet"] else find_copies(of_test):
        click.echo(line, err=True)


def _find_candidates(flags: dict[str, Any]) -> tuple[list[Any], list[str]]:
    """Finds what is to be scored: a file and its name, or submissions; and what is wrong there.

    Raises:
        ConfigError: the flags name neither or both, or write into a submission.
    """
    from benchmark.runs.external import check_name
    from benchmark.runs.submissions.folder import Candidate, check_out, find_candidate

    for folder in flags["submissions"]:
        check_out(flags["out"], folder)
    if flags["submissions"]:
        if given := [name for name in ("scores", "name", "val_scores") if flags[name] is not None]:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise ConfigError(f"--submission: such a folder has a name and scores of its own; leave {names} away")
        found = [find_candidate(folder) for folder in flags["submissions"]]
        return [own for own, _ in found if own], [problem for _, wrong in found for problem in wrong]
    if missing := [f"--{name}" for name in ("scores", "name") if flags[name] is None]:
        raise ConfigError(f"{' and '.join(missing)}: not given; give --scores FILE --name NAME, or --submission DIR")
    check_name(flags["name"])
    return [Candidate(flags["name"], flags["scores"], flags["scores"], flags["val_scores"])], []


def _tell(candidate: Any, test: Any, folders: Sequence[Path]) -> None:
    """Tells where the runs are, and what a reader of the submission will miss."""
    from benchmark.leaderboards.submission_lines import find_shortcomings

    more = f" and {len(folders) - 1} more" if len(folders) > 1 else ""
    click.echo(f"{folders[0]}{more}: {len(test.truth.scored)} test bags scored", err=True)
    for line in find_shortcomings(candidate.card, test) if candidate.card else ():
        click.echo(f"{candidate.place}: {line}", err=True)
