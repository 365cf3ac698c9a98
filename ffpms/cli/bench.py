"""``ffpms bench``: trains and scores detectors."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from ffpms.cli.completion import complete_methods
from ffpms.cli.help import Command, option_group
from ffpms.cli.options import CONFIG, ENGINE, JSON, PATH, PLAIN, QUIET, need, parse_names, warn_of_plugins
from ffpms.cli.terminal import show
from ffpms.errors import ConfigError, writing


@click.command(cls=Command)
@option_group(
    "What to run",
    click.option(
        "--methods",
        default="",
        callback=parse_names,
        shell_complete=complete_methods,
        help="Comma list of methods, or all.  [default: the experiment's]",
    ),
    click.option(
        "--data",
        multiple=True,
        default=("ffpms-data",),
        show_default=True,
        type=PATH,
        help="A built set; may be repeated.",
    ),
    click.option(
        "--test-data",
        multiple=True,
        type=PATH,
        help="Another set, whose test bags are scored too; may be repeated. May be added to finished runs.",
    ),
    click.option("--unmixed", is_flag=True, help="Take fakes as they are, no frame replaced: FaceForensics++ itself."),
    click.option(
        "--experiment",
        type=click.Choice(["table1", "table2", "table3", "fig6", "fig7"]),
        help="One of the paper's, with its methods; into a folder of its name.",
    ),
    click.option(
        "--train-on",
        default="joint",
        show_default=True,
        type=click.Choice(["joint", "each"]),
        help="One detector for all manipulations, or one for each.",
    ),
    click.option("--seeds", default="0", show_default=True, callback=parse_names, help="Comma list of numbers."),
    click.option(
        "--perturb",
        is_flag=False,
        flag_value="all",
        metavar="[KINDS]",
        help="Also score perturbed test faces, of finished runs too: all, or a comma list of saturation, contrast, "
        "blocks, noise, blur, jpeg, video, resize.",
    ),
    click.option("--out", default="runs", show_default=True, type=PATH, help="Folder of runs and leaderboard."),
)
@option_group(
    "Backbone",
    click.option("--backbone", help="Any timm model, or tiny.  [default: the method's own, see 'ffpms methods']"),
    click.option(
        "--weights",
        multiple=True,
        metavar="[METHOD=]PATH",
        help="Backbone weights: .safetensors, a state dict, or 'packaged': those of "
        "tf_efficientnet_lite0 in ffpms[demo].",
    ),
    click.option("--pretrained/--no-pretrained", default=True, show_default=True, help="Fetch timm's weights."),
    click.option("--input-size", default=0, help="Side of the faces shown, px.  [default: the backbone's own]"),
    click.option(
        "--tune",
        type=click.Choice(["all", "norm", "none"]),
        help="What of the backbone to train.  [default: the method's own, see 'ffpms methods']",
    ),
    click.option("--freeze", is_flag=True, help="The same as --tune none."),
)
@option_group(
    "Training",
    click.option("--epochs", default=30, show_default=True, help="Passes over the training bags."),
    click.option("--batch-size", default=32, show_default=True, help="Videos in a batch."),
    click.option("--micro-batch", default=0, help="Videos of a batch computed at a time.  [default: all]"),
    click.option("--train-frames", default=8, show_default=True, help="Frames of a video drawn each epoch."),
    click.option(
        "--frame-faces",
        type=click.Choice(["all", "drawn"]),
        help="What frame-based methods see of a video each epoch: all its faces, or "
        "--train-frames drawn.  [default: all]",
    ),
    click.option("--frame-batch-size", default=32, show_default=True, help="Faces in a batch of frame-based methods."),
    click.option(
        "--train-mix",
        multiple=True,
        metavar="[METHOD=]MIX",
        help="Real frames in fake train videos: recipe, whole, bernoulli or varied "
        "(docs/protocol.md).  [default: recipe]",
    ),
    click.option(
        "--select",
        type=click.Choice(["val-accuracy", "val-auc", "val-loss", "last"]),
        help="What chooses the epoch.  [default: val-accuracy]",
    ),
    click.option("--lr", default=2e-4, show_default=True, help="Learning rate of Adam."),
    click.option("--lr-halved-every", default=5, show_default=True, help="Epochs between halvings of the rate."),
    click.option(
        "--set",
        "options",
        multiple=True,
        metavar="METHOD.OPTION=VALUE",
        help="A method's own options, see 'ffpms methods'.",
    ),
)
@option_group(
    "Machine",
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, xpu, mps, ..."),
    click.option(
        "--precision",
        default="auto",
        show_default=True,
        type=click.Choice(["auto", "fp32", "bf16"]),
        help="auto is bf16 on a CUDA GPU that has it, fp32 elsewhere. bf16 is for the backbone alone.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(min=0),
        help="Processes that load crops.  [default: for forgeries on a GPU one a core, else 0]",
    ),
    click.option(
        "--threads", type=click.IntRange(1, 4096), help="CPU threads of torch.  [default: the cores it may use]"
    ),
    ENGINE,
    click.option("--compile", is_flag=True, help="Compile the backbone (torch.compile)."),
    click.option(
        "--deterministic", is_flag=True, help="Only algorithms that give the same bits again; slower on a GPU."
    ),
)
@option_group(
    "Files and output",
    click.option("--store/--no-store", default=True, show_default=True, help="Keep the decoded faces below --out."),
    click.option("--tensorboard", is_flag=True, help="Write the history for TensorBoard too."),
    click.option("--resume/--no-resume", default=True, show_default=True, help="Go on where a run was stopped."),
    CONFIG,
    JSON,
    QUIET,
    PLAIN,
)
def bench(**flags: Any) -> None:
    """Train detectors on a built set, score its test bags, write the leaderboard.

    Example: ffpms bench --methods smil,xn-avg --data ffpms-data --out runs

    Across data: ffpms bench --methods smil --test-data celeb-df

    The paper's own: ffpms bench --experiment fig6

    Worse faces, of finished runs too: ffpms bench --methods smil --perturb jpeg,blur
    """
    os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")  # what Apple's GPUs lack is computed by the CPU
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")  # its retries tell no more than our one line
    from benchmark.bench import bench, make_grid
    from ffpms.cli.bench_runtime import find_runtime
    from ffpms.installation import check_versions

    check_versions()
    kinds = _choose_kinds(flags)
    machine, run = find_runtime(flags)
    if machine.ranks.first:
        warn_of_plugins()
    tests = _load_tests(flags)
    parts, notes = _parts(flags, tests)
    configs, weights = _configs(flags, list(dict.fromkeys(name for _, methods in parts for name in methods)))
    for note in notes:
        machine.log(note)
    seeds, each = _seeds(flags["seeds"]), flags["train_on"] == "each"
    own = [(data, [config for config in configs if config.method in methods]) for data, methods in parts]
    grid = [trial for data, chosen in own for trial in make_grid(data, chosen, seeds, each)]
    how = {"resume": flags["resume"], "store": flags["store"], "run": run, "test_data": tests, "perturb": kinds}
    outcome = bench(grid, flags["out"], machine, weights, **how)
    _show(outcome, notes, flags)
    sys.exit(1 if outcome.failures else 0)


def _load_tests(flags: dict[str, Any]) -> list[Any]:
    """Loads the sets of ``--test-data``, unmixed if those of ``--data`` are."""
    from benchmark.experiments.catalogue import EXPERIMENTS
    from ffpms.dataset.loading import load

    unmixed = EXPERIMENTS[flags["experiment"]].unmixed if flags["experiment"] else flags["unmixed"]
    return [load(root, unmixed) for root in flags["test_data"]]


def _choose_kinds(flags: dict[str, Any]) -> tuple[str, ...]:
    """Returns the kinds of perturbation that are asked for."""
    from benchmark.perturbation.kinds import choose_kinds

    if flags["perturb"] is None:
        return ()
    if flags["engine"] == "ray":
        todo = "first bench without --perturb, then run the same command with it and without --engine ray"
        raise ConfigError(f"perturb: does not run on Ray; {todo}: it trains nothing")
    return choose_kinds(name.strip() for name in flags["perturb"].split(",") if name.strip())


def _parts(flags: dict[str, Any], tests: list[Any]) -> tuple[list[tuple[Any, tuple[str, ...]]], list[str]]:
    """Returns each set with its methods, and notes on what is not possible of an experiment."""
    from benchmark.experiments.catalogue import EXPERIMENTS
    from benchmark.experiments.planning import plan_experiment
    from benchmark.trials.configure import choose_methods
    from ffpms.dataset.loading import load

    if not flags["experiment"]:
        methods = tuple(choose_methods(flags["methods"]))
        return [(load(root, flags["unmixed"]), methods) for root in flags["data"]], []
    if flags["unmixed"]:
        raise ConfigError(f"unmixed: {flags['experiment']} says itself whether it is; leave --unmixed away")
    experiment = EXPERIMENTS[flags["experiment"]]
    if experiment.curves:
        need("matplotlib")
    chosen = choose_methods(flags["methods"]) if flags["methods"] else ()
    parts, notes = plan_experiment(experiment, flags["data"], chosen, tests)
    return [(part.data, part.methods) for part in parts], notes


def _show(outcome: Any, notes: list[str], flags: dict[str, Any]) -> None:
    """Prints the tables, or an experiment's page, and the failures."""
    cells, text, board = outcome.cells, outcome.markdown, outcome.board
    if flags["experiment"]:
        cells, text, board = cells[:0], "", None  # other runs in the folder are not part of the experiment
        if outcome.runs or outcome.failed:
            board, text = _write_page(flags["experiment"], outcome, notes, flags["out"])
            cells = board.cells
    if flags["as_json"]:
        click.echo(cells.to_json(orient="records", indent=2))
    elif not flags["quiet"]:
        print_board(text, board)
        if flags["perturb"] and outcome.robustness:
            click.echo(f"\n{outcome.robustness}", nl=False)
    for line in outcome.left_out:
        click.echo(line, err=True)
    for failure in outcome.failures:
        click.echo(f"failed: {failure}", err=True)


