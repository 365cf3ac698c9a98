"""One trial: a detector trained, its epoch selected on val, its test bags scored once."""

import shutil
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from benchmark.config import TrainConfig
from benchmark.data.training_sets import make_lesson
from benchmark.runs.folder import finish, is_done
from benchmark.training.checkpoint import BEST, HISTORY
from benchmark.training.device import Machine
from benchmark.training.train import fit
from benchmark.trials import identity
from benchmark.trials.resources import Given, Material
from benchmark.trials.scores import write_scores
from detectors import create, method, tune
from detectors.detector import Detector


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


def run_trial(config: TrainConfig, material: Material, folder: Path, machine: Machine) -> None:
    """Trains one detector, or takes the weights of the method it is trained as; scores the test bags once; leaves a
    run folder."""
    data = material.data
    detector = machine.place(make_detector(config, material.given))
    if machine.ranks.first:
        identity.start(folder, config, data, machine.device, machine.ranks.world)
    machine.ranks.wait()
    teacher = teacher_of(config)
    if teacher == config:
        fit(detector, *make_lesson(data, material.read, config), config, machine, folder)
    else:
        trained = folder.parent / identity.run_id(teacher, data.sha256)
        if not is_done(trained):
            run_trial(teacher, material, trained, machine)
        if machine.ranks.first:
            for name in (BEST, HISTORY):
                shutil.copyfile(trained / name, folder / name)
            detector.load_state_dict(load_file(folder / BEST))
    if machine.ranks.first:
        write_scores(detector, material, config, folder, machine)
        finish(folder)
    machine.ranks.wait()
