"""Creates backbones by name, with their weights. Only this module uses timm."""

import difflib
from typing import Any

from torch import Tensor, nn

from detectors.backbones._torchvision import import_timm
from detectors.backbones.initial_weights import Weights, load_weights
from detectors.backbones.stems import Backbone, Pyramid, explain
from detectors.errors import BackboneError

TINY = "tiny"
"""Name of the small network for tests."""
_BY_CLASS_TOKEN = ("dinov3", "sapiens2")
"""Parts of names of ViTs whose authors take the class token, where timm takes the mean of all."""


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

    ``weights`` (a state dict) replaces timm's own weights. ``size`` is the side in px at which
    faces are shown. A model that takes only one size is made for it. Of DINOv3 the vector is the
    class token, as its authors have it.

    Raises:
        BackboneError: no such model, its weights cannot be fetched, the given ones do not fit, or
            it takes no faces of that side.

    Example:
        >>> create_backbone("tiny").num_features
        32
    """
    if name == TINY and weights is None:
        return tiny()
    pooled = {"global_pool": "token"} if any(part in name.partition(".")[0] for part in _BY_CLASS_TOKEN) else {}
    network, settings = _create(name, pretrained, weights, size, num_classes=0, **pooled)
    return Backbone(network, **settings)


def create_pyramid(
    name: str, pretrained: bool = True, weights: Weights | None = None, size: int | None = None
) -> Pyramid:
    """Creates the same model for its feature maps at every scale it has.

    timm declares how they are laid out and how many channels each has.

    Raises:
        BackboneError: as :func:`create_backbone`, or the model gives no feature maps.

    Example:
        >>> create_pyramid("tiny").channels
        [8, 16, 32]
    """
    if name == TINY and weights is None:
        return Pyramid(_FeatureMaps(_blocks()), (0.5,) * 3, (0.5,) * 3)
    network, settings = _create(name, pretrained, weights, size, features_only=True)
    layout = import_timm().layers.Format(getattr(network, "output_fmt", "NCHW")).value
    return Pyramid(network, layout=layout, declared=list(network.feature_info.channels()), **settings)


def _create(
    name: str, pretrained: bool, weights: Weights | None, size: int | None, **form: Any
) -> tuple[Any, dict[str, Any]]:
    """Returns a timm model, and how a stem shows faces to it."""
    timm = import_timm()
    config = _find_config(timm, name)
    fixed, own = bool(config["fixed_input_size"]), config["input_size"][-1]
    if fixed and size:
        form["img_size"] = size
    network = _fetch(timm, name, pretrained and weights is None, form, own)
    notes = [] if weights is None else [load_weights(network, weights, name), _advise_activation(timm, name)]
    if pretrained and weights is None:
        notes = [_advise_activation(timm, f"{config.get('architecture')}.{config.get('tag')}")]
    side = size if fixed and size else own
    settings = {"mean": config["mean"], "std": config["std"], "input_size": side, "fixed": fixed}
    return network, settings | {"name": name, "shown": size, "note": "; ".join(filter(None, notes))}


def _find_config(timm: Any, name: str) -> dict[str, Any]:
    """Returns timm's description of a model."""
    base, _, tag = name.partition(".")
    if base not in timm.list_models():
        near = difflib.get_close_matches(name, timm.list_models(), n=3)
        raise BackboneError(f"{name}: timm knows no such model; did you mean {', '.join(near) or 'another'}?")
    known = timm.list_pretrained(f"{base}*") if tag else []
    if tag and name not in known:
        own = [other for other in known if other.startswith(f"{base}.")]
        raise BackboneError(f"{name}: timm has no such weights; it has {', '.join(own) or 'none'}")
    return dict((timm.models.get_pretrained_cfg(name) or timm.models.PretrainedCfg()).to_dict())


def _advise_activation(timm: Any, name: str) -> str:
    """Says which model has the activation that weights were trained with, if theirs has not.

    timm's CLIP computes GELU. Beside weights of QuickGELU it lists a model that computes that.
    """
    others = [other for other in timm.list_pretrained("*quickgelu*") if other.replace("quickgelu_", "") == name]
    return "".join(f"{name}: trained with QuickGELU, and computes GELU; give --backbone {other}" for other in others)


def _fetch(timm: Any, name: str, pretrained: bool, form: dict[str, Any], own: int) -> Any:
    """Makes a timm model; an error is one of its making, or of the way to its weights."""
    try:
        return timm.create_model(name, pretrained=pretrained, **form)
    except Exception as error:
        if not pretrained:
            size = form.get("img_size")
            what = f"{'the feature maps of ' if 'features_only' in form else ''}it{f' for {size} px' if size else ''}"
            advice = f"leave --input-size away, its own is {own} px" if size else "choose another backbone"
            raise BackboneError(f"{name}: timm cannot make {what} ({explain(error)}); {advice}") from error
        if not isinstance(error, OSError):
            _fetch(timm, name, False, form, own)
        raise BackboneError(
            f"{name}: the pretrained weights could not be fetched ({explain(error)}); without a network give "
            "--weights PATH, or --no-pretrained to train from random weights"
        ) from error
