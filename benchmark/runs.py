"""What identifies a run of this code, and the beginning of its folder; what can be read back is in ``folders``."""

import inspect
import json
import platform
from dataclasses import asdict
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import tomli_w
import torch

import detectors
import ffpms
from benchmark.config import TrainConfig
from benchmark.data import BuiltSet
from benchmark.folders import FEWER_SCORES, GRID_SCORES, SCORES, TRAINED, Run, finish, is_done, name_run
from ffpms.shards import code_digest, digest

__all__ = ["FEWER_SCORES", "GRID_SCORES", "SCORES", "Run", "code_sha256", "finish", "is_done", "run_id", "start"]

_OURS = (
    *("checkpoint", "config", "data", "fewer", "grid", "loader", "machine", "metrics", "predict", "ranks", "store"),
    *("lessons", "train", "trial", "unmixed", "weights"),
    *(f"selfmade/{name}" for name in ("align", "blended", "colour", "hull", "mask", "nearest", "warped")),
)
_DETECTORS = (
    *("_torchvision", "backbones", "bag", "detector", "losses", "options", "pooling", "registry", "temporal", "tuning"),
)
_DATA = ("grid", "plan", "recipe", "remix", "schema")


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
    return name_run(asdict(config), data_sha256, code or code_sha256(config.method))


def start(folder: Path, config: TrainConfig, data: BuiltSet, device: torch.device, n_ranks: int = 1) -> None:
    """Makes the folder and writes what the run is and where it runs."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "data": {"name": data.name, "sha256": data.sha256},
        "code": {"version": ffpms.__version__, "sha256": code_sha256(config.method)},
    }
    train = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(config).items()}
    (folder / "config.toml").write_text(tomli_w.dumps({TRAINED: train} | about), encoding="utf-8")
    packages = ("torch", "timm", "numpy", "pillow", "scikit-learn")
    machine = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "ranks": n_ranks,
        "packages": {name: version(name) for name in packages},
    }
    (folder / "environment.json").write_text(json.dumps(machine, indent=2) + "\n", encoding="utf-8")
