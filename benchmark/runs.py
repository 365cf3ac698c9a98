"""Run folders: what identifies a run, what it leaves behind, and when it is done."""

import inspect
import json
import platform
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w
import torch

import detectors
import ffpms
from benchmark.config import TrainConfig
from benchmark.data import BuiltSet
from ffpms.config import restore
from ffpms.errors import FfpmsError, ManifestError
from ffpms.schema import SCORE, Split, read_table
from ffpms.shards import code_digest, digest

_OURS = (
    *("checkpoint", "config", "data", "grid", "loader", "machine", "metrics", "predict", "ranks", "store"),
    *("lessons", "train", "trial", "weights"),
    *(f"selfmade/{name}" for name in ("align", "blended", "colour", "hull", "mask", "nearest", "warped")),
)
_DETECTORS = (
    *("_torchvision", "backbones", "bag", "detector", "losses", "options", "pooling", "registry", "temporal", "tuning"),
)
_DATA = ("grid", "plan", "recipe", "remix", "schema")

SCORES = {Split.VAL: "val_scores.parquet", Split.TEST: "scores.parquet"}
"""A table a split: what chooses a threshold reads one, and has never seen the other."""

GRID_SCORES = "grid_scores.parquet"


@cache
def code_sha256(method: str) -> str:
    """Hash of the source of every module that can change a method's score, so that no result outlives a mended bug."""
    parts = [
        code_digest(Path(__file__).parent, _OURS),
        code_digest(Path(detectors.__file__).parent, _DETECTORS),
        code_digest(Path(ffpms.__file__).parent, _DATA),
        digest(inspect.getsource(import_module(detectors.method(method).module)).encode()),
    ]
    return digest("".join(parts).encode())


def run_id(config: TrainConfig, data_sha256: str, code: str | None = None) -> str:
    """``s-mil-3f2a9c1b04d7``: the method and the hash of resolved configuration, data and code (now, or as given)."""
    identity = json.dumps([asdict(config), data_sha256, code or code_sha256(config.method)], sort_keys=True)
    return f"{config.method}-{digest(identity.encode())[:12]}"


@dataclass(frozen=True)
class Run:
    """A finished run: its configuration, the data it was scored on, and its scores."""

    run_id: str
    config: TrainConfig
    dataset: str
    data_sha256: str
    code_sha256: str
    scores: pd.DataFrame
    val: pd.DataFrame


def start(folder: Path, config: TrainConfig, data: BuiltSet, device: torch.device) -> None:
    """Makes the folder and writes what the run is and where it runs."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "data": {"name": data.name, "sha256": data.sha256},
        "code": {"version": ffpms.__version__, "sha256": code_sha256(config.method)},
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
            data, code = about["data"], about["code"]["sha256"]
            expected = run_id(config, data["sha256"], code)
        except (OSError, ValueError, KeyError, TypeError, FfpmsError) as error:
            raise ManifestError(
                f"{folder}: config.toml is damaged ({error}); delete the folder and run again"
            ) from None
        if folder.name != expected:
            raise ManifestError(f"{folder}: is a copy of {expected} or was edited; move it away")
        scores, val = (read_table(folder / SCORES[split], SCORE) for split in (Split.TEST, Split.VAL))
        yield Run(folder.name, config, data["name"], data["sha256"], code, scores, val)
