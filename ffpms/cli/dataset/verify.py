"""``ffpms verify``: checks a source tree or a built set."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from ffpms.cli.display.terminal import show
from ffpms.cli.help import Command, option_group
from ffpms.cli.options import (
    COMPRESSION,
    CONFIG,
    CORPUS,
    JSON,
    MANIPULATIONS,
    PATH,
    PLAIN,
    QUIET,
    ROOT,
    TABLE,
    WORKERS,
    choose_tree,
    find_root,
    progress,
)
from ffpms.errors import ConfigError

_OF_TREE = ("splits", "compression", "manipulations", "corpus")


@click.command(cls=Command)
@click.argument("data", required=False, type=PATH)
@option_group(
    "What to check",
    click.option("--ff-root", type=PATH, help="A FaceForensics++ tree."),
    ROOT,
    TABLE,
)
@option_group(
    "A tree alone",
    CORPUS,
    click.option("--splits", type=PATH, help="Folder of other pair files than the official."),
    COMPRESSION,
    MANIPULATIONS,
)
@option_group("Machine", WORKERS)
@option_group("Output", CONFIG, JSON, QUIET, PLAIN)
@click.pass_context
def verify(context: click.Context, /, data: Path | None, **flags: Any) -> None:
    """Check a source tree before a build, or a built set (DATA, by default ffpms-data).

    A set is checked against its manifests. With both, also check that the tree, or the table, still
    has the files that DATA was built from. Exit code 1 if anything is wrong.

    Example: ffpms verify --ff-root /data/FaceForensics++
    """
    is_tree = data is None and any(flags[name] for name in ("ff_root", "root", "table"))
    report = _verify_tree(flags) if is_tree else _verify_data(context, data, flags)
    if flags["as_json"]:
        click.echo(json.dumps(report.as_json(), indent=2))
    else:
        if report.findings:
            from ffpms.cli.display.tables import draw_findings

            text = report.table(shutil.get_terminal_size().columns)
            show(text, lambda drawing: draw_findings(drawing, report))
        if not flags["quiet"]:
            click.echo(report.describe())
    sys.exit(1 if report.findings else 0)


def _verify_tree(flags: dict[str, Any]) -> Any:
    from ffpms.verify.source_tree import verify_tree

    listing = _listing(flags)
    for note in listing.notes:
        click.echo(note, err=True)
    return verify_tree(listing, flags["workers"], _bars(flags))


def _listing(flags: dict[str, Any]) -> Any:
    """Lists the videos of the tree or table that the flags name."""
    from ffpms.protocol.recipe import Recipe
    from ffpms.protocol.splits import read_pairs
    from ffpms.sources.listing import Request
    from ffpms.sources.source_index import list_videos

    root, corpus = find_root(flags)
    recipe = Recipe(**choose_tree(flags, corpus))
    pairs = read_pairs(flags["splits"]) if corpus.has_pairs or flags["splits"] else None
    return list_videos(corpus, Request(root or flags["table"].parent, recipe, pairs, flags["table"]))


def _verify_data(context: click.Context, data: Path | None, flags: dict[str, Any]) -> Any:
    from ffpms.verify.built_set import verify_data
    from ffpms.verify.listed_videos import list_again

    unused = [name for name in _OF_TREE if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    if unused:
        raise ConfigError(f"--{unused[0]}: only for a tree; give --root, --ff-root or --table, and no DATA")
    folder = data or Path("ffpms-data")
    listing = list_again(folder, flags["table"], flags["root"]) if flags["table"] else None
    root = listing.root if listing else flags["ff_root"] or flags["root"]
    return verify_data(folder, root, flags["workers"], _bars(flags), listing)


def _bars(flags: dict[str, Any]) -> Any:
    """Returns the progress bar; it counts files with a finding as failures."""
    from ffpms.verify.findings import Finding

    return progress(flags["quiet"], "file", lambda item: isinstance(item[1] if type(item) is tuple else item, Finding))