def print_board(text: str, board: Any) -> None:
    """Prints a leaderboard, or the page that ends with it: on a terminal as tables, else as text.

    ``text`` is all of it, and without a board it is printed as it is.
    """
    if board is None:
        click.echo(text)
        return
    from ffpms.cli.board_tables import draw_board

    before = text.removesuffix(board.markdown()).splitlines()
    show(text, lambda drawing: [*map(drawing.text, before), *draw_board(drawing, board)])


def _write_page(name: str, outcome: Any, notes: list[str], out: Path) -> tuple[Any, str]:
    """Writes the page of an experiment; returns its leaderboard and the page."""
    from benchmark.experiments.catalogue import EXPERIMENTS
    from benchmark.experiments.page import write_experiment

    with writing(out / name):
        return write_experiment(EXPERIMENTS[name], outcome.runs, outcome.failed, notes, out / name)


_SETTINGS = (
    *("pretrained", "input_size", "tune", "epochs", "batch_size", "micro_batch", "train_frames"),
    *("frame_batch_size", "lr", "lr_halved_every", "precision"),
)
_READ = ("frame_faces", "select")
"""Settings that the paper leaves open; an experiment runs their other readings too if not given."""


def _configs(flags: dict[str, Any], methods: list[str]) -> tuple[list[Any], dict[str, Path]]:
    """Returns the methods' configurations, and the paths of the weights that the flags name."""
    from benchmark.experiments.catalogue import EXPERIMENTS
    from benchmark.experiments.planning import read_otherwise
    from benchmark.trials.configure import configure, split_mixes, split_options, split_weights

    if flags["freeze"] and flags["tune"] not in (None, "none"):
        raise ConfigError(f"freeze: contradicts --tune {flags['tune']}; give one of them")
    settings = {name: flags[name] for name in _SETTINGS} | ({"tune": "none"} if flags["freeze"] else {})
    settings |= {name: flags[name] for name in _READ if flags[name]}
    weights, options = split_weights(flags["weights"]), split_options(flags["options"])
    configs, paths = configure(methods, settings, flags["backbone"], weights, options, split_mixes(flags["train_mix"]))
    if flags["experiment"]:
        given = [name for name in ("train_mix", *_READ) if flags[name]]
        configs = read_otherwise(EXPERIMENTS[flags["experiment"]], configs, given)
    return configs, paths


def _seeds(typed: tuple[str, ...]) -> list[int]:
    if not typed or not all(seed.isdecimal() and int(seed) < 2**31 for seed in typed):
        raise ConfigError(f"seeds: {','.join(typed)} is no comma list of numbers such as 0,1,2")
    return [int(seed) for seed in typed]
