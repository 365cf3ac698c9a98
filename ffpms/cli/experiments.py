"""``ffpms bench``: training and scoring."""

import os
import sys
from typing import Any

import click

from ffpms.cli.options import CONFIG, JSON, PATH, QUIET, parse_names, progress
from ffpms.errors import ConfigError


@click.command()
@click.option("--methods", required=True, callback=parse_names, help="Comma list of methods, or all.")
@click.option("--data", default="ffpms-data", show_default=True, type=PATH, help="A built set.")
@click.option("--out", default="runs", show_default=True, type=PATH, help="Folder of runs and leaderboard.")
@click.option("--backbone", help="Any timm model, or tiny.  [default: the method's own, see 'ffpms methods']")
@click.option(
    "--weights",
    multiple=True,
    metavar="[METHOD=]PATH",
    help="Backbone weights: .safetensors, a state dict, or 'packaged': those of tf_efficientnet_lite0 in ffpms[demo].",
)
@click.option("--pretrained/--no-pretrained", default=True, show_default=True, help="Fetch timm's weights.")
@click.option("--input-size", default=0, help="Side of the faces shown, px.  [default: the backbone's own]")
@click.option(
    "--tune",
    default="all",
    show_default=True,
    type=click.Choice(["all", "norm", "none"]),
    help="What of the backbone to train.",
)
@click.option("--freeze", is_flag=True, help="The same as --tune none.")
@click.option(
    "--set",
    "options",
    multiple=True,
    metavar="METHOD.OPTION=VALUE",
    help="A method's own options, see 'ffpms methods'.",
)
@click.option("--epochs", default=30, show_default=True, help="Passes over the training bags.")
@click.option("--batch-size", default=32, show_default=True, help="Videos in a batch.")
@click.option("--micro-batch", default=0, help="Videos of a batch computed at a time.  [default: all]")
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
@click.option("--compile", is_flag=True, help="Compile the backbone (torch.compile).")
@click.option("--deterministic", is_flag=True, help="Only algorithms that give the same bits again; slower on a GPU.")
@click.option("--store/--no-store", default=True, show_default=True, help="Keep the decoded faces below --out.")
@click.option("--tensorboard", is_flag=True, help="Write the history for TensorBoard too.")
@click.option("--resume/--no-resume", default=True, show_default=True, help="Go on where a run was stopped.")
@CONFIG
@JSON
@QUIET
def bench(**flags: Any) -> None:
    """Train detectors on a built set, score its test bags, write the leaderboard.

    Example: ffpms bench --methods smil,xn-avg --data ffpms-data --out runs
    """
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")  # its retries say nothing that our one line does not
    from benchmark.bench import bench, trials
    from benchmark.data import BuiltSet

    machine = _machine(flags)
    configs, given = _configs(flags)
    data = BuiltSet.load(flags["data"])
    grid = trials(configs, data.manipulations, _seeds(flags["seeds"]), flags["train_on"] == "each")
    outcome = bench(grid, data, flags["out"], machine, given, flags["resume"], flags["store"])
    if flags["as_json"]:
        click.echo(outcome.cells.to_json(orient="records", indent=2))
    elif not flags["quiet"]:
        click.echo(outcome.markdown)
    for failure in outcome.failures:
        click.echo(f"failed: {failure}", err=True)
    sys.exit(1 if outcome.failures else 0)


def _machine(flags: dict[str, Any]) -> Any:
    """Where the trials run; of several ranks only the first speaks."""
    import torch

    from benchmark.machine import Machine, choose_device
    from benchmark.ranks import join_ranks

    torch.set_num_threads(flags["threads"] or len(os.sched_getaffinity(0)))
    if flags["deterministic"]:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    ranks, device = join_ranks(choose_device(flags["device"]))
    quiet = flags["quiet"] or not ranks.first
    return Machine(
        device,
        flags["workers"],
        track=progress(quiet, "batch"),
        say=(lambda _: None) if quiet else (lambda line: click.echo(line, err=True)),
        ranks=ranks,
        compiled=flags["compile"],
        board=flags["tensorboard"],
    )


_SETTINGS = (
    *(
        "pretrained",
        "input_size",
        "tune",
        "epochs",
        "batch_size",
        "micro_batch",
        "train_frames",
        "lr",
        "lr_halved_every",
        "precision",
    ),
)


def _configs(flags: dict[str, Any]) -> tuple[list[Any], Any]:
    """One configuration a method that the flags of ``bench`` ask for, and the weights they name."""
    from benchmark.choices import choose_methods, configure, split_options, split_weights
    from detectors import load_plugins

    load_plugins()
    if flags["freeze"] and flags["tune"] == "norm":
        raise ConfigError("freeze: contradicts --tune norm; give one of them")
    settings = {name: flags[name] for name in _SETTINGS} | ({"tune": "none"} if flags["freeze"] else {})
    methods = choose_methods(flags["methods"])
    weights, options = split_weights(flags["weights"]), split_options(flags["options"])
    return configure(methods, settings, flags["backbone"], weights, options)


def _seeds(typed: tuple[str, ...]) -> list[int]:
    if not typed or not all(seed.isdecimal() and int(seed) < 2**31 for seed in typed):
        raise ConfigError(f"seeds: {','.join(typed)} is no comma list of numbers such as 0,1,2")
    return [int(seed) for seed in typed]
