"""``ffpms embed``: embeds the faces of sets ahead of training."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ffpms.cli.help import Command, option_group
from ffpms.cli.options import (
    CONFIG,
    DEVICE,
    JSON,
    PATH,
    PLAIN,
    PRECISION,
    QUIET,
    THREADS,
    prepare_libraries,
    progress,
)


@click.command(cls=Command)
@click.argument("data", nargs=-1, required=True, type=PATH)
@option_group(
    "The backbone",
    click.option("--backbone", required=True, help="Any timm model, or tiny."),
    click.option(
        "--weights",
        type=PATH,
        help="Its weights: .safetensors, a state dict, or 'packaged', as 'ffpms bench' takes them.",
    ),
    click.option("--pretrained/--no-pretrained", default=True, show_default=True, help="Fetch timm's weights."),
    click.option("--input-size", default=0, help="Side of the faces shown, px.  [default: the backbone's own]"),
)
@option_group(
    "Machine",
    DEVICE,
    PRECISION,
    THREADS,
)
@option_group(
    "Output",
    click.option(
        "--out",
        default="runs",
        show_default=True,
        type=PATH,
        help="Folder of runs; embeddings and backbone are kept below it.",
    ),
    CONFIG,
    JSON,
    QUIET,
    PLAIN,
)
def embed(data: tuple[Path, ...], out: Path, as_json: bool, quiet: bool, **flags: Any) -> None:
    """Embed every face of DATA once, for all runs of ``ffpms bench --tune cached`` into --out.

    DATA are built sets. A bench that finds no embeddings makes them itself, so this is for another
    time or machine. Run again, it goes on where it was stopped.

    Example: ffpms embed ffpms-data --backbone vit_base_patch14_dinov2.lvd142m --input-size 224
    """
    prepare_libraries()
    from benchmark.embed import METHOD
    from benchmark.embed import embed as make
    from benchmark.training.device import Setup
    from benchmark.trials.configure import ALL_METHODS, configure, settle
    from ffpms.dataset.loading import load

    bars = progress(quiet, "batch")
    log = (lambda _: None) if quiet else bars.log
    machine = replace(Setup(flags["device"], threads=flags["threads"]).apply(), progress=bars, log=log)
    weights = {ALL_METHODS: flags["weights"]} if flags["weights"] else {}
    settings = {name: flags[name] for name in ("pretrained", "input_size", "precision")} | {"tune": "cached"}
    (config,), files = configure([METHOD], settings, flags["backbone"], weights, {})
    sets, about, started = [load(root) for root in data], [], time.monotonic()
    for own, made in zip(sets, make(sets, settle(config, machine), out, machine, files), strict=True):
        names = {"data": str(own.place), "dataset": own.name, "data_sha256": own.sha256}
        about.append(names | made.count() | {"seconds": round(time.monotonic() - started, 1)})
        started = time.monotonic()
        if not (quiet or as_json):
            click.echo(f"{own.place}: {made.describe()}")
    if as_json:
        click.echo(json.dumps(about, indent=2))
