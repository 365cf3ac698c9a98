"""``ffpms pack``: makes a folder of a trained model that one can hand on."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from ffpms.cli.completion import complete_runs
from ffpms.cli.help import Command
from ffpms.cli.options import JSON, PATH, QUIET, warn_of_plugins


@click.command(cls=Command)
@click.argument("run", type=PATH, shell_complete=complete_runs)
@click.option(
    "--out", required=True, type=PATH, metavar="DIR", help="Folder to make; an older packed model in it is replaced."
)
@click.option(
    "--license",
    "licence",
    default="unknown",
    show_default=True,
    help="Licence of the weights, such as cc-by-nc-4.0. Only their owner can choose it.",
)
@click.option("--data", type=PATH, help="The set that RUN was trained on, for a run of an older version.")
@JSON
@QUIET
def pack(run: Path, out: Path, licence: str, data: Path | None, as_json: bool, quiet: bool) -> None:
    """Pack the model of RUN to hand it on, or to put it on a hub.

    DIR gets model.safetensors, config.json and README.md, a model card with the run's results.
    Whoever has it gives it as --run, and needs neither the data set nor the run.

    Example: ffpms pack runs/s-mil-75d02caf0dba --out my-detector --license cc-by-nc-4.0
    """
    from benchmark.models.card import UNKNOWN_LICENCE
    from benchmark.models.packing import pack as make

    warn_of_plugins()
    packed = make(run, out, licence, data)
    about = packed.about
    if as_json:
        click.echo(json.dumps({"folder": str(packed.folder), "license": packed.licence} | asdict(about), indent=2))
    elif not quiet:
        own = about.calibration
        click.echo(f"{packed.folder}: {about.name}, trained on {about.trained_on.dataset}")
        val = f"{own.n_real} real and {own.n_fake} fake val videos"
        click.echo(f"Calibrated on {val}: temperature {own.temperature:.3g}.")
        if packed.licence == UNKNOWN_LICENCE:
            click.echo("No licence is stated; if the weights are yours, give --license.")
        click.echo(f"Read {packed.folder / 'README.md'} before you hand it on.")
