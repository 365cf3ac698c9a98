"""``ffpms bench``: trains and scores detectors."""

import sys
from pathlib import Path
from typing import Any

import click

from ffpms.cli.benchmark.bench_options import bench_options
from ffpms.cli.benchmark.bench_output import show_outcome
from ffpms.cli.help import Command
from ffpms.cli.options import need, prepare_libraries, warn_of_plugins
from ffpms.errors import ConfigError


@click.command(cls=Command)
@bench_options
def bench(**flags: Any) -> None:
    """Train detectors on a built set, score its test bags, write the leaderboard.

    Example: ffpms bench --methods smil,xn-avg --data ffpms-data --out runs

    Across data: ffpms bench --methods smil --test-data celeb-df

    The paper's own: ffpms bench --experiment fig6

    Segments of fake frames: ffpms bench --experiment localisation --data segments-data

    Worse faces, of finished runs too: ffpms bench --methods smil --perturb jpeg,blur
    """
    prepare_libraries()
    from benchmark.bench import bench, make_grid
    from ffpms.cli.benchmark.bench_runtime import find_runtime
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
    if machine.ranks.first:
        show_outcome(outcome, notes, flags, [*(data for data, _ in parts), *tests])
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
    if experiment.curves or experiment.segments:
        need("matplotlib")
    chosen = choose_methods(flags["methods"]) if flags["methods"] else ()
    parts, notes = plan_experiment(experiment, flags["data"], chosen, tests)
    return [(part.data, part.methods) for part in parts], notes


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
