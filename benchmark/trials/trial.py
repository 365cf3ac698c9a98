"""Trial: trains a detector, selects its epoch on val, and scores its test bags once."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import torch

from benchmark.data.face_cache import Read
from benchmark.data.inputs import face_side
from benchmark.data.training_sets import make_training_sets
from benchmark.runs.folder import finish, is_done, unfinish
from benchmark.runs.other_sets import folder_on, list_folders, write_set
from benchmark.runs.training_set import write_training_set
from benchmark.train_config import CACHED, SELECTS, TrainConfig
from benchmark.training.checkpoint import (
    BEST,
    drop_checkpoint,
    is_trained,
)
from benchmark.training.copied_weights import copy_kept, copy_last
from benchmark.training.distributed import SINGLE
from benchmark.training.embedding import check_embeds
from benchmark.training.model import Model
from benchmark.training.stored_weights import load_weights
from benchmark.training.train import fit
from benchmark.trials.identity import find_beside, run_id, start
from benchmark.trials.scoring import write_scores, write_test_scores
from benchmark.trials.shared_resources import Resources
from detectors import create, method, names, tune
from detectors.backbones import Weights
from detectors.detector import Detector
from ffpms.dataset.built_set import BuiltSet

FORGERIES = "val-forgeries"
"""Name of the folder of forgeries in a run that is being trained."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A detector to train and score on a set, and the folder of the run.

    ``tests`` are other sets, whose test bags the trained detector scores too. They are no part of
    the run's name, so that they may be added to a run that is done.
    """

    config: TrainConfig
    data: BuiltSet
    folder: Path
    tests: tuple[BuiltSet, ...] = ()

    @classmethod
    def below(cls, out: Path, config: TrainConfig, data: BuiltSet) -> Self:
        """Makes a trial in its own folder below ``out``."""
        return cls(config, data, out / run_id(config, data.sha256, beside=find_beside(config, data)))

    @cached_property
    def teacher(self) -> "Trial":
        """The trial that trains this one's weights.

        It is this trial itself, unless its method is trained as another.
        """
        config = replace(self.config, method=method(self.config.method).teacher)
        return self if config == self.config else Trial.below(self.folder.parent, config, self.data)

    def folder_on(self, test: BuiltSet | None) -> Path:
        """Names the folder of the scores on another set; without one it is the run's own."""
        return folder_on(self.folder, test.name, test.sha256) if test else self.folder

    @property
    def folders(self) -> list[Path]:
        """The run's folder, and those of its scores on the other sets."""
        return [self.folder, *map(self.folder_on, self.tests)]

    @property
    def unscored(self) -> list[BuiltSet]:
        """The other sets that the detector has not scored yet."""
        return [test for test in self.tests if not is_done(self.folder_on(test))]

    @property
    def is_done(self) -> bool:
        """Whether the run is done, and every other set is scored."""
        return is_done(self.folder) and not self.unscored

    @property
    def is_trained(self) -> bool:
        """Whether its folder has the weights of its training; then it only has to be scored."""
        return is_trained(self.folder, self.config.epochs)

    @property
    def needs_no_backbone(self) -> bool:
        """Whether its folder has all weights that it needs, so that none are to be downloaded.

        With ``--tune cached`` the backbone is needed too, whose embeddings may have gone.
        """
        return is_done(self.folder) or (self.is_trained and self.config.tune != CACHED)

    @property
    def shows_pixels(self) -> list[BuiltSet]:
        """The sets whose decoded faces it reads; with ``--tune cached`` none."""
        return [] if self.config.tune == CACHED else [self.data, *self.tests]

    @property
    def selecting_otherwise(self) -> list[Path]:
        """The folders of the trials that differ from this one only in ``select``."""
        others = [replace(self.config, select=select) for select in SELECTS if select != self.config.select]
        return [Trial.below(self.folder.parent, config, self.data).folder for config in others]


def run_trial(trial: Trial, resources: Resources) -> None:
    """Trains a detector, scores its val and test bags once, and writes the run folder.

    Then its stored weights score the test bags of other sets. A run that is done is not trained
    again for them. A method that is trained as another takes the weights that this one's training
    kept for it.
    """
    if not resources.machine.ranks.agree(is_done(trial.folder)):
        _train_and_score(trial, resources)
    if resources.machine.ranks.first and trial.unscored:
        _score_others(trial, resources)
    resources.machine.ranks.wait()


