"""``ffpms bench``: trains and scores a grid of trials (sets x methods x seeds x training sets).

Each trial is scored once on test, and once on the test bags of other sets.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from benchmark.figures.board_files import write_board_files
from benchmark.leaderboards.board import COLUMNS, Board, lock_board, make_board
from benchmark.perturbation.scores import score_perturbed
from benchmark.runs.collection import describe_left_out, read_collection
from benchmark.runs.folder import Failure, Run, is_done, read_run, unfinish
from benchmark.runs.other_sets import read_alone
from benchmark.runs.tables import DamagedTableError
from benchmark.train_config import TrainConfig
from benchmark.training.checkpoint import drop_checkpoint
from benchmark.training.device import Machine, choose_device
from benchmark.trials.claims import add_training_sets, discard
from benchmark.trials.configure import settle
from benchmark.trials.failures import end_all, explain
from benchmark.trials.other_sets import check_other_sets, choose_tests, take_test_part
from benchmark.trials.preflight import check_methods, check_splits
from benchmark.trials.runner import Runner, run_here
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError, FfpmsError
from ffpms.progress import Log
from ffpms.schema import Split

Grid = Sequence[tuple[BuiltSet, TrainConfig]]


@dataclass(frozen=True)
class Outcome:
    """The result of a grid: its leaderboard, runs and failures.

    ``board`` is the leaderboard of all finished runs, as are ``cells`` and ``markdown``. ``runs``
    and ``failed`` are those that this grid asked for: a run once for each set that it scored.
    ``failures`` has a line for each failure,
    also of detectors that could not be made. ``left_out`` has one for what else cannot be used in
    the folder.
    """

    cells: pd.DataFrame
    markdown: str
    runs: list[Run]
    failed: list[Failure]
    failures: list[str]
    left_out: list[str] = field(default_factory=list)
    board: Board | None = None
    robustness: str = ""


def bench(
    grid: Grid,
    out: Path,
    machine: Machine,
    weights: Mapping[str, Path],
    *,
    resume: bool = True,
    store: bool = True,
    run: Runner = run_here,
    test_data: Sequence[BuiltSet] = (),
    perturb: Sequence[str] = (),
) -> Outcome:
    """Runs the trials of a grid that are not done yet, and writes the leaderboard of ``out``.

    The leaderboard has all runs in ``out``. ``weights`` are the files that configurations name.
    Each detector also scores the test bags of ``test_data``, other sets than its own. Nothing else
    of them is looked at. They may be added to runs that are done.
    With kinds to ``perturb``, every trial is then also scored with its test faces perturbed.

    Raises:
        DetectorError: no method of the grid can be made; nothing was trained.
        ConfigError: weights cannot be read, or a split of a set has not both real and fake bags
            with faces. Or a set of ``test_data`` has faces cut otherwise, or videos of training.
    """
    tests = [take_test_part(test) for test in test_data]
    check_other_sets([data for data, _ in grid], tests)
    check_splits(tests, (Split.TEST,))
    trials, lines = _make_trials(grid, tests, out, machine)
    check_splits(trial.data for trial in trials)
    if not resume:
        discard(trials, machine)
    todo = [trial for trial in trials if not machine.ranks.agree(_is_whole(trial, machine.log))]
    for trial in trials:
        if trial not in todo:
            machine.log(f"{trial.folder.name}: done already")
            drop_checkpoint(trial.folder)
    resources = Resources(machine, weights, out / "faces" if store else None)
    faults = check_methods(todo, resources, some_done=len(todo) < len(trials))
    lines += [_name_method(trial.config.method, reason) for trial, reason in faults.items()]
    for line in (lines := list(dict.fromkeys(lines))):
        machine.log(f"left out: {line}")
    possible = [trial for trial in todo if trial not in faults]
    failures = add_training_sets(trials) if machine.ranks.first else []
    failures += run(possible, resources) if possible else []
    failures += score_perturbed(trials, perturb, resources) if perturb else []
    return _conclude(out, trials, [*lines, *failures], machine)


def _is_whole(trial: Trial, log: Log) -> bool:
    """Whether a trial is done; scores that are lost or damaged are to be made again."""
    if not _is_sound(trial.folder, read_run, log):
        return False
    found = [_is_sound(trial.folder_on(test), read_alone, log) for test in trial.tests]
    return all(found)


def _is_sound(folder: Path, read: Callable[[Path], Run], log: Log) -> bool:
    """Whether scores are there and whole; if not they lose their mark, and are made again."""
    try:
        if is_done(folder):
            read(folder)
            return True
    except DamagedTableError as error:
        log(f"{error.what}; it is scored again")
        unfinish(folder)
        return False
    except (FfpmsError, OSError):
        return True  # nothing of it is touched: the leaderboard says what is wrong
    return False


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
    test_data: Iterable[BuiltSet] = (),
) -> Outcome:
    """Trains detectors on a set, and scores its test bags and those of other sets.

    It also writes the leaderboard of ``out``. What is done already is not done again.

    Args:
        data: the set, as :func:`ffpms.load` reads it.
        configs: a configuration a method. One without manipulations takes all of the set.
        out: folder of runs and leaderboard.
        seeds: a run each, in place of the configurations' own.
        device: ``auto`` is the first GPU, else the CPU.
        log: takes a line for whoever is watching, such as ``print``.
        test_data: other sets, whose test bags every detector scores too.

    Raises:
        DetectorError: no detector can be made.
        ConfigError: the set lacks a manipulation, or a split of it has not both real and fake bags
            with faces. Or one of ``test_data`` has faces cut otherwise, or videos of training.

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
    machine = Machine(choose_device(device), log=log)
    return bench(grid, Path(out), machine, {}, test_data=list(test_data))


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


