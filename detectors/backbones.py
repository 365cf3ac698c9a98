"""Backbones: a face in, an embedding out. The only place that knows timm."""

import difflib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from detectors._torchvision import import_timm
from detectors.errors import DetectorError

TINY = "tiny"


class Backbone(nn.Module):
    """A feature extractor that normalises its own input.

    ``num_features`` is measured, not believed: some timm models return another size than they claim. ``fixed_size`` is
    the only input side that the network takes, or None if it takes any.

    Shape: faces (P, 3, S, S), uint8 in 0..255 or float in 0..1 -> (P, num_features).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Any, std: Any, fixed_size: int | None = None) -> None:
        super().__init__()
        self.network = network
        self.fixed_size = fixed_size
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)
        self.num_features = self._measure()

    @torch.no_grad()
    def _measure(self) -> int:
        training = self.training
        side = self.fixed_size or 96
        size: int = self.eval()(torch.zeros(1, 3, side, side)).shape[-1]
        self.train(training)
        return size

    def forward(self, faces: Tensor) -> Tensor:
        scaled = faces / 255 if faces.dtype == torch.uint8 else faces
        embedding: Tensor = self.network((scaled - self.mean) / self.std)
        return embedding


def tiny() -> Backbone:
    """Three small convolutions, random weights: for tests and for trying the toolkit, never for a result."""
    layers: list[nn.Module] = []
    for inside, outside in ((3, 8), (8, 16), (16, 32)):
        layers += [nn.Conv2d(inside, outside, 3, stride=2, padding=1), nn.BatchNorm2d(outside), nn.ReLU()]
    return Backbone(nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), (0.5,) * 3, (0.5,) * 3)


def create_backbone(name: str, pretrained: bool = True, weights: Mapping[str, Tensor] | None = None) -> Backbone:
    """A timm model by name, or ``tiny``, without its classifier; ``weights`` (a state dict) instead of timm's own.

    Raises:
        DetectorError: no such model, its weights cannot be fetched, or the given ones do not fit.
    """
    if name == TINY and weights is None:
        return tiny()
    timm = import_timm()
    if name.partition(".")[0] not in timm.list_models():
        near = difflib.get_close_matches(name, timm.list_models(), n=3)
        raise DetectorError(f"{name}: timm knows no such model; did you mean {', '.join(near) or 'another'}?")
    network = _create(timm, name, pretrained and weights is None)
    if weights is not None:
        _load(network, weights, name)
    config = network.pretrained_cfg
    fixed = config["input_size"][-1] if config.get("fixed_input_size") else None
    return Backbone(network, config["mean"], config["std"], fixed)


def _create(timm: Any, name: str, pretrained: bool) -> Any:
    try:
        return timm.create_model(name, pretrained=pretrained, num_classes=0)
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
        raise DetectorError(
            f"{name}: the pretrained weights could not be fetched ({reason}); without a network give --weights PATH, "
            "or --no-pretrained to train from random weights"
        ) from error


def _load(network: nn.Module, weights: Mapping[str, Tensor], name: str) -> None:
    """Loads what the network has; a classifier among the weights is left out."""
    own = network.state_dict()
    missing = [k for k in own if k not in weights and not k.endswith("num_batches_tracked")]
    wrong = [k for k in own if k in weights and own[k].shape != weights[k].shape]
    if missing or wrong:
        what = f"lack {missing[0]}" if missing else f"have another shape of {wrong[0]}"
        raise DetectorError(f"{name}: the weights {what} ({len(missing) + len(wrong)} of {len(own)} do not fit)")
    network.load_state_dict({k: v for k, v in weights.items() if k in own}, strict=False)
