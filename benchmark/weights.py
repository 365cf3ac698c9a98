"""Backbone weights from a file."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from ffpms.errors import ConfigError


def read_weights(path: Path) -> dict[str, Tensor]:
    """A state dict from safetensors or from ``torch.save``; nothing in the file is executed.

    Raises:
        ConfigError: the file is not there or holds no state dict.
    """
    try:
        loaded = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except FileNotFoundError:
        raise ConfigError(f"{path}: not found; give --weights a .safetensors or .pth file") from None
    except Exception as error:
        raise ConfigError(
            f"{path}: no readable weights ({type(error).__name__}); give a state dict of tensors"
        ) from error
    for wrapper in ("state_dict", "model"):
        loaded = loaded.get(wrapper, loaded) if isinstance(loaded, dict) else loaded
    if not isinstance(loaded, dict) or not all(isinstance(v, Tensor) for v in loaded.values()):
        raise ConfigError(f"{path}: holds no state dict of tensors; save model.state_dict()")
    return {name.removeprefix("module."): value for name, value in loaded.items()}
