"""Every command. Libraries are imported inside the command bodies, so that ``--help`` is quick."""

import json
import os
import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import click

from ffpms import __version__
from ffpms.config import read_toml
from ffpms.errors import ConfigError, FfpmsError

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_PATH = click.Path(path_type=Path)
_CONFIG = click.option(
    "--config",
    type=_PATH,
    callback=read_toml,
    is_eager=True,
    expose_value=False,
    help="TOML file of flags; flags given here win.",
)
_QUIET = click.option("--quiet", is_flag=True, help="No progress bar, no summary.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


class _Group(click.Group):
    """Turns our own errors into one line and exit code 2, unless --debug asks for the traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            _check_packages()
            return super().invoke(ctx)
        except Exception as error:
            line = _one_line(error)
            if line is None or ctx.params.get("debug"):
                raise
            click.echo(f"Error: {line}", err=True)
            sys.exit(2)


def _one_line(error: Exception) -> str | None:
    """What to tell a user; None for an error that is ours."""
    if isinstance(error, FfpmsError) or type(error).__name__ == "DetectorError":
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'file system'}: {error.strerror or error}; mend it, then run the command again"
    return None


def _check_packages() -> None:
    """Other distributions use the names ``detectors`` and ``benchmark`` too; say so if one of theirs is in the way."""
    home = Path(__file__).parent.parent
    for name in ("detectors", "benchmark", "data_manifests"):
        spec = find_spec(name)
        found = Path(spec.origin).parent.parent if spec and spec.origin else None
        if found != home:
            raise ConfigError(
                f"{found}: another package named {name!r} hides ffpms's own; install ffpms in a fresh venv"
            )


@click.group(cls=_Group)
@click.version_option(__version__, prog_name="ffpms")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Build FFPMS, the partial-attack deepfake benchmark, and train and score detectors on it."""


def _parse_range(_: click.Context, __: click.Parameter, text: str) -> tuple[int, int]:
    """``1-19`` -> (1, 19); ``5`` -> (5, 5)."""
    low, _dash, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no range such as 1-19") from None


def _parse_names(_: click.Context, __: click.Parameter, text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _progress(quiet: bool, unit: str) -> Callable[[Iterable[T], int], Iterable[T]]:
    """A progress bar on a terminal, nothing elsewhere."""
    from tqdm import tqdm

    hidden = quiet or not sys.stderr.isatty()
    return lambda items, total: tqdm(items, total=total, unit=unit, disable=hidden, dynamic_ncols=True)


def _recipe_options(function: F) -> F:
    """The flags that make a Recipe."""
    for option in (
        click.option("--seed", default=2020, show_default=True, help="Seed of every draw; 2020 is FFPMS v1."),
        click.option("--placement", default="random", show_default=True, help="random or contiguous fake frames."),
        click.option("--replace-fraction", default=0.25, show_default=True, help="Replaced share in train."),
        click.option(
            "--replace", default="1-19", show_default=True, callback=_parse_range, help="Replaced in val, test."
        ),
        click.option("--frames", default=20, show_default=True, help="Frames sampled from each video."),
        click.option("--manipulations", default="DF,F2F,FS,NT", show_default=True, help="Full names work too."),
        click.option(
            "--compression",
            default="c40",
            show_default=True,
            type=click.Choice(["raw", "c0", "c23", "c40"]),
            help="Compression level of the tree.",
        ),
        click.option("--splits", type=_PATH, help="Folder of other pair files than the official."),
    ):
        function = option(function)
    return function


def _recipe(flags: dict[str, Any]) -> Any:
    from ffpms.recipe import Recipe
    from ffpms.sources.ffpp import normalise_compression, parse_manipulations

    return Recipe(
        compression=normalise_compression(flags["compression"]),
        manipulations=parse_manipulations(flags["manipulations"]),
        frames_per_video=flags["frames"],
        replaced=flags["replace"],
        fraction=flags["replace_fraction"],
        placement=flags["placement"],
        seed=flags["seed"],
    )


@main.command()
@click.option("--ff-root", required=True, type=_PATH, help="Folder with original_sequences/.")
@click.option("--out", default="ffpms-data", show_default=True, type=_PATH, help="Folder of the built set.")
@click.option("--split", default="test,val,train", show_default=True, callback=_parse_names, help="Which to build.")
@_recipe_options
@click.option("--size", default=299, show_default=True, help="Side of a crop in px.")
@click.option("--margin", default=1.3, show_default=True, help="Side of the square over the detector's box.")
@click.option("--workers", default=os.cpu_count() or 1, show_default="CPU cores", help="Processes.")
@click.option(
    "--decoder",
    default="pyav",
    show_default=True,
    type=click.Choice(["pyav", "ffmpeg"]),
    help="ffmpeg is the reference.",
)
@click.option(
    "--limit", type=click.IntRange(min=2), help="Only the first N real videos of each split, with their fakes."
)
@click.option("--retry-failed", is_flag=True, help="Do videos again that could not be used.")
@_CONFIG
@_JSON
@_QUIET
def build(**flags: Any) -> None:
    """Build FFPMS from a FaceForensics++ tree. The same command again resumes.

    Example: ffpms build --ff-root /data/FaceForensics++ --out ffpms-data
    """
    from ffpms.build import BuildConfig, build, pairs_digest
    from ffpms.schema import Split
    from ffpms.sources.splits import read_pairs
    from ffpms.target import CropConfig

    unknown = [name for name in flags["split"] if name not in list(Split)]
    if unknown or not flags["split"]:
        raise ConfigError(f"split: {', '.join(unknown) or 'none'}; choose from train,val,test")
    pairs = read_pairs(flags["splits"])
    config = BuildConfig(
        recipe=_recipe(flags),
        crop=CropConfig(flags["size"], flags["margin"]),
        splits=tuple(s.value for s in Split if s in flags["split"]),
        pairs_sha256=pairs_digest(pairs),
        limit=flags["limit"],
        decoder=flags["decoder"],
    )
    report = build(
        flags["ff_root"],
        flags["out"],
        pairs,
        config,
        workers=flags["workers"],
        retry_failed=flags["retry_failed"],
        progress=_progress(flags["quiet"], "video"),
    )
    for problem in report.problems:
        click.echo(problem, err=True)
    if flags["as_json"]:
        click.echo(json.dumps(report.summary, indent=2))
    elif not flags["quiet"]:
        click.echo(report.describe())


@main.command()
@click.option("--out", required=True, type=_PATH, help="Folder to write to.")
@_recipe_options
@_CONFIG
def plan(**flags: Any) -> None:
    """Write the test split's recipe without pixels: every bag and slot with its label.

    Example: ffpms plan --out data_manifests/ffpms-v1
    """
    from ffpms.manifest import write_manifest

    slots = write_manifest(flags["out"], _recipe(flags), flags["splits"])
    click.echo(f"{flags['out']}: {slots['bag_id'].nunique()} bags, {len(slots)} rows")


@main.command()
@click.option("--methods", required=True, callback=_parse_names, help="Comma list of methods, or all.")
@click.option("--data", default="ffpms-data", show_default=True, type=_PATH, help="A built set.")
@click.option("--out", default="runs", show_default=True, type=_PATH, help="Folder of runs and leaderboard.")
@click.option("--backbone", default="legacy_xception", show_default=True, help="Any timm model, or tiny.")
@click.option("--weights", type=_PATH, help="Backbone weights: .safetensors or a state dict.")
@click.option("--pretrained/--no-pretrained", default=True, show_default=True, help="Fetch timm's weights.")
@click.option("--epochs", default=30, show_default=True, help="Passes over the training bags.")
@click.option("--batch-size", default=32, show_default=True, help="Videos in a batch.")
@click.option("--train-frames", default=8, show_default=True, help="Faces of a video drawn each epoch.")
@click.option("--lr", default=2e-4, show_default=True, help="Learning rate of Adam.")
@click.option("--lr-halved-every", default=5, show_default=True, help="Epochs between halvings of the rate.")
@click.option("--seeds", default="0", show_default=True, callback=_parse_names, help="Comma list of numbers.")
@click.option(
    "--train-on",
    default="joint",
    show_default=True,
    type=click.Choice(["joint", "each"]),
    help="One detector for all manipulations, or one for each.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, ...")
@click.option(
    "--precision",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "fp32", "bf16"]),
    help="auto is bf16 on a GPU, fp32 elsewhere.",
)
@click.option("--workers", default=0, show_default=True, help="Processes that load crops.")
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads of torch.  [default: the cores it may use]")
@click.option("--resume/--no-resume", default=True, show_default=True, help="Go on where a run was stopped.")
@_CONFIG
@_JSON
@_QUIET
def bench(**flags: Any) -> None:
    """Train detectors on a built set, score its test bags, write the leaderboard.

    Example: ffpms bench --methods smil,xn-avg --data ffpms-data --out runs
    """
    import torch

    from benchmark.bench import Machine, bench
    from benchmark.data import BuiltSet
    from benchmark.device import choose_device
    from benchmark.weights import read_weights

    torch.set_num_threads(flags["threads"] or len(os.sched_getaffinity(0)))
    machine = Machine(
        device=choose_device(flags["device"]),
        workers=flags["workers"],
        track=_progress(flags["quiet"], "batch"),
        say=(lambda _: None) if flags["quiet"] else (lambda line: click.echo(line, err=True)),
    )
    data = BuiltSet.load(flags["data"])
    weights = read_weights(flags["weights"]) if flags["weights"] else None
    outcome = bench(_trials(flags, data.manipulations), data, flags["out"], machine, weights, flags["resume"])
    if flags["as_json"]:
        click.echo(outcome.cells.to_json(orient="records", indent=2))
    elif not flags["quiet"]:
        click.echo(outcome.markdown)
    for failure in outcome.failures:
        click.echo(f"failed: {failure}", err=True)
    sys.exit(1 if outcome.failures else 0)


def _trials(flags: dict[str, Any], manipulations: tuple[str, ...]) -> list[Any]:
    """The grid of trials that the flags of ``bench`` ask for."""
    from benchmark.bench import trials
    from benchmark.config import TrainConfig
    from detectors import names, resolve

    methods = names() if flags["methods"] == ("all",) else [resolve(name) for name in flags["methods"]]
    if not all(seed.isdecimal() for seed in flags["seeds"]):
        raise ConfigError(f"seeds: {','.join(flags['seeds'])} is no comma list of numbers such as 0,1,2")
    base = TrainConfig(
        method="",
        manipulations=manipulations,
        weights_sha256=_sha256(flags["weights"]),
        **{name: flags[name] for name in _TRAIN_FLAGS},
    )
    return trials(base, list(dict.fromkeys(methods)), [int(s) for s in flags["seeds"]], flags["train_on"] == "each")


_TRAIN_FLAGS = ("backbone", "pretrained", "epochs", "batch_size", "train_frames", "lr", "lr_halved_every", "precision")


def _sha256(path: Path | None) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""


if __name__ == "__main__":
    main()
