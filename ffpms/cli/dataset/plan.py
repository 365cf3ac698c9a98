"""``ffpms plan``: writes the recipe of the test split, without pixels."""

from typing import Any

import click

from ffpms.cli.help import Command
from ffpms.cli.options import CONFIG, PATH, make_recipe, recipe_options


@click.command(cls=Command)
@click.option("--out", required=True, type=PATH, help="Folder to write to.")
@recipe_options
@CONFIG
def plan(**flags: Any) -> None:
    """Write the test split's recipe without pixels: every bag and slot with its label.

    Example: ffpms plan --out data_manifests/ffpms-v1
    """
    from ffpms.protocol.v1_manifest import write_manifest

    slots = write_manifest(flags["out"], make_recipe(flags), flags["splits"])
    click.echo(f"{flags['out']}: {slots['bag_id'].nunique()} bags, {len(slots)} rows")
