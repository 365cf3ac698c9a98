"""Frozen backbones: kept once below the folder of runs, for all heads that were trained on them."""

from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
from torch import Tensor

from detectors.backbones.stems import Backbone, Embedded
from ffpms.errors import ManifestError
from ffpms.hashing import digest, file_digest
from ffpms.regular_files import read_bytes
from ffpms.storage import whole_file

BACKBONES = "backbones"
"""Name of their folder, beside the runs."""


def serialise(weights: Mapping[str, Tensor]) -> bytes:
    """Returns the bytes of a safetensors file of weights."""
    return safetensors.torch.save({name: value.contiguous() for name, value in weights.items()})


def stand_in(backbone: Backbone, out: Path) -> Embedded:
    """Returns what takes the place of a frozen backbone, whose weights are kept below ``out``.

    A file of them that is damaged is written again.
    """
    data = serialise(backbone.state_dict())
    path = _path(out, sha256 := digest(data))
    if not path.is_file() or file_digest(path) != sha256:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(data)
    return Embedded(backbone.num_features, sha256)


def read_backbone(run: Path, sha256: str) -> dict[str, Tensor]:
    """Reads the weights of the backbone of a run's head, by their names in a detector.

    Raises:
        ManifestError: they are lost or damaged.
    """
    path = _path(run.parent, sha256)
    todo = f"copy it from where the run was made, or have 'ffpms embed' write it: --out {run.parent}, the same backbone"
    try:
        data = read_bytes(path)
    except FileNotFoundError:
        raise ManifestError(f"{path}: not found, and {run} has the weights of its head alone; {todo}") from None
    if digest(data) != sha256:
        raise ManifestError(f"{path}: damaged: its hash is another; {todo}")
    return {f"backbone.{name}": value for name, value in safetensors.torch.load(data).items()}


def _path(out: Path, sha256: str) -> Path:
    return out / BACKBONES / f"{sha256[:12]}.safetensors"
