"""Flags that several commands share, and how their text is parsed."""

import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import click

from ffpms.cli.config_file import read_toml
from ffpms.errors import not_installed

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)
CONFIG = click.option(
    "--config",
    type=PATH,
    callback=read_toml,
    is_eager=True,
    expose_value=False,
    help="TOML file of flags; flags given here win.",
)


def _count_workers() -> int:
    from ffpms.cores import default_workers

    return default_workers()


WORKERS = click.option(
    "--workers",
    default=_count_workers,
    show_default="CPU cores that it may use, one a GB of memory",
    type=click.IntRange(min=1),
    help="Processes.",
)
ENGINE = click.option(
    "--engine",
    default="local",
    show_default=True,
    type=click.Choice(["local", "ray"]),
    help="ray: a cluster at RAY_ADDRESS, or one on this machine.",
)
QUIET = click.option("--quiet", is_flag=True, help="No progress bar, no summary.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def parse_range(_: click.Context, __: click.Parameter, text: str | None) -> tuple[int, int] | None:
    """Parses a range: ``1-19`` -> (1, 19); ``5`` -> (5, 5)."""
    if text is None:
        return None
    low, dash, high = text.partition("-")
    try:
        return int(low), int(high if dash else low)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no range such as 1-19") from None


def parse_names(_: click.Context, __: click.Parameter, text: str) -> tuple[str, ...]:
    """Parses a comma list, without empty names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def progress(quiet: bool, unit: str) -> Callable[[Iterable[T], int], Iterable[T]]:
    """Returns a callback that shows a progress bar on a terminal, and nothing elsewhere."""
    from tqdm import tqdm

    hidden = quiet or not sys.stderr.isatty()
    return lambda items, total: tqdm(items, total=total, unit=unit, disable=hidden, dynamic_ncols=True, leave=False)


def recipe_options(function: F) -> F:
    """Adds the flags of a Recipe to a command."""
    for option in (
        click.option("--seed", default=2020, show_default=True, help="Seed of every draw; 2020 is FFPMS v1."),
        click.option("--placement", default="random", show_default=True, help="random or contiguous fake frames."),
        click.option("--replace-fraction", default=0.25, show_default=True, help="Replaced share in train."),
        click.option("--replace", callback=parse_range, help="Replaced in val and test.  [default: 1 to frames - 1]"),
        click.option("--frames", default=20, show_default=True, help="Frames sampled from each video."),
        click.option("--manipulations", default="DF,F2F,FS,NT", show_default=True, help="Full names work too."),
        click.option(
            "--compression",
            default="c40",
            show_default=True,
            type=click.Choice(["raw", "c0", "c23", "c40"]),
            help="Compression level of the tree.",
        ),
        click.option("--splits", type=PATH, help="Folder of other pair files than the official."),
    ):
        function = option(function)
    return function


def make_recipe(flags: dict[str, Any]) -> Any:
    """Makes a Recipe from the flags."""
    from ffpms.protocol.recipe import Recipe
    from ffpms.sources.ffpp import CORPUS as FFPP

    return Recipe(
        compression=FFPP.normalise_compression(flags["compression"]),
        manipulations=FFPP.parse_manipulations(flags["manipulations"]),
        frames_per_video=flags["frames"],
        replaced=flags["replace"] or (1, flags["frames"] - 1),
        fraction=flags["replace_fraction"],
        placement=flags["placement"],
        seed=flags["seed"],
    )


def need(*packages: str, extra: str = "demo") -> None:
    """Checks that packages of an extra are installed.

    Raises:
        ConfigError: one is not.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise not_installed(", ".join(missing), extra)


def warn_of_plugins() -> None:
    """Imports the plugins, and prints a line for each that cannot be used; the others can."""
    from detectors.registry import plugin_faults

    for fault in plugin_faults():
        click.echo(f"Warning: {fault}", err=True)
