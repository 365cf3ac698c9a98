"""Backbones: map a face to an embedding or to feature maps. Only this module uses timm."""

import difflib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from detectors._torchvision import import_timm
from detectors.autocast import with_autocast
from detectors.errors import DetectorError

TINY = "tiny"
"""Name of the small network for tests."""

Weights = Mapping[str, Tensor]
"""A state dict."""


class Stem(nn.Module):
    """A pretrained network that normalises its own input.

    ``input_size`` is the side in px that it was made for, None if none is known. ``fixed`` means
    that it takes no other size. In a detector it alone takes part in autocast, and gives float32.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Any, std: Any, input_size: int | None, fixed: bool = False) -> None:
        super().__init__()
        self.network = network
        self.input_size = input_size
        self.fixed = fixed
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return with_autocast(super().__call__, *args, **kwargs)

    def scale(self, faces: Tensor) -> Tensor:
        """Scales pixels to 0..1 and normalises them.

        Shape: (P, 3, S, S), uint8 in 0..255 or float in 0..1 -> the same, float.
        """
        scaled = faces / 255 if faces.dtype == torch.uint8 else faces
        return (scaled - self.mean) / self.std

    def _run_once(self) -> Any:
        """Returns the network's output for one black face."""
        training = self.training
        side = self.input_size if self.fixed and self.input_size else 96
        with torch.no_grad():
            made = self.eval()(torch.zeros(1, 3, side, side))
        self.train(training)
        return made


class Backbone(Stem):
    """A feature extractor.

    ``num_features`` is measured, because some timm models return another size than they claim.

    Shape: faces (P, 3, S, S) -> (P, num_features).
    """

    def __init__(
        self, network: nn.Module, mean: Any, std: Any, input_size: int | None = None, fixed: bool = False
    ) -> None:
        super().__init__(network, mean, std, input_size, fixed)
        self.num_features: int = self._run_once().shape[-1]

    def forward(self, faces: Tensor) -> Tensor:
        """Returns one embedding per face."""
        embedding: Tensor = self.network(_channels_last(self.scale(faces)))
        return embedding


class Pyramid(Stem):
    """A network's feature maps, from fine to coarse, with ``channels`` of each.

    Shape: faces (P, 3, S, S) -> [(P, C_i, S_i, S_i), ...].
    """

    def __init__(
        self, network: nn.Module, mean: Any, std: Any, input_size: int | None = None, fixed: bool = False
    ) -> None:
        super().__init__(network, mean, std, input_size, fixed)
        self.channels: list[int] = [level.shape[1] for level in self._run_once()]

    def forward(self, faces: Tensor) -> list[Tensor]:
        """Returns the feature maps at every scale."""
        maps: list[Tensor] = self.network(_channels_last(self.scale(faces)))
        return maps


def _channels_last(faces: Tensor) -> Tensor:
    """Lays faces out as 2-D convolutions are fastest."""
    return faces.contiguous(memory_format=torch.channels_last)


def _blocks() -> list[nn.Sequential]:
    return [
        nn.Sequential(nn.Conv2d(inside, outside, 3, stride=2, padding=1), nn.BatchNorm2d(outside), nn.ReLU())
        for inside, outside in ((3, 8), (8, 16), (16, 32))
    ]


class _FeatureMaps(nn.ModuleList):
    def forward(self, faces: Tensor) -> list[Tensor]:
        maps = [faces]
        for block in self:
            maps.append(block(maps[-1]))
        return maps[1:]


def tiny() -> Backbone:
    """Three small convolutions with random weights, for tests and for trying the toolkit.

    Never use it for a result.

    Example:
        >>> tiny()(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 32])
    """
    return Backbone(nn.Sequential(*_blocks(), nn.AdaptiveAvgPool2d(1), nn.Flatten()), (0.5,) * 3, (0.5,) * 3)


def create_backbone(
    name: str, pretrained: bool = True, weights: Weights | None = None, size: int | None = None
) -> Backbone:
    """Creates a timm model by name, or ``tiny``, without its classifier.

    ``weights`` (a state dict) replaces timm's own weights. ``size`` in px replaces the model's own,
    for a model that takes only one size.

    Raises:
        DetectorError: no such model, its weights cannot be fetched, or the given ones do not fit.

    Example:
        >>> create_backbone("tiny").num_features
        32
    """
    if name == TINY and weights is None:
        return tiny()
    network, config = _create(name, pretrained, weights, size, num_classes=0)
    return Backbone(network, *config)


def create_pyramid(
    name: str, pretrained: bool = True, weights: Weights | None = None, size: int | None = None
) -> Pyramid:
    """Creates the same model for its feature maps at every scale it has.

    Raises:
        DetectorError: as :func:`create_backbone`, or the model gives no feature maps.

    Example:
        >>> create_pyramid("tiny").channels
        [8, 16, 32]
    """
    if name == TINY and weights is None:
        return Pyramid(_FeatureMaps(_blocks()), (0.5,) * 3, (0.5,) * 3)
    network, config = _create(name, pretrained, weights, size, features_only=True)
    return Pyramid(network, *config)


def _create(name: str, pretrained: bool, weights: Weights | None, size: int | None, **form: Any) -> tuple[Any, Any]:
    """Returns a timm model, and its mean, std, input size and whether that size is its only one."""
    timm = import_timm()
    if name.partition(".")[0] not in timm.list_models():
        near = difflib.get_close_matches(name, timm.list_models(), n=3)
        raise DetectorError(f"{name}: timm knows no such model; did you mean {', '.join(near) or 'another'}?")
    config = timm.models.get_pretrained_cfg(name).to_dict()
    fixed = bool(config.get("fixed_input_size"))
    if fixed and size:
        form["img_size"] = size
    network = _fetch(timm, name, pretrained and weights is None, form)
    if weights is not None:
        load_weights(network, weights, name)
    side = size if fixed and size else config["input_size"][-1]
    return network, (config["mean"], config["std"], side, fixed)


def _fetch(timm: Any, name: str, pretrained: bool, form: dict[str, Any]) -> Any:
    try:
        return timm.create_model(name, pretrained=pretrained, **form)
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
        if not pretrained:
            wanted = ", ".join(f"{key}={value}" for key, value in form.items())
            raise DetectorError(f"{name}: timm cannot make it with {wanted} ({reason}); choose another") from error
        raise DetectorError(
            f"{name}: the pretrained weights could not be fetched ({reason}); without a network give --weights PATH, "
            "or --no-pretrained to train from random weights"
        ) from error


def load_weights(network: nn.Module, weights: Weights, name: str) -> None:
    """Loads the weights that the network has; a classifier among them is left out.

    Raises:
        DetectorError: a weight is missing, or has another shape.
    """
    given = {_plain(key): value for key, value in weights.items()}
    own = network.state_dict()
    fitting = {key: given[_plain(key)] for key in own if _plain(key) in given}
    missing = [key for key in own if key not in fitting and not key.endswith("num_batches_tracked")]
    wrong = [key for key, value in fitting.items() if value.shape != own[key].shape]
    if missing or wrong:
        what = f"lack {missing[0]}" if missing else f"have another shape of {wrong[0]}"
        raise DetectorError(f"{name}: the weights {what} ({len(missing) + len(wrong)} of {len(own)} do not fit)")
    network.load_state_dict(fitting, strict=False)


def _plain(key: str) -> str:
    """Name of a weight, however timm's feature extractors wrap the network.

    Wrapped names are ``body.conv1.weight`` or ``stem_0.weight``.
    """
    return key.removeprefix("body.").removeprefix("model.").replace("_", ".")