def _train_and_score(trial: Trial, resources: Resources) -> None:
    machine = resources.machine
    trained, stored = (machine.ranks.agree(found) for found in (trial.is_trained, trial.needs_no_backbone))
    made = _make_empty(trial.config) if stored else make_detector(trial.config, resources.weights)
    model = Model.place(made, trial.config, machine)
    if note := model.detector.backbone.note:
        machine.log(f"{trial.folder.name}: {note}")
    if machine.ranks.first:
        start(trial.folder, trial.config, trial.data, machine, _smaller_side(model, trial.data))
        write_training_set(trial.folder, trial.data, trial.config.manipulations)
        if not trained:
            _drop_old_scores(trial)
    machine.ranks.wait()
    read = resources.show(model, trial.data, trial.folder.parent)
    if trained:
        load_weights(model.detector, trial.folder / BEST)
    elif not _take_weights(model, trial, resources):
        _train(model, trial, resources, read)
    if machine.ranks.first:
        write_scores(model, trial.data, read, trial.folder)
        finish(trial.folder)
        drop_checkpoint(trial.folder)
    machine.ranks.wait()


def _smaller_side(model: Model, data: BuiltSet) -> int:
    """Returns the side in px of shown faces if it is below the backbone's own; else 0."""
    own, asked = model.detector.backbone.input_size, model.config.input_size
    side = face_side(model.detector.backbone, data.side, asked)
    return side if own is not None and not asked and side < own else 0


def _drop_old_scores(trial: Trial) -> None:
    """Deletes scores on other sets, for new weights are about to be trained."""
    for folder in list_folders(trial.folder):
        unfinish(folder)
        shutil.rmtree(folder)


def _score_others(trial: Trial, resources: Resources) -> None:
    """Scores the test bags of other sets with the stored weights, and nothing else of them."""
    machine = replace(resources.machine, ranks=SINGLE)  # the other ranks do something else
    alone = replace(resources, machine=machine)
    for test in trial.unscored:
        model = Model.place(_make_empty(trial.config), trial.config, machine)
        load_weights(model.detector, trial.folder / BEST)
        machine.log(f"{trial.folder.name}: scores the test bags of {test.place}")
        folder = trial.folder_on(test)
        write_set(folder, test.name, test.reasons, test.sha256)
        read = alone.show(model, test, trial.folder.parent)
        write_test_scores(model, test, read, folder, trial.folder.name, test.manipulations)
        finish(folder)


def _train(model: Model, trial: Trial, resources: Resources, read: Read) -> None:
    """Trains the detector; val forgeries are kept in the run's folder as long as that takes."""
    kept = trial.folder / FORGERIES if resources.cache else None
    train, val = make_training_sets(trial.data, read, trial.config, kept)
    try:
        fit(model, train, val, trial.folder, _sharing(model, resources))
    finally:
        if kept and kept.is_dir() and resources.machine.ranks.first:  # to list a pipe would be to wait for ever
            shutil.rmtree(kept, ignore_errors=True)


def make_detector(config: TrainConfig, weights: Mapping[str, Weights], stored: int | None = None) -> Detector:
    """Makes the detector of a configuration, before training; ``weights`` are by
    ``weights_sha256``.

    With ``stored``, the side in px of a set's crops, it is also tried at the side at which they are
    shown.

    Raises:
        DetectorError: it cannot be made, its backbone's weights cannot be had, or its backbone
            takes no faces of that side.
    """
    torch.manual_seed(config.seed)
    own, size = weights.get(config.weights_sha256), config.input_size or None
    detector = create(config.method, config.backbone, config.pretrained, own, size, config.option_values)
    if stored:
        detector.backbone.check(face_side(detector.backbone, stored, config.input_size))
    tune(detector, config.tune)
    if config.tune == CACHED:
        check_embeds(detector, config)
    return detector


def _make_empty(config: TrainConfig) -> Detector:
    """Makes the detector of a configuration, to be given stored weights."""
    return make_detector(replace(config, pretrained=False, weights_sha256=""), {})


def _sharing(model: Model, resources: Resources) -> dict[str, Detector]:
    """Makes the detectors of other methods that are scored with the weights of this training."""
    config = model.config
    alike = [name for name in names() if method(name).teacher == config.method != name]
    configs = [replace(config, method=name) for name in alike]
    made = {c.method: resources.machine.place(make_detector(c, resources.weights)) for c in configs}
    if config.tune == CACHED:
        for detector in made.values():
            detector.backbone = model.detector.backbone
    return made


def _take_weights(model: Model, trial: Trial, resources: Resources) -> bool:
    """Takes the weights of another trial's training, if one has them.

    They are those of the method that this one is trained as. Or a finished trial differs only in
    ``select``, and has kept the last epoch.
    """
    teacher, last, ranks = trial.teacher, trial.config.select == "last", resources.machine.ranks
    if teacher is not trial:
        if not ranks.agree(is_done(teacher.folder)):
            run_trial(teacher, resources)
        return copy_kept(teacher.folder, model, trial.folder)
    return last and any(copy_last(other, model, trial.folder) for other in trial.selecting_otherwise)
