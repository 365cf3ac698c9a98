"""``ffpms explain``: draws figures that explain the methods."""

import json
from typing import Any

import click

from ffpms.cli.options import JSON, PATH, QUIET, need
from ffpms.errors import ConfigError

_FORMATS = (".png", ".pdf", ".svg")


@click.group(no_args_is_help=False)
def explain() -> None:
    """Draw figures that explain the methods.

    Example: ffpms explain gradients --out gradients.png
    """


@explain.command()
@click.option("--out", required=True, type=PATH, help="The figure: .png, .pdf or .svg.")
@JSON
@QUIET
def gradients(**flags: Any) -> None:
    """Draw the gradient that a face of a fake video gets under MIL, sharp MIL and S-MIL.

    It depends on what the video's other face looks like (Li 2020, supplement).

    Example: ffpms explain gradients --out gradients.png
    """
    need("matplotlib")
    from benchmark.experiments.gradients import EXAMPLE_BAG, draw_gradients, report

    if flags["out"].suffix.lower() not in _FORMATS:
        raise ConfigError(f"out: {flags['out']} is no figure; name it {', '.join(_FORMATS)}")
    draw_gradients(flags["out"])
    rules = report()
    if flags["as_json"]:
        click.echo(json.dumps(rules, indent=2))
    elif not flags["quiet"]:
        pulls = ", ".join(f"{name} {rule['gradient'][0]['value']:.2g}" for name, rule in rules.items())
        click.echo(f"{flags['out']}: |dL/dp_1| at p_1 = {EXAMPLE_BAG[0]}, p_2 = {EXAMPLE_BAG[1]}: {pulls}")
