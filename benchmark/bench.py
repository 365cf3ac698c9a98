"""``ffpms bench``: trains and scores a grid of trials (sets x methods x seeds x training sets).

Each trial is scored once on test.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from benchmark.leaderboards.board import COLUMNS, make_board
from benchmark.runs.folder import Failure, Run, is_done, read_failures, read_runs
from benchmark.train_config import TrainConfig
from benchmark.training.device import Log, Machine, choose_device
from benchmark.trials.configure import settle
from benchmark.trials.failures import explain, is_crash, note_failure
from benchmark.trials.requirements import check_set
from benchmark.trials.runner import Runner, run_here
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial, make_detector
from detectors import method
from detectors.backbones import Weights
from detectors.errors import BackboneError
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError, FfpmsError
from ffpms.schema import Split, Status

Grid = Sequence[tuple[BuiltSet, TrainConfig]]


@dataclass(frozen=True)
class Outcome:
    """The result of a grid: its leaderboard, runs and failures.

    ``cells`` and ``markdown`` are the leaderboard of all finished runs. ``runs`` and ``failed`` are
    those that this grid asked for. ``failures`` has a line for each failure, also of detectors that
    could not be made.
    """

    cells: pd.DataFrame
    markdown: str
    runs: list[Run]
    failed: list[Failure]
    failures: list[str]


def bench(
    grid: Grid,
    out: Path,
    machine: Machine,
    weights: Mapping[str, Path],
    *,
    resume: bool = True,
    store: bool = True,
    run: Runner = run_here,
) -> Outcome:
    """Runs the trials of a grid that are not done yet, and writes the leaderboard of ``out``.

    The leaderboard has all runs in ``out``. ``weights`` are the files that configurations name.

    Raises:
        DetectorError: no method of the grid can be made; nothing was trained.
        ConfigError: weights cannot be read, or a split of a set has not both real and fake bags
            with faces.
    """
    trials = _make_trials(grid, out, machine)
    _check_splits(trials)
    if not resume:
        for trial in trials:
            shutil.rmtree(trial.folder, ignore_errors=True)
    todo = [trial for trial in trials if not is_done(trial.folder)]
    for trial in trials:
        if trial not in todo:
            machine.log(f"{trial.folder.name}: done already")
    resources = Resources(machine, weights, out / "faces" if store else None)
    faults = _check_methods(todo, resources)
    lines = list(dict.fromkeys(_name_method(trial.config.method, reason) for trial, reason in faults.items()))
    for line in lines:
        machine.log(f"left out: {line}")
    possible = [trial for trial in todo if trial not in faults]
    failures = run(possible, resources) if possible else []
    return _conclude(out, {trial.folder.name for trial in trials}, [*lines, *failures], machine)


def _name_method(method: str, reason: str) -> str:
    return reason if reason.startswith(f"{method}: ") else f"{method}: {reason}"


def train(
    data: BuiltSet,
    configs: TrainConfig | Sequence[TrainConfig],
    out: str | Path = "runs",
    *,
    seeds: Iterable[int] | None = None,
    device: str = "auto",
    log: Log = lambda _: None,
) -> Outcome:
    """Trains detectors on a set, and scores its test bags.

    It also writes the leaderboard of ``out``. What is done already is not done again.

    Args:
        data: the set, as :func:`ffpms.load` reads it.
        configs: a configuration a method. One without manipulations takes all of the set.
        out: folder of runs and leaderboard.
        seeds: a run each, in place of the configurations' own.
        device: ``auto`` is the first GPU, else the CPU.
        log: takes a line for whoever is watching, such as ``print``.

    Raises:
        DetectorError: no detector can be made.
        ConfigError: the set lacks a manipulation, or a split of it has not both real and fake bags
            with faces.

    Example:
        >>> names = ("s-mil", "xn-avg")
        >>> configs = [benchmark.TrainConfig(name, backbone="tiny", epochs=1) for name in names]
        >>> outcome = benchmark.train(ffpms.load("ffpms-data"), configs, "runs")
        >>> outcome.failures
        []
    """
    asked = [configs] if isinstance(configs, TrainConfig) else configs
    own = [replace(config, manipulations=_choose_manipulations(config, data)) for config in asked]
    several = None if seeds is None else list(seeds)
    grid = [(data, replace(config, seed=seed)) for config in own for seed in several or [config.seed]]
    return bench(grid, Path(out), Machine(choose_device(device), log=log), {})


def _choose_manipulations(config: TrainConfig, data: BuiltSet) -> tuple[str, ...]:
    """Returns the manipulations of a configuration, or all of the set, in the set's order."""
    if unknown := [name for name in config.manipulations if name not in data.manipulations]:
        known = ", ".join(data.manipulations)
        raise ConfigError(f"manipulations: {', '.join(unknown)} not in {data.place}; choose from {known}")
    return tuple(name for name in data.manipulations if name in (config.manipulations or data.manipulations))


