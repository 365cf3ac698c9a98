"""Tuning: chooses which weights of a backbone are trained."""

from typing import Literal, get_args

from torch import nn

from detectors.detector import Detector
from detectors.errors import DetectorError

Tune = Literal["all", "norm", "none", "cached"]
TUNES: tuple[str, ...] = get_args(Tune)
"""The choices of ``--tune``."""

_NORMS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._BatchNorm)


def tune(detector: Detector, what: str) -> None:
    """Sets which weights of the backbone are trained: all, those of its normalisation layers, or
    none.

    ``norm`` is what recent detectors do with ViTs. ``none`` also keeps the BatchNorm statistics.
    ``cached`` is ``none``, for detectors that are given the backbone's embeddings of faces.

    Raises:
        DetectorError: the backbone has no normalisation layer to train.
    """
    if what == "all":
        return
    detector.frozen = what in ("none", "cached")
    norms = [m for m in detector.backbone.modules() if _is_norm(m)] if what == "norm" else []
    if what == "norm" and not norms:
        raise DetectorError("tune: the backbone has no normalisation layer; choose all or none")
    detector.backbone.requires_grad_(False)
    for norm in norms:
        norm.requires_grad_(True)


def _is_norm(module: nn.Module) -> bool:
    """Whether it normalises; timm's own layers (``RmsNorm2d``) are known by name and weights."""
    weights = list(module.parameters(recurse=False))
    named = "norm" in type(module).__name__.lower() and all(weight.ndim == 1 for weight in weights)
    return isinstance(module, _NORMS) or (named and bool(weights))
