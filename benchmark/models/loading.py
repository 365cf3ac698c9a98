"""Opens a trained model from the folder of a run or of a packed model, or from a hub."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmark.leaderboards.groups import group_runs
from benchmark.models.calibration import calibrate
from benchmark.models.trained_model import TrainedModel, TrainedOn
from benchmark.runs.folder import Run, read_run
from benchmark.runs.training_set import find_training_set
from benchmark.train_config import TrainConfig
from benchmark.training.checkpoint import BEST, load_weights
from benchmark.training.device import Machine, choose_device
from benchmark.training.model import Model
from benchmark.trials.trial import make_detector
from detectors.detector import Detector
from ffpms.dataset.set_files import restore
from ffpms.errors import ConfigError


def open_model(where: str | Path, device: str = "auto", data: str | Path | None = None) -> TrainedModel:
    """Opens a trained model, to score the faces of any video; nothing is unpickled.

    Args:
        where: the folder of a finished run, such as ``runs/s-mil-75d02caf0dba``.
        device: where to score: ``auto`` is the first GPU, else the CPU.
        data: the built set that a run of an older version was trained on. Such a run does not say
            how its faces were cut.

    Raises:
        ConfigError: the run holds another tool's scores.
        ManifestError: the folder is no finished run, or its files are damaged.

    Example:
        >>> model = benchmark.open_model(next(Path("runs").glob("s-mil-*")))
        >>> model.method, model.preprocessing.finder, model.preprocessing.size
        ('s-mil', 'dlib', 64)
    """
    return open_run_model(read_run(Path(where)), Path(where), device, data)


def open_run_model(run: Run, folder: Path, device: str = "auto", data: str | Path | None = None) -> TrainedModel:
    """Opens the model of a run that was read, as :func:`open_model` does."""
    check_trained(run, folder)
    trained_set = find_training_set(run, folder, data)
    model = load_run_detector(run, folder, device)
    reasons = tuple(run.reasons)
    trained_on = TrainedOn(run.dataset, run.data_sha256, run.manipulations, reasons, trained_set.bags)
    name = group_runs([run])[0].method
    return TrainedModel(name, run.method, model, trained_set.preprocessing, calibrate(run), trained_on, run.run_id)


def check_trained(run: Run, folder: Path) -> None:
    """Checks that a run has a detector.

    Raises:
        ConfigError: it holds another tool's scores.
    """
    if run.external:
        raise ConfigError(f"{folder}: another tool's scores, without a detector; open a run of 'ffpms bench'")


def load_run_detector(run: Run, folder: Path, device: str) -> Model:
    """Makes the detector of a run on a device and loads the run's own weights.

    Raises:
        ConfigError: it holds another tool's scores.
        ManifestError: its weights are lost or damaged.
    """
    check_trained(run, folder)
    config, machine = scoring_config(run.settings, device)
    detector = make_untrained(config)
    load_weights(detector, folder / BEST)
    return Model.place(detector, config, machine)


def scoring_config(settings: Mapping[str, Any], device: str) -> tuple[TrainConfig, Machine]:
    """Restores a run's configuration for scoring on a device: no weights are fetched.

    A run that computed in bfloat16 on a GPU is scored in float32 on a CPU.
    """
    machine = Machine(choose_device(device))
    trained = restore(TrainConfig, dict(settings))
    precision = trained.precision if machine.device.type == "cuda" else "fp32"
    return replace(trained, pretrained=False, weights_sha256="", precision=precision), machine


def make_untrained(config: TrainConfig) -> Detector:
    """Makes a detector to load weights into; the random numbers of the caller stay as they are."""
    with torch.random.fork_rng(devices=[]):  # making a detector draws weights, from the run's seed
        return make_detector(config, {})
