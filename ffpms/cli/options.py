"""Flags that several commands share, and how their text is parsed."""

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import click

from ffpms.cli.config_file import take_defaults
from ffpms.cli.display.progress import Bars
from ffpms.cli.display.terminal import is_dumb, is_plain, set_plain
from ffpms.cli.help import option_group
from ffpms.errors import ConfigError, not_installed

F = TypeVar("F", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)
CONFIG = click.option(
    "--config",
    type=PATH,
    callback=take_defaults,
    is_eager=True,
    expose_value=False,
    help="TOML file of flags; flags given here win.",
)


def _count_workers() -> int:
    from ffpms.machine.cores import default_workers

    return default_workers()


DEFAULT_WORKERS = "CPU cores that it may use, or its GB of memory if those are fewer"
"""How many workers :func:`ffpms.machine.cores.default_workers` takes, in words."""
WORKERS = click.option(
    "--workers",
    default=_count_workers,
    show_default=DEFAULT_WORKERS,
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
DEVICE = click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, xpu, mps, ...")
PRECISION = click.option(
    "--precision",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "fp32", "bf16"]),
    help="auto is bf16 on a CUDA GPU that has it, fp32 elsewhere. bf16 is for the backbone alone.",
)
THREADS = click.option(
    "--threads", type=click.IntRange(1, 4096), help="CPU threads of torch.  [default: the cores it may use]"
)
QUIET = click.option("--quiet", is_flag=True, help="No progress bar, no summary.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
PLAIN = click.option(
    "--plain",
    is_flag=True,
    expose_value=False,
    callback=set_plain,
    help="Print as into a pipe: no tables, no colours, no progress bar.",
)


MANIPULATIONS = click.option(
    "--manipulations",
    show_default="DF,F2F,FS,NT",
    help="Full names work too; FSh is FaceShifter. Of other corpora all are taken.",
)
COMPRESSION = click.option(
    "--compression",
    show_default="c40",
    type=click.Choice(["raw", "c0", "c23", "c40"]),
    help="Compression level of the tree; only FaceForensics++ and DeepFakeDetection have any.",
)
CORPUS = click.option(
    "--corpus",
    help="Whose tree it is, if not told by its folders: ffpp, dfd, celeb-df, dfdc, dfdc-preview, minicorpus, table.",
)
ROOT = click.option("--root", type=PATH, help="A tree of any corpus.")
TABLE = click.option("--table", type=PATH, help="CSV or Parquet file that lists your own videos.")


def parse_range(_: click.Context, option: click.Parameter, text: str | None) -> tuple[int, int] | None:
    """Parses a range: ``1-19`` -> (1, 19); ``5`` -> (5, 5)."""
    if text is None:
        return None
    low, dash, high = text.partition("-")
    try:
        return int(low), int(high if dash else low)
    except ValueError:
        example = {"segments": "1-3", "frames": "60-90"}.get(option.name or "", "1-19")
        raise click.BadParameter(f"{text!r} is no range such as {example}") from None


def parse_names(_: click.Context, __: click.Parameter, text: str) -> tuple[str, ...]:
    """Parses a comma list, without empty names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def progress(quiet: bool, unit: str, failed: Callable[[Any], bool] = lambda _: False) -> Bars:
    """Returns a callback that shows a progress bar on a terminal, and nothing elsewhere.

    ``failed`` says of an item whether it counts as a failure.
    """
    bars = Bars(unit, quiet or is_plain() or is_dumb() or not sys.stderr.isatty(), failed)
    click.get_current_context().call_on_close(bars.stop)
    return bars


def recipe_options(function: F) -> F:
    """Adds the flags of a Recipe to a command."""
    return option_group(
        "What is drawn",
        *(
            click.option("--seed", default=2020, show_default=True, help="Seed of every draw; 2020 is FFPMS v1."),
            click.option(
                "--placement",
                default="random",
                show_default=True,
                help="Where fake frames lie: random, contiguous (one segment) or segments (several).",
            ),
            click.option(
                "--segments",
                callback=parse_range,
                help="How many in a fake with --placement segments, 2 or 1-3.  [default: 1-3]",
            ),
            click.option("--replace-fraction", default=0.25, show_default=True, help="Replaced share in train."),
            click.option(
                "--replace", callback=parse_range, help="Replaced in val and test.  [default: 1 to frames - 1]"
            ),
            click.option("--frames", default=20, show_default=True, help="Frames sampled from each video."),
            MANIPULATIONS,
            COMPRESSION,
            click.option("--splits", type=PATH, help="Folder of other pair files than the official."),
        ),
    )(function)


def make_recipe(flags: dict[str, Any], corpus: Any = None) -> Any:
    """Makes a Recipe of a corpus, by default FaceForensics++, from the flags.

    Raises:
        ConfigError: a flag does not fit.
    """
    from ffpms.protocol.recipe import Recipe

    return Recipe(
        **choose_tree(flags, corpus),
        frames_per_video=flags["frames"],
        replaced=flags["replace"] or (1, flags["frames"] - 1),
        fraction=flags["replace_fraction"],
        placement=flags["placement"],
        segments=flags["segments"],
        seed=flags["seed"],
    )


def choose_tree(flags: dict[str, Any], corpus: Any = None) -> dict[str, Any]:
    """Returns the settings of a recipe that a corpus knows, where flags give them.

    Raises:
        ConfigError: the corpus has no such manipulation, or no compression levels.
    """
    from ffpms.sources.corpora.ffpp import CORPUS as FFPP

    own, given = corpus or FFPP, {}
    if flags["compression"] is not None:
        if not own.crf:
            raise ConfigError(f"compression: {own.title} has no levels; leave out --compression")
        given["compression"] = own.normalise_compression(flags["compression"])
    if flags["manipulations"] is not None:
        given["manipulations"] = own.parse_manipulations(flags["manipulations"])
    return given


def find_root(flags: dict[str, Any]) -> tuple[Path | None, Any]:
    """Returns the tree that flags name, and its corpus.

    Raises:
        ConfigError: nothing tells which tree or which corpus is meant.
    """
    from ffpms.sources.registry import choose_corpus

    root, corpus = name_tree(flags)
    return root, choose_corpus(root, corpus, flags["table"])


def name_tree(flags: dict[str, Any]) -> tuple[Path | None, str | None]:
    """Returns the tree that flags name, and the name of its corpus if they tell it.

    Raises:
        ConfigError: they name two.
    """
    if flags["ff_root"] and (flags["root"] or flags["corpus"] not in (None, "ffpp")):
        raise ConfigError("--ff-root: is --corpus ffpp --root; give one of the two")
    return flags["ff_root"] or flags["root"], "ffpp" if flags["ff_root"] else flags["corpus"]


def need(*packages: str, extra: str = "demo") -> None:
    """Checks that packages of an extra are installed.

    Raises:
        ConfigError: one is not.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise not_installed(", ".join(missing), extra)


def prepare_libraries() -> None:
    """Sets what libraries read from the environment, before they are imported."""
    os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")  # what Apple's GPUs lack is computed by the CPU
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")  # its retries tell no more than our one line


def warn_of_plugins() -> None:
    """Imports the plugins, and prints a line for each that cannot be used; the others can."""
    from detectors.registry import plugin_faults

    for fault in plugin_faults():
        click.echo(f"Warning: {fault}", err=True)
