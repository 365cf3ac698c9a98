"""Trial: trains a detector, selects its epoch on val, and scores its test bags once."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load_file

from benchmark.data.training_sets import make_training_sets
from benchmark.runs.folder import finish, is_done
from benchmark.train_config import TrainConfig
from benchmark.training.checkpoint import BEST, HISTORY
from benchmark.training.model import Model
from benchmark.training.train import fit
from benchmark.trials.identity import run_id, start
from benchmark.trials.scoring import write_scores
from benchmark.trials.shared_resources import Resources
from detectors import create, method, tune
from detectors.backbones import Weights
from detectors.detector import Detector
from ffpms.dataset.built_set import BuiltSet


@dataclass(frozen=True, eq=False)
class Trial:
    """A detector to train and score on a set, and the folder of the run."""

    config: TrainConfig
    data: BuiltSet
    folder: Path

    @classmethod
    def below(cls, out: Path, config: TrainConfig, data: BuiltSet) -> Self:
        """Makes a trial in its own folder below ``out``."""
        return cls(config, data, out / run_id(config, data.sha256))

    @cached_property
    def teacher(self) -> "Trial":
        """The trial that trains this one's weights.

        It is this trial itself, unless its method is trained as another.
        """
        config = replace(self.config, method=method(self.config.method).trained_as)
        return self if config == self.config else Trial.below(self.folder.parent, config, self.data)


def run_trial(trial: Trial, resources: Resources) -> None:
    """Trains a detector, scores its val and test bags once, and writes the run folder.

    A method that is trained as another takes the weights of that one's trial.
    """
    machine = resources.machine
    model = Model.place(make_detector(trial.config, resources.weights), trial.config, machine)
    if machine.ranks.first:
        start(trial.folder, trial.config, trial.data, machine.device, machine.ranks.world)
    machine.ranks.wait()
    if trial.teacher is trial:
        train, val = make_training_sets(trial.data, resources.faces(trial.data), trial.config)
        fit(model, train, val, trial.folder)
    else:
        _copy_weights(model, trial, resources)
    if machine.ranks.first:
        write_scores(model, trial.data, resources.faces(trial.data), trial.folder)
        finish(trial.folder)
    machine.ranks.wait()


def make_detector(config: TrainConfig, weights: Mapping[str, Weights]) -> Detector:
    """Makes the detector of a configuration, before training; ``weights`` are by
    ``weights_sha256``.

    Raises:
        DetectorError: it cannot be made, or its backbone's weights cannot be had.
    """
    torch.manual_seed(config.seed)
    options = dict(option.split("=", 1) for option in config.options)
    own, size = weights.get(config.weights_sha256), config.input_size or None
    detector = create(config.method, config.backbone, config.pretrained, own, size, options)
    tune(detector, config.tune)
    return detector


def _copy_weights(model: Model, trial: Trial, resources: Resources) -> None:
    """Runs the teacher if it is not done, and copies its weights."""
    if not is_done(trial.teacher.folder):
        run_trial(trial.teacher, resources)
    if resources.machine.ranks.first:
        for name in (BEST, HISTORY):
            shutil.copyfile(trial.teacher.folder / name, trial.folder / name)
        model.detector.load_state_dict(load_file(trial.folder / BEST))
