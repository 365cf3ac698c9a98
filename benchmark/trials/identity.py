"""Identity of a run: the hash of its configuration, data and code; also starts its folder."""

import json
import platform
from dataclasses import asdict, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tomli_w

import detectors
import ffpms
from benchmark.runs.folder import BESIDE, CONFIG, DEFAULTS, TRAINED, TRAINING, name_run
from benchmark.train_config import SELECTS, TrainConfig
from benchmark.training.device import Machine
from benchmark.trials.configure import own_defaults
from benchmark.trials.method_code import find_package, method_code
from ffpms.dataset.built_set import LANDMARKS, BuiltSet
from ffpms.dataset.set_files import read_finished
from ffpms.hashing import code_digest, digest
from ffpms.protocol.training_videos import find_lacking
from ffpms.protocol.v1_manifest import OFFICIAL
from ffpms.storage import write_whole

CODE = {
    "benchmark": ("train_config.py", "data", "metrics/accuracy.py", "training", "trials"),
    "detectors": (
        *("autocast.py", "backbones", "bag.py", "detector.py", "fine_tuning.py", "limits.py", "losses.py"),
        *("options.py", "pooling.py", "registry.py", "temporal_encoders.py"),
    ),
    "ffpms": ("schema.py", "parquet.py", "hashing.py", "shown_face.py", "protocol", "dataset"),
}
"""Files and folders that decide every method's scores, by package.

A test follows the imports to see that none is missing. A method's own code is added to them.
"""


@cache
def code_sha256(method: str) -> str:
    """SHA-256 of the source that can change a method's scores: ``CODE`` and the method's own."""
    parts = [code_digest(find_package(package), names) for package, names in CODE.items()]
    return digest("".join([*parts, method_code(detectors.method(method).module)]).encode())


def run_id(config: TrainConfig, data_sha256: str, beside: str = "") -> str:
    """Names a run by its method and the hash of configuration, data and code:
    ``s-mil-3f2a9c1b04d7``.

    The code is that of now. ``beside`` is as :func:`find_beside` has it.
    """
    return name_run(asdict(config), data_sha256, code_sha256(config.method), beside)


def find_beside(config: TrainConfig, data: BuiltSet) -> str:
    """Returns what a training learns of a set that is no part of the set's hash; mostly nothing.

    Forgeries are made by landmarks. Two mixes draw anew how many frames are fake, by numbers that
    the set's recipe has, and its tables do not.

    Raises:
        ManifestError: the set's ``build.json`` is lost or damaged.
    """
    if detectors.method(config.method).training_data != "bags":
        return str(read_finished(data.root)["sha256"].get(LANDMARKS, ""))
    drawn = {"bernoulli": data.recipe.fraction, "varied": list(data.recipe.replaced)}
    return json.dumps(drawn[config.train_mix]) if config.train_mix in drawn else ""


def training_id(config: TrainConfig, data: BuiltSet) -> str:
    """Names the training whose weights a run has.

    Several choices of the epoch share it, and methods of one module that are trained as one.
    """
    teacher = detectors.method(config.method).teacher
    taught = replace(config, method=teacher, select=SELECTS[0])
    return run_id(taught, data.sha256, beside=find_beside(taught, data))


def describe_training(config: TrainConfig, data: BuiltSet, shown: int = 0) -> dict[str, Any]:
    """Describes what its configuration does not say of a training, for the label of its row.

    That is the side in px at which faces are ``shown``, if it is below the backbone's own. Of
    FaceForensics++ it is also how many train and val videos the set lacks.
    """
    about: dict[str, Any] = {"id": training_id(config, data)} | ({"shown": shown} if shown else {})
    if data.name not in OFFICIAL:
        return about
    return about | {
        "lacks": list(find_lacking(data.videos, data.sources, data.recipe.compression, config.manipulations))
    }


def start(folder: Path, config: TrainConfig, data: BuiltSet, machine: Machine, shown: int = 0) -> None:
    """Makes the run folder and writes what the run is and where it runs.

    ``shown`` is as :func:`describe_training` has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "data": {"name": data.name, "reasons": list(data.reasons), "sha256": data.sha256}
        | ({BESIDE: beside} if (beside := find_beside(config, data)) else {}),
        "code": {"version": ffpms.__version__, "sha256": code_sha256(config.method)},
    }
    train = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(config).items()}
    about |= {DEFAULTS: own_defaults(config), TRAINING: describe_training(config, data, shown)}
    write_whole(folder / CONFIG, tomli_w.dumps({TRAINED: train} | about))
    packages = ("torch", "timm", "numpy", "pillow", "scikit-learn")
    environment = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        **machine.as_json(),
        "ranks": config.ranks,
        "packages": {name: version(name) for name in packages},
    }
    write_whole(folder / "environment.json", json.dumps(environment, indent=2) + "\n")