def _make_trials(grid: Grid, tests: Sequence[BuiltSet], out: Path, machine: Machine) -> tuple[list[Trial], list[str]]:
    """Makes each trial once, with the configuration and the folder it will have.

    Returns a line for each that cannot be made, since the code of its method cannot be read. There
    is one too for each of the ``tests`` that a method cannot score.
    """
    trials, faults, lines = {}, {}, list[str]()
    for data, asked in grid:
        try:
            trial = Trial.below(out, settle(asked, machine, data.unmixed), data)
            own, unfit = choose_tests(trial.config.method, data, tests)
            trials[trial.folder] = replace(trial, tests=own)
            lines += unfit
        except BaseException as error:
            end_all(error, out)
            faults[_name_method(asked.method, explain(error, asked))] = error
    if faults and not trials:
        raise next(iter(faults.values()))
    return list(trials.values()), [*faults, *lines]


def _conclude(out: Path, trials: Sequence[Trial], failures: list[str], machine: Machine) -> Outcome:
    """Writes the leaderboard, if this is the first rank and there is anything to put in it."""
    if not machine.ranks.first:
        return Outcome(pd.DataFrame(columns=COLUMNS), "", [], [], failures)
    with lock_board(out, machine.log):
        found = read_collection(out)
        names = {folder.relative_to(out).as_posix() for trial in trials for folder in trial.folders}
        failures += [found.left_out.pop(name) for name in names.intersection(found.left_out)]
        left_out = describe_left_out(out, found)
        if not (found.runs or found.failures):
            return Outcome(pd.DataFrame(columns=COLUMNS), "", [], [], failures, left_out)
        board = make_board(found.runs, found.failures)
        _, robustness = write_board_files(board, found.runs, out)
    wanted = {(trial.folder.name, data.sha256[:8]) for trial in trials for data in (trial.data, *trial.tests)}
    runs = [run for run in found.runs if (run.run_id, run.data_sha256[:8]) in wanted]
    failed = [one for one in found.failures if (one.run_id, one.data) in wanted]
    return Outcome(board.cells, board.markdown(), runs, failed, failures, left_out, board, robustness)
