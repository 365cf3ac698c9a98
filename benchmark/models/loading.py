"""Opens a trained model from the folder of a run or of a packed model, or from a hub."""

from dataclasses import replace
from pathlib import Path

from benchmark.leaderboards.groups import group_runs
from benchmark.models.calibration import calibrate
from benchmark.models.hub import fetch, hub_address
from benchmark.models.packed import PACKED, read_packed
from benchmark.models.packed_detector import load_packed_detector, make_untrained
from benchmark.models.trained_model import TrainedModel, TrainedOn
from benchmark.runs.folder import CONFIG, Run, read_run
from benchmark.runs.training_set import find_training_set
from benchmark.train_config import TrainConfig
from benchmark.training.checkpoint import BEST
from benchmark.training.device import Machine, choose_device
from benchmark.training.model import Model
from benchmark.training.stored_weights import load_weights
from ffpms.dataset.set_files import restore
from ffpms.errors import ConfigError, ManifestError


def open_model(where: str | Path, device: str = "auto", data: str | Path | None = None) -> TrainedModel:
    """Opens a trained model, to score the faces of any video; nothing is unpickled.

    Args:
        where: the folder of a finished run, such as ``runs/s-mil-75d02caf0dba``; a folder that
            ``ffpms pack`` made; or ``hf://user/name``, also with ``@revision``, on a hub.
        device: where to score: ``auto`` is the first GPU, else the CPU.
        data: the built set that a run of an older version was trained on. Such a run does not say
            how its faces were cut.

    Raises:
        ConfigError: the run holds another tool's scores, or the hub cannot be reached.
        ManifestError: the folder is neither a finished run nor a packed model, or its files are
            damaged or do not fit together.

    Example:
        >>> model = benchmark.open_model(next(Path("runs").glob("s-mil-*")))
        >>> model.method, model.preprocessing.finder, model.preprocessing.size
        ('s-mil', 'dlib', 64)
    """
    if address := hub_address(where):
        return open_packed(fetch(address), device, linked=True)
    folder = Path(where)
    if (folder / CONFIG).exists():
        return open_run_model(read_run(folder), folder, device, data)
    if not (folder / PACKED).is_symlink() and not (folder / PACKED).exists():
        what = "no run and no packed model (neither config.toml nor config.json is in it)"
        raise ManifestError(f"{folder}: {what}; give a run's own folder, such as runs/s-mil-75d02caf0dba")
    return open_packed(folder, device)


def open_packed(folder: Path, device: str = "auto", linked: bool = False) -> TrainedModel:
    """Opens a packed model; in the cache of a hub its files are links.

    Raises:
        ManifestError: its files are damaged or do not fit together, or a plugin is missing.
    """
    packed = read_packed(folder / PACKED, linked)
    config, machine = scoring_config(packed.detector, device)
    detector = load_packed_detector(packed, config, folder, linked)
    model = Model.place(detector, config, machine)
    parts = (packed.preprocessing, packed.calibration, packed.trained_on, packed.run_id)
    return TrainedModel(packed.name, packed.detector.method, model, *parts)


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
    config, machine = scoring_config(restore(TrainConfig, dict(run.settings)), device)
    detector = make_untrained(config)
    load_weights(detector, folder / BEST)
    return Model.place(detector, config, machine)


def scoring_config(trained: TrainConfig, device: str) -> tuple[TrainConfig, Machine]:
    """Makes the configuration that scores on a device, from that of the training.

    No weights are fetched. A run that computed in bfloat16 on a GPU is scored in float32 on a CPU.
    """
    machine = Machine(choose_device(device))
    precision = trained.precision if machine.device.type == "cuda" else "fp32"
    return replace(trained, pretrained=False, weights_sha256="", precision=precision), machine
