"""Finds the feature maps of a backbone: the last in which the places of a face still count."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.heat_maps.layouts import Layout
from detectors.backbones import Pyramid
from detectors.bag import Bag
from detectors.detector import Detector
from detectors.errors import DetectorError

_FEATURES = "forward_features"
_LAST_NORM = re.compile(r"backbone\.network\.blocks\.\d+\.norm1")
"""The method of a timm model that gives its features before pooling, and norms before attention."""


class Tap(nn.Identity):
    """Passes feature maps on, and keeps them."""

    maps: Tensor

    def forward(self, maps: Tensor) -> Tensor:
        """Returns the maps as they are."""
        self.maps = maps
        return maps


@dataclass(frozen=True)
class Place:
    """A layer whose output holds feature maps: a module, or the method ``method`` of one.

    ``name`` is its name in the detector. A list of maps stands for its last, the coarsest.
    """

    name: str
    module: nn.Module
    layout: Layout
    method: str = ""

    @contextmanager
    def tapped(self, tap: nn.Module) -> Iterator[None]:
        """Sends the maps through ``tap``, as leaves of the graph of gradients."""

        def send(made: Any) -> Any:
            *others, values = made if isinstance(made, list | tuple) else [made]
            maps = tap(self.layout.maps(values).detach().requires_grad_())
            whole = self.layout.restore(maps.clone(), values)  # a clone, for what comes next may work in place
            return [*others, whole] if isinstance(made, list | tuple) else whole

        with _changed(self.module, self.method, send):
            yield


@contextmanager
def _changed(module: nn.Module, method: str, change: Any) -> Iterator[None]:
    """Changes what a module, or a method of it, gives."""
    if not method:
        handle = module.register_forward_hook(lambda _, __, made: change(made))
        try:
            yield
        finally:
            handle.remove()
        return
    own = getattr(module, method)
    setattr(module, method, lambda *args, **kwargs: change(own(*args, **kwargs)))
    try:
        yield
    finally:
        delattr(module, method)


def find_place(detector: Detector, bag: Bag) -> Place:
    """Finds the last feature maps of a detector's backbone on which its output depends everywhere.

    That is what a timm model gives before pooling. Where it then takes a class token, the other
    tokens count no more: it is the norm before its last attention. Of any other network it is the
    last square output. Each is tried on two faces of the bag.

    Raises:
        DetectorError: there are none, as in a network of vectors, or the backbone is not used.
    """
    some = Bag(bag.faces[:, :2], bag.mask[:, :2])
    for place in _candidates(detector, some):
        if _counts(detector, some, place):
            return place
    raise DetectorError(
        f"{type(detector).__name__}: no heat map, for its backbone has no feature maps of a face "
        "(square, of more than one place, before the last pooling); explain a run with another --backbone"
    )


def _candidates(detector: Detector, bag: Bag) -> Iterator[Place]:
    """Yields the layers that may be it, the best first."""
    stem, made = detector.backbone, _record(detector, bag)
    network: Any = getattr(stem, "network", stem)
    declared, ahead = getattr(network, "output_fmt", None), getattr(network, "num_prefix_tokens", None) or 0
    if isinstance(stem, Pyramid):
        declared, chosen = "NCHW", ["backbone"]
    elif hasattr(network, _FEATURES):
        chosen = [_FEATURES, *[name for name in made if _LAST_NORM.fullmatch(name)][-1:]]
    else:
        chosen = [name for name, values in made.items() if _last(values).ndim > 3 and Layout.of(_last(values))][-1:]
    for name in chosen:
        if name in made and (layout := Layout.of(_last(made[name]), declared, ahead)):
            own = (network, _FEATURES) if name == _FEATURES else (detector.get_submodule(name), "")
            yield Place(f"backbone.network.{name}" if name == _FEATURES else name, own[0], layout, own[1])


def _record(detector: Detector, bag: Bag) -> dict[str, Any]:
    """Returns what the layers of the backbone give, by name, in the order in which they end.

    Raises:
        DetectorError: the detector does not call its backbone.
    """
    made: dict[str, Any] = {}
    network: Any = getattr(detector.backbone, "network", None)
    with ExitStack() as stack, torch.no_grad():
        for name, module in detector.backbone.named_modules(prefix="backbone"):
            stack.enter_context(_changed(module, "", partial(_keep, made, name)))
        if hasattr(network, _FEATURES):
            stack.enter_context(_changed(network, _FEATURES, partial(_keep, made, _FEATURES)))
        detector(bag)
    if "backbone" not in made:
        raise DetectorError(f"{type(detector).__name__}: no heat map, for it does not call its backbone")
    return made


def _keep(made: dict[str, Any], name: str, values: Any) -> Any:
    made.pop(name, None)  # a layer that is called again ends later
    made[name] = values
    return values


def _last(made: Any) -> Tensor:
    """Returns an output itself, or the last of several; an empty tensor if it is none."""
    values = made[-1] if isinstance(made, list | tuple) and made else made
    return values if isinstance(values, Tensor) else torch.empty(0)


def _counts(detector: Detector, bag: Bag, place: Place) -> bool:
    """Whether what the backbone gives depends on the maps: a class token alone does not."""
    tap, made = Tap(), dict[str, Any]()
    with torch.enable_grad(), place.tapped(tap), _changed(detector.backbone, "", partial(_keep, made, "backbone")):
        detector(bag)
    given = _last(made["backbone"])
    ramp = torch.linspace(1, 2, given.numel(), device=given.device)  # the plain sum of a normalised output is constant
    if not given.requires_grad:
        return False
    (slope,) = torch.autograd.grad((given.flatten() * ramp).sum(), tap.maps, materialize_grads=True)
    return bool(slope.any())
