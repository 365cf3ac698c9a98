"""``ffpms import``: builds the set of a published recipe from one's own videos."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from ffpms.cli.help import Command
from ffpms.cli.options import CONFIG, CORPUS, JSON, PATH, PLAIN, QUIET, ROOT, TABLE, WORKERS, name_tree, progress

_SHOWN = 20


@click.command("import", cls=Command)
@click.argument("recipe", type=PATH)
@click.option("--ff-root", type=PATH, help="Your FaceForensics++ tree.")
@ROOT
@CORPUS
@TABLE
@click.option("--out", default="ffpms-data", show_default=True, type=PATH, help="Folder of the set to build.")
@WORKERS
@CONFIG
@JSON
@QUIET
@PLAIN
def import_recipe(recipe: Path, out: Path, **flags: Any) -> None:
    """Build the set of a published RECIPE from your own videos, and compare the two.

    RECIPE is a folder that 'ffpms export DATA --recipe-only' wrote. It says which corpus its videos
    are of; its README has the command. Each video's hash, box, crop's hash and label is compared.
    Exit code 1 if one differs.

    \b
    Example: ffpms import my-recipe --ff-root /data/FaceForensics++ --out ffpms-data
    Example: ffpms import my-recipe --table my-videos/videos.csv --out my-data
    """
    from ffpms.import_recipe import import_recipe

    root, corpus = name_tree(flags)
    places = {"corpus": corpus, "table": flags["table"]}
    shown = progress(flags["quiet"], "target")
    report = import_recipe(recipe, root, out, **places, workers=flags["workers"], progress=shown)
    found, summary = report.differences, report.build.summary
    for problem in report.build.problems:
        click.echo(problem, err=True)
    if flags["as_json"]:
        about = {"out": str(out), "dataset": summary["dataset"], "note": report.note}
        click.echo(json.dumps(about | {"n_differences": len(found), "differences": list(found)}, indent=2))
    else:
        lines = [
            *found[:_SHOWN],
            *([f"and {len(found) - _SHOWN} more; --json lists all"] if len(found) > _SHOWN else []),
        ]
        verdict = f"{len(found)} rows differ from the recipe" if found else "every row is as in the recipe"
        lines += [] if flags["quiet"] else [*filter(None, [report.note]), f"{out}: {summary['dataset']}; {verdict}"]
        click.echo("\n".join(lines), nl=bool(lines))
    sys.exit(1 if found else 0)
