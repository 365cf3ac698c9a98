"""``ffpms bench``: training and scoring."""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from ffpms.cli.options import CONFIG, JSON, PATH, QUIET, parse_names, progress
from ffpms.errors import ConfigError


@click.command()
@click.option("--methods", required=True, callback=parse_names, help="Comma list of methods, or all.")
@click.option("--data", default="ffpms-data", show_default=True, type=PATH, help="A built set.")
@click.option("--out", default="runs", show_default=True, type=PATH, help="Folder of runs and leaderboard.")
@click.option("--backbone", default="legacy_xception", show_default=True, help="Any timm model, or tiny.")
@click.option("--weights", type=PATH, help="Backbone weights: .safetensors or a state dict.")
@click.option("--pretrained/--no-pretrained", default=True, show_default=True, help="Fetch timm's weights.")
@click.option("--epochs", default=30, show_default=True, help="Passes over the training bags.")
@click.option("--batch-size", default=32, show_default=True, help="Videos in a batch.")
@click.option("--train-frames", default=8, show_default=True, help="Faces of a video drawn each epoch.")
@click.option("--lr", default=2e-4, show_default=True, help="Learning rate of Adam.")
@click.option("--lr-halved-every", default=5, show_default=True, help="Epochs between halvings of the rate.")
@click.option("--seeds", default="0", show_default=True, callback=parse_names, help="Comma list of numbers.")
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
@click.option("--workers", default=0, show_default=True, type=click.IntRange(min=0), help="Processes that load crops.")
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads of torch.  [default: the cores it may use]")
@click.option("--resume/--no-resume", default=True, show_default=True, help="Go on where a run was stopped.")
@CONFIG
@JSON
@QUIET
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
        track=progress(flags["quiet"], "batch"),
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
    from detectors.backbones import TINY

    methods = names() if flags["methods"] == ("all",) else [resolve(name) for name in flags["methods"]]
    if not methods:
        raise ConfigError(f"methods: none given; choose from {','.join(names())} or all")
    if not flags["seeds"] or not all(seed.isdecimal() and int(seed) < 2**31 for seed in flags["seeds"]):
        raise ConfigError(f"seeds: {','.join(flags['seeds'])} is no comma list of numbers such as 0,1,2")
    own = {name: flags[name] for name in _TRAIN_FLAGS}
    own["pretrained"] = own["pretrained"] and not flags["weights"] and own["backbone"] != TINY
    base = TrainConfig(method="", manipulations=manipulations, weights_sha256=_sha256(flags["weights"]), **own)
    return trials(base, list(dict.fromkeys(methods)), [int(s) for s in flags["seeds"]], flags["train_on"] == "each")


_TRAIN_FLAGS = ("backbone", "pretrained", "epochs", "batch_size", "train_frames", "lr", "lr_halved_every", "precision")


def _sha256(path: Path | None) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""
