"""Makes the detector of a packed model, and loads its weights, without trust in either."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from math import prod
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.overrides import TorchFunctionMode

from benchmark.data.inputs import face_side
from benchmark.models.packed import WEIGHTS, FaceInput, PackedModel, check_file
from benchmark.train_config import TrainConfig
from benchmark.trials.trial import make_detector
from detectors import method, names
from detectors.detector import Detector
from ffpms.errors import ManifestError, first_line, unreadable
from ffpms.hashing import file_digest

_ROOM, _TIMES = 1 << 30, 4
"""What making a detector may ask for: so many bytes, and so many times those of its weights."""


_MAKERS = (torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn)


class _MemoryLimit(TorchFunctionMode):
    """Refuses to make tensors beyond a number of bytes in all.

    Options of a stranger's file may ask for more memory than the machine has.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.left = limit

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in _MAKERS:
            size = (kwargs or {}).get("size", args[0] if args and isinstance(args[0], list | tuple) else args)
            self.left -= 4 * prod(side for side in size if isinstance(side, int))
        if self.left < 0:
            raise MemoryError("its settings ask for far more memory than its weights have")
        return func(*args, **(kwargs or {}))


def make_untrained(config: TrainConfig) -> Detector:
    """Makes a detector to load weights into; the random numbers of the caller stay as they are."""
    with torch.random.fork_rng(devices=[]):  # making a detector draws weights, from the run's seed
        return make_detector(config, {})


def load_packed_detector(packed: PackedModel, config: TrainConfig, folder: Path, linked: bool) -> Detector:
    """Makes the detector that config.json describes and loads model.safetensors into it.

    Raises:
        ManifestError: it needs a plugin that is not there, it cannot be made, its faces are
            normalised otherwise than they were, or the weights are others.
    """
    path = folder / WEIGHTS
    check_file(path, linked)
    _check_plugin(packed, folder)
    weights = _read_weights(path, packed.weights_sha256)
    try:
        with _MemoryLimit(_ROOM + _TIMES * sum(value.nbytes for value in weights.values())):
            detector = make_untrained(config)
    except Exception as error:  # whatever a method's code raises of a stranger's settings
        raise ManifestError(
            f"{folder}: its detector cannot be made ({first_line(error)[:200]}); get it again"
        ) from None
    _check_input(packed, folder, describe_input(detector, packed.preprocessing.size, config))
    _check_weights(weights, detector.state_dict(), path)
    detector.load_state_dict(weights)
    return detector


def describe_input(detector: Detector, stored: int, config: TrainConfig) -> FaceInput:
    """Describes how a detector is shown faces whose crops have a side of ``stored`` px."""
    stem = detector.backbone
    mean, std = (tuple(round(float(value), 6) for value in own.flatten()) for own in (stem.mean, stem.std))
    return FaceInput(face_side(stem, stored, config.input_size), mean, std)


def name_plugin(name: str) -> str:
    """Names the package and the version that a method comes from; '' for one of ffpms's own."""
    top = method(name).module.partition(".")[0]
    if top == "detectors":
        return ""
    for owner in packages_distributions().get(top, []):
        with suppress(PackageNotFoundError):
            return f"{owner} {version(owner)}"
    return top


def _check_plugin(packed: PackedModel, folder: Path) -> None:
    if packed.plugin and packed.detector.method not in names():
        raise ManifestError(
            f"{folder}: its method {packed.detector.method!r} is of the plugin {packed.plugin!r}, which is not "
            "installed; a plugin is code: install it if you trust its author"
        )


def _check_input(packed: PackedModel, folder: Path, own: FaceInput) -> None:
    """Checks that faces are shown to the backbone as they were."""
    if own != packed.input:
        raise ManifestError(
            f"{folder}: was packed with {packed.input}, and the backbone here takes {own}; install the timm that it "
            f"was packed with ({packed.versions.get('timm', 'unknown')})"
        )


def _read_weights(path: Path, sha256: str) -> dict[str, Tensor]:
    """Reads the weights if the file is the one that config.json names."""
    try:
        if file_digest(path) != sha256:
            raise ManifestError(f"{path}: is not the file that config.json names (another hash); get the model again")
        return safetensors.torch.load_file(path)
    except OSError as error:
        raise ManifestError(f"{path}: {unreadable(error)}") from None
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(f"{path}: no whole safetensors file ({first_line(error)}); get the model again") from None


def _check_weights(weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor], path: Path) -> None:
    """Checks that tensors have the names, types and shapes of the detector's, and are numbers."""
    if fault := next(_find_faults(weights, wanted), ""):
        raise ManifestError(f"{path}: not the weights of this detector ({fault}); get the model again")


def _find_faults(weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Iterator[str]:
    for name in sorted({*weights, *wanted}):
        found, own = weights.get(name), wanted.get(name)
        if found is None or own is None:
            yield f"{name[:80]!r} is {'missing' if found is None else 'unknown'}"
        elif (found.dtype, found.shape) != (own.dtype, own.shape):
            yield f"{name} is {_describe(found)}, not {_describe(own)}"
        elif not found.isfinite().all():
            yield f"{name} has what is no finite number"


def _describe(value: Tensor) -> str:
    return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
