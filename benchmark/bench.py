"""``ffpms bench``: a grid of trials (methods x seeds x training sets), each trained and scored once on test."""

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from benchmark import runs
from benchmark.config import TrainConfig
from benchmark.data import BuiltSet
from benchmark.folders import read_runs
from benchmark.leaderboard import COLUMNS, make_board
from benchmark.machine import Machine, choose_precision
from benchmark.store import Read, open_faces
from benchmark.trial import Given, Material, make_detector, run_trial
from detectors import method
from detectors.errors import DetectorError
from ffpms.errors import ConfigError, FfpmsError, ManifestError
from ffpms.schema import Split


@dataclass(frozen=True)
class Outcome:
    """The leaderboard of all finished runs, and one line for each trial that failed."""

    cells: pd.DataFrame
    markdown: str
    failures: list[str]


def bench(
    grid: list[TrainConfig],
    data: BuiltSet,
    out: Path,
    machine: Machine,
    given: Given,
    resume: bool = True,
    store: bool = True,
) -> Outcome:
    """Runs what of the grid is not done yet, and writes the leaderboard of all runs in ``out``.

    Raises:
        DetectorError: no method of the grid can be made; nothing was trained.
        ConfigError: a split of the data has not both real and fake bags with faces.
    """
    _check_splits(data)
    configs = [replace(trial, precision=choose_precision(trial.precision, machine.device)) for trial in grid]
    folders = {out / runs.run_id(config, data.sha256): config for config in configs}
    if not resume:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    failures = _check_methods([c for f, c in folders.items() if not runs.is_done(f)], data, given)
    for failure in failures.values():
        machine.say(f"left out: {failure}")
    possible = {folder: config for folder, config in folders.items() if _origin(config) not in failures}
    lines = list(failures.values())
    todo = {folder: config for folder, config in possible.items() if not runs.is_done(folder)}
    for folder in possible.keys() - todo.keys():
        machine.say(f"{folder.name}: done already")
    if todo:
        read = _open_faces(data, out / "faces" if store else None, machine)
        lines += run_trials(todo, Material(data, read, given), machine)
    finished = list(read_runs(out)) if machine.ranks.first else []
    if not finished:
        return Outcome(pd.DataFrame(columns=COLUMNS), "", lines)
    board = make_board(finished)
    board.write(out)
    return Outcome(board.cells, board.markdown(), lines)


def _open_faces(data: BuiltSet, folder: Path | None, machine: Machine) -> Read:
    """The first rank makes the store, then all open it."""
    if not machine.ranks.first:
        machine.ranks.wait()
    read = open_faces(data, folder, os.cpu_count() or 1, machine.track, machine.say)
    if machine.ranks.first:
        machine.ranks.wait()
    return read


def trials(
    bases: Iterable[TrainConfig], manipulations: tuple[str, ...], seeds: list[int], each: bool
) -> list[TrainConfig]:
    """The grid: every method with every seed, on all manipulations jointly or on each alone."""
    sets = [(m,) for m in manipulations] if each else [manipulations]
    return [replace(base, seed=seed, manipulations=members) for base in bases for members in sets for seed in seeds]


def _check_splits(data: BuiltSet) -> None:
    """Says before hours of training what would be missing after them."""
    for split in Split:
        bags = data.bags(split, data.manipulations)
        if {bag.label for bag in bags if bag.crops} != {0, 1}:
            message = f"{data.root}: no real and fake {split} bags with faces; build with --split test,val,train"
            raise ConfigError(message)


def _origin(config: TrainConfig) -> TrainConfig:
    """What decides whether a detector can be made: all but the seed and the training set."""
    return replace(config, seed=0, manipulations=())


def _check_methods(configs: list[TrainConfig], data: BuiltSet, given: Given) -> dict[TrainConfig, str]:
    """Makes each detector once, before any is trained, and sees that the set has what it learns from. Returns one line
    for each that cannot be trained.

    Raises:
        DetectorError: none can be made.
        ManifestError: the set lacks what they all learn from.
    """
    failures: dict[TrainConfig, Exception] = {}
    missing: dict[tuple[object, ...], DetectorError] = {}
    origins = list(dict.fromkeys(map(_origin, configs)))
    for origin in origins:
        backbone = (method(origin.method).stem, origin.backbone, origin.pretrained, origin.weights_sha256)
        try:
            if backbone in missing:  # a hub that cannot be reached is asked once
                raise missing[backbone]
            make_detector(origin, given)
            if method(origin.method).lesson != "bags":
                data.landmarks()
        except (DetectorError, ManifestError) as error:
            failures[origin] = error
            if isinstance(error, DetectorError):
                missing[backbone] = error
    if failures and len(failures) == len(origins):
        raise next(iter(failures.values()))
    return {origin: f"{origin.method}: {error}" for origin, error in failures.items()}


def run_trials(folders: Mapping[Path, TrainConfig], material: Material, machine: Machine) -> list[str]:
    """Runs what is not done yet; a trial that fails says so and the others go on. Returns one line a failure."""
    failures = []
    for number, (folder, config) in enumerate(folders.items(), 1):
        prefix = f"[{number}/{len(folders)}] {folder.name}"
        if runs.is_done(folder):
            machine.say(f"{prefix}: done already")
            continue
        machine.say(f"{prefix}: training on {', '.join(config.manipulations)}")
        try:
            run_trial(config, material, folder, machine)
        except (FfpmsError, DetectorError, RuntimeError, OSError, ValueError) as error:
            if machine.ranks.world > 1:
                raise  # torchrun then stops the other ranks, which would wait for this one
            failures.append(f"{folder.name}: {_reason(error)}")
    return failures


def _reason(error: Exception) -> str:
    """In one line; with what to do where memory ran out."""
    reason = " ".join(str(error).split())
    return f"{reason}; give --micro-batch 8 or less" if "out of memory" in reason.lower() else reason
