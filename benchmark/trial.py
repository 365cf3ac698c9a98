"""One trial: a detector trained, its epoch selected on val, its test bags scored once."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file
from scipy.special import expit

from benchmark import runs
from benchmark.checkpoint import BEST, HISTORY
from benchmark.config import TrainConfig
from benchmark.data import BagRecord, BuiltSet
from benchmark.fewer import score_fewer
from benchmark.grid import score_grid
from benchmark.lessons import make_lesson
from benchmark.machine import Machine
from benchmark.predict import NO_FACE_SCORE, BagScore, Score, make_scorer
from benchmark.store import Read
from benchmark.train import fit
from detectors import create, method, tune
from detectors.backbones import Weights
from detectors.detector import Detector
from ffpms.schema import FEWER_SCORE, GRID_SCORE, SCORE, UNKNOWN, Split, Status, write_table

Given = Mapping[str, Weights]
"""Backbone weights by the ``weights_sha256`` of a configuration."""


def make_detector(config: TrainConfig, given: Given) -> Detector:
    """The detector of a configuration, before training.

    Raises:
        DetectorError: it cannot be made, or its backbone's weights are not to be had.
    """
    torch.manual_seed(config.seed)
    options = dict(option.split("=", 1) for option in config.options)
    weights, size = given.get(config.weights_sha256), config.input_size or None
    detector = create(config.method, config.backbone, config.pretrained, weights, size, options)
    tune(detector, config.tune)
    return detector


def teacher_of(config: TrainConfig) -> TrainConfig:
    """The configuration whose training gives the detector its weights: most are their own."""
    return replace(config, method=method(config.method).trained_as)


@dataclass(frozen=True)
class Material:
    """What all trials share: the built set, its decoded faces, and weights to begin with."""

    data: BuiltSet
    read: Read
    given: Given


def run_trial(config: TrainConfig, material: Material, folder: Path, machine: Machine) -> None:
    """Trains one detector, or takes the weights of the method it is trained as; scores the test bags once; leaves a
    run folder."""
    data = material.data
    detector = machine.place(make_detector(config, material.given))
    if machine.ranks.first:
        runs.start(folder, config, data, machine.device, machine.ranks.world)
    machine.ranks.wait()
    teacher = teacher_of(config)
    if teacher == config:
        fit(detector, *make_lesson(data, material.read, config), config, machine, folder)
    else:
        trained = folder.parent / runs.run_id(teacher, data.sha256)
        if not runs.is_done(trained):
            run_trial(teacher, material, trained, machine)
        if machine.ranks.first:
            for name in (BEST, HISTORY):
                shutil.copyfile(trained / name, folder / name)
            detector.load_state_dict(load_file(folder / BEST))
    if machine.ranks.first:
        _score(detector, material, config, folder, machine)
        runs.finish(folder)
    machine.ranks.wait()


def _score(detector: Detector, material: Material, config: TrainConfig, folder: Path, machine: Machine) -> None:
    """Scores the val bags and the test bags once, and of the test bags the rate grid and fewer frames."""
    data = material.data
    constant = {"run_id": folder.name, "method": config.method, "dataset": data.name}
    val = data.bags(Split.VAL, config.manipulations)
    score = make_scorer(detector, val, material.read, config, machine)
    _write_scores(val, score, constant, folder / runs.SCORES[Split.VAL], machine)
    test = data.bags(Split.TEST, config.manipulations)
    fakes, reals = (data.pure(Split.TEST, config.manipulations, fake) for fake in (True, False))
    score = make_scorer(detector, [*test, *fakes, *reals], material.read, config, machine)
    _write_scores(test, score, constant, folder / runs.SCORES[Split.TEST], machine)
    grid = score_grid(data, fakes, reals, score).assign(**constant)
    write_table(grid, GRID_SCORE, folder / runs.GRID_SCORES)
    fewer = score_fewer(test, data.recipe.frames_per_video, score).assign(**constant)
    write_table(fewer, FEWER_SCORE, folder / runs.FEWER_SCORES)


def _write_scores(bags: list[BagRecord], score: Score, constant: dict[str, str], table: Path, machine: Machine) -> None:
    """Stores every video and frame score of a split."""
    if lost := [bag.bag_id for bag in bags if not bag.crops and bag.status != Status.NO_FACE]:
        machine.say(f"{len(lost)} of {len(bags)} bags could not be built and are not scored ({lost[0]}, ...)")
    by_bag = {found.record.bag_id: found for found in score(bags)}
    rows = [constant | row for bag in bags for row in _score_rows(bag, by_bag.get(bag.bag_id))]
    write_table(pd.DataFrame(rows, columns=SCORE.names), SCORE, table)


def _score_rows(bag: BagRecord, score: BagScore | None) -> list[dict[str, object]]:
    """A bag's video row and a row for each face; of a bag that could not be built, nothing."""
    about = {k: v for k, v in asdict(bag).items() if k in SCORE.names}
    video = about | {"level": "video", "slot": UNKNOWN, "track_id": UNKNOWN, "y_true": bag.label, "weight": None}
    if score is None:
        return [video | {"score": NO_FACE_SCORE}] if bag.status == Status.NO_FACE else []
    weights: list[float] | list[None] = score.weights or [None] * len(bag.slots)
    faces = zip(bag.slots, bag.tracks, bag.frame_labels, score.frame_logits, weights, strict=True)
    return [video | {"score": expit(score.video_logit)}] + [
        about
        | {"level": "frame", "slot": slot, "track_id": track, "y_true": label, "score": expit(logit), "weight": weight}
        for slot, track, label, logit, weight in faces
    ]