def make_grid(
    data: BuiltSet, bases: Iterable[TrainConfig], seeds: Iterable[int], each: bool
) -> list[tuple[BuiltSet, TrainConfig]]:
    """Multiplies methods by seeds on a set, on all its manipulations jointly or on each alone."""
    sets = [(m,) for m in data.manipulations] if each else [data.manipulations]
    return [
        (data, replace(base, seed=seed, manipulations=own)) for base in bases for own in sets for seed in list(seeds)
    ]


def _make_trials(grid: Grid, out: Path, machine: Machine) -> list[Trial]:
    """Makes each trial once, with the configuration and the folder it will have."""
    trials = {}
    for data, asked in grid:
        trial = Trial.below(out, settle(asked, machine, data.unmixed), data)
        trials[trial.folder] = trial
    return list(trials.values())


def _check_splits(trials: Sequence[Trial]) -> None:
    """Checks, before hours of training, that no split lacks a class."""
    for data in {trial.data.sha256: trial.data for trial in trials}.values():
        for split in Split:
            bags = data.bags(split, data.manipulations)
            if {bag.label for bag in bags if bag.crops} != {0, 1}:
                message = f"{data.place}: no real and fake {split} bags with faces; {_why_none(data, split)}"
                raise ConfigError(message)


def _why_none(data: BuiltSet, split: str) -> str:
    """Returns what keeps a split from being used, and what to do.

    Either it was not built, or its videos could not be used.
    """
    own = data.videos.loc[data.videos["split"] == split, "status"]
    bad = own[own != Status.OK]
    if bad.empty:
        return "build with --split test,val,train"
    status = bad.value_counts().index[0]
    return f"of {len(own)} bags {len(bad)} are not ok, most often {status}; see README.md there, then build again"


def _check_methods(trials: Sequence[Trial], resources: Resources) -> dict[Trial, str]:
    """Makes each detector once, before any is trained, and checks that its set has what it needs.

    Returns why for each trial that cannot run. One whose method's own code fails is marked as
    failed.

    Raises:
        DetectorError: none can be made.
        ManifestError: the sets lack what they all learn from.
        ConfigError: all see the order of faces, and the sets have several people in a frame.
    """
    faults = dict(_faults(trials, resources.weights))
    if faults and len(faults) == len(trials) and not any(map(is_crash, faults.values())):
        raise next(iter(faults.values()))
    reasons = {trial: explain(fault, trial.config.method) for trial, fault in faults.items()}
    for trial, reason in reasons.items():
        if is_crash(faults[trial]) and resources.machine.ranks.first:
            note_failure(trial, reason, resources.machine)
    return reasons


def _faults(trials: Sequence[Trial], weights: Mapping[str, Weights]) -> Iterable[tuple[Trial, BaseException]]:
    """Yields the reasons why a trial cannot run.

    They lie in its detector, whatever its seed and manipulations, or in its set.
    """
    made: dict[tuple[TrainConfig, int], BaseException | None] = {}
    missing: dict[tuple[object, ...], BackboneError] = {}
    for trial in trials:
        origin = replace(trial.config, seed=0, manipulations=()), trial.data.side
        if origin not in made:
            made[origin] = _try_making(*origin, weights, missing)
        if fault := made[origin] or _try_learning(trial):
            yield trial, fault


def _try_making(
    config: TrainConfig, side: int, weights: Mapping[str, Weights], missing: dict[tuple[object, ...], BackboneError]
) -> BaseException | None:
    """Returns why a detector cannot be made, if so; a hub out of reach is asked once."""
    origin = config.backbone, config.pretrained, config.weights_sha256
    backbone = (method(config.method).stem, *origin, config.input_size, side)
    if backbone not in missing:
        try:
            make_detector(config, weights, side)
        except BackboneError as error:
            missing[backbone] = error
        except (Exception, SystemExit) as error:
            return error
    return missing.get(backbone)


def _try_learning(trial: Trial) -> FfpmsError | None:
    """Returns why a detector cannot learn from its set, if so."""
    try:
        check_set(trial.config.method, trial.data)
    except FfpmsError as error:
        return error
    return None


def _conclude(out: Path, wanted: set[str], failures: list[str], machine: Machine) -> Outcome:
    """Writes the leaderboard, if this is the first rank and there is anything to put in it."""
    if not machine.ranks.first:
        return Outcome(pd.DataFrame(columns=COLUMNS), "", [], [], failures)
    finished, failed = read_runs(out), read_failures(out)
    if not (finished or failed):
        return Outcome(pd.DataFrame(columns=COLUMNS), "", [], [], failures)
    board = make_board(finished, failed)
    board.write(out)
    own = [run for run in finished if run.run_id in wanted], [one for one in failed if one.run_id in wanted]
    return Outcome(board.cells, board.markdown(), *own, failures)
