"""Run folders: what identifies a run, what it leaves behind, and when it is done."""

import hashlib
import json
import platform
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w
import torch

import detectors
from benchmark.config import TrainConfig
from benchmark.data import BuiltSet
from ffpms import __version__
from ffpms.config import restore
from ffpms.errors import ManifestError
from ffpms.schema import SCORE, read_table

_CODE = ("config", "data", "device", "losses", "predict", "train")


@cache
def code_sha256() -> str:
    """Hash of the source of every module that can change a score, so that no result outlives a mended bug."""
    ours = Path(__file__).parent
    files = sorted(Path(detectors.__file__).parent.rglob("*.py")) + [ours / f"{name}.py" for name in _CODE]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def run_id(config: TrainConfig, data_sha256: str) -> str:
    """``s-mil-3f2a9c1b04d7``: the method and the hash of resolved configuration, data and code."""
    identity = json.dumps([asdict(config), data_sha256, code_sha256()], sort_keys=True)
    return f"{config.method}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Run:
    """A finished run: its configuration, the data it was scored on, and its scores."""

    run_id: str
    config: TrainConfig
    dataset: str
    data_sha256: str
    scores: pd.DataFrame


def start(folder: Path, config: TrainConfig, data: BuiltSet, device: torch.device) -> None:
    """Makes the folder and writes what the run is and where it runs."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "data": {"name": data.name, "sha256": data.sha256},
        "code": {"version": __version__, "sha256": code_sha256()},
    }
    train = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(config).items()}
    (folder / "config.toml").write_text(tomli_w.dumps({"train": train} | about), encoding="utf-8")
    packages = ("torch", "timm", "numpy", "pillow", "scikit-learn")
    machine = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "packages": {name: version(name) for name in packages},
    }
    (folder / "environment.json").write_text(json.dumps(machine, indent=2) + "\n", encoding="utf-8")


def is_done(folder: Path) -> bool:
    """The mark is written last."""
    return (folder / "DONE").is_file()


def finish(folder: Path) -> None:
    """Marks the run as done."""
    (folder / "DONE").touch()


def read_runs(root: Path) -> Iterator[Run]:
    """All finished runs below ``root``, by name.

    Raises:
        ManifestError: a run's files are damaged.
    """
    for folder in sorted(path.parent for path in root.glob("*/DONE")):
        try:
            about: dict[str, Any] = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
            config = restore(TrainConfig, about["train"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ManifestError(
                f"{folder}: config.toml cannot be read ({error}); delete the folder and run again"
            ) from None
        scores = read_table(folder / "scores.parquet", SCORE)
        yield Run(folder.name, config, about["data"]["name"], about["data"]["sha256"], scores)
