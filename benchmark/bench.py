"""``ffpms bench``: a grid of trials (methods x seeds x training sets), each trained and scored once on test."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file
from scipy.special import expit
from torch import Tensor

from benchmark import runs
from benchmark.config import TrainConfig
from benchmark.data import BagDataset, BagRecord, BuiltSet
from benchmark.device import choose_precision
from benchmark.leaderboard import COLUMNS, render_markdown, tabulate, write_leaderboard
from benchmark.predict import BagScore, Track, predict
from benchmark.train import Fit, Say, fit
from detectors import create, trained_as
from detectors.backbones import create_backbone
from detectors.detector import BagDetector
from detectors.errors import DetectorError
from ffpms.errors import ConfigError, FfpmsError
from ffpms.schema import SCORE, Split, Status, write_table

NO_FACE_SCORE = 0.5
"""A video without a face is counted, and scored as undecided."""


@dataclass(frozen=True)
class Machine:
    """Where and how the trials run; none of it decides a result's identity."""

    device: torch.device
    workers: int = 0
    track: Track = lambda batches, _: batches
    say: Say = lambda _: None


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
    weights: Mapping[str, Tensor] | None = None,
    resume: bool = True,
) -> Outcome:
    """Runs what of the grid is not done yet, and writes the leaderboard of all runs in ``out``.

    Raises:
        DetectorError: the backbone or its weights are not to be had; nothing was trained.
        ConfigError: a split of the data has not both real and fake bags with faces.
    """
    _check_splits(data)
    configs = [replace(trial, precision=choose_precision(trial.precision, machine.device)) for trial in grid]
    folders = {out / runs.run_id(config, data.sha256): config for config in configs}
    if not resume or not all(map(runs.is_done, folders)):
        create_backbone(grid[0].backbone, grid[0].pretrained, weights)
    if not resume:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    failures = run_trials(folders, data, machine, weights)
    finished = list(runs.read_runs(out))
    if not finished:
        return Outcome(pd.DataFrame(columns=COLUMNS), "", failures)
    cells = tabulate(finished)
    write_leaderboard(cells, out)
    return Outcome(cells, render_markdown(cells), failures)


def trials(base: TrainConfig, methods: list[str], seeds: list[int], each: bool) -> list[TrainConfig]:
    """The grid: every method with every seed, on all manipulations jointly or on each alone."""
    sets = [(m,) for m in base.manipulations] if each else [base.manipulations]
    return [
        replace(base, method=method, seed=seed, manipulations=members)
        for method in methods
        for members in sets
        for seed in seeds
    ]


def _check_splits(data: BuiltSet) -> None:
    """Says before hours of training what would be missing after them."""
    for split in Split:
        bags = data.bags(split, data.manipulations)
        if {bag.label for bag in bags if bag.crops} != {0, 1}:
            message = f"{data.root}: no real and fake {split} bags with faces; build with --split test,val,train"
            raise ConfigError(message)


def _left_out(bags: list[BagRecord]) -> str:
    """What to say of test bags that could not be built; nothing if there are none."""
    lost = [bag.bag_id for bag in bags if not bag.crops and bag.status != Status.NO_FACE]
    return (
        f"{len(lost)} of {len(bags)} test bags could not be built and are not scored ({lost[0]}, ...)" if lost else ""
    )


def run_trials(
    folders: Mapping[Path, TrainConfig], data: BuiltSet, machine: Machine, weights: Mapping[str, Tensor] | None = None
) -> list[str]:
    """Runs what is not done yet; a trial that fails says so and the others go on. Returns one line a failure."""
    failures = []
    for number, (folder, config) in enumerate(folders.items(), 1):
        prefix = f"[{number}/{len(folders)}] {folder.name}"
        if runs.is_done(folder):
            machine.say(f"{prefix}: done already")
            continue
        machine.say(f"{prefix}: training on {', '.join(config.manipulations)}")
        try:
            run_trial(config, data, folder, machine, weights)
        except (FfpmsError, DetectorError, RuntimeError, OSError, ValueError) as error:
            failures.append(f"{folder.name}: {' '.join(str(error).split())}")
    return failures


def run_trial(
    config: TrainConfig, data: BuiltSet, folder: Path, machine: Machine, weights: Mapping[str, Tensor] | None = None
) -> None:
    """Trains one detector, or takes the weights of the method it is trained as; scores the test bags once; leaves a
    run folder."""
    torch.manual_seed(config.seed)
    detector = create(config.method, create_backbone(config.backbone, config.pretrained, weights)).to(machine.device)
    runs.start(folder, config, data, machine.device)
    teacher = replace(config, method=trained_as(config.method))
    if teacher == config:
        _train(detector, data, config, folder, machine)
    else:
        trained = folder.parent / runs.run_id(teacher, data.sha256)
        if not runs.is_done(trained):
            run_trial(teacher, data, trained, machine, weights)
        for name in ("best.safetensors", "history.csv"):
            shutil.copyfile(trained / name, folder / name)
        detector.load_state_dict(load_file(folder / "best.safetensors"))
    _score(detector, data, config, folder, machine)
    runs.finish(folder)


def _train(detector: BagDetector, data: BuiltSet, config: TrainConfig, folder: Path, machine: Machine) -> None:
    train, val = (_bags(data, split, config) for split in (Split.TRAIN, Split.VAL))
    how = Fit(config, machine.device, config.precision, machine.workers, machine.track, machine.say)
    seen = BagDataset(data.root, [bag for bag in train if bag.crops], config.train_frames, config.seed)
    fit(detector, seen, BagDataset(data.root, val), how, folder)


def _bags(data: BuiltSet, split: str, config: TrainConfig) -> list[BagRecord]:
    """Bags to train or select on; training draws its replaced frames from the run's seed."""
    return data.bags(split, config.manipulations, config.seed if split == Split.TRAIN else None)


def _score(detector: BagDetector, data: BuiltSet, config: TrainConfig, folder: Path, machine: Machine) -> None:
    """Scores the test bags once and stores every video and frame score."""
    bags = data.bags(Split.TEST, config.manipulations)
    if lost := _left_out(bags):
        machine.say(lost)
    test = BagDataset(data.root, bags)
    found = predict(detector, test, machine.device, config.precision, config.batch_size, machine.workers, machine.track)
    by_bag = {s.record.bag_id: s for s in found}
    constant = {"run_id": folder.name, "method": config.method, "dataset": data.name}
    rows = [constant | row for bag in bags for row in _score_rows(bag, by_bag.get(bag.bag_id))]
    write_table(pd.DataFrame(rows, columns=SCORE.names), SCORE, folder / "scores.parquet")


def _score_rows(bag: BagRecord, score: BagScore | None) -> list[dict[str, object]]:
    """A bag's video row and its frame rows; of a bag that could not be built, nothing."""
    about = {k: v for k, v in asdict(bag).items() if k in SCORE.names}
    video = about | {"level": "video", "slot": -1, "y_true": bag.label, "weight": None}
    if score is None:
        return [video | {"score": NO_FACE_SCORE}] if bag.status == Status.NO_FACE else []
    weights: list[float] | list[None] = score.weights or [None] * len(bag.slots)
    frames = zip(bag.slots, bag.frame_labels, score.frame_logits, weights, strict=True)
    return [video | {"score": expit(score.video_logit)}] + [
        about | {"level": "frame", "slot": slot, "y_true": label, "score": expit(logit), "weight": weight}
        for slot, label, logit, weight in frames
    ]
