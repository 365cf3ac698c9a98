"""Makes PyPI's torchvision importable beside a torch without CUDA.

PyPI's torchvision is linked against CUDA. Beside a CPU-only torch its compiled operators do not
load, and ``import torchvision`` fails with "operator torchvision::nms does not exist". timm imports
torchvision but calls none of its operators on our path, so declaring them is enough. Does nothing
unless that very error appears.
"""

import sys
from types import ModuleType

import torch

_MISSING = "operator torchvision::nms does not exist"
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def import_timm() -> ModuleType:
    """Imports timm; if torchvision's operators are missing, declares them first."""
    try:
        import timm
    except RuntimeError as error:
        if _MISSING not in str(error):
            raise
        _declare_operators()
        import timm
    return timm


def _declare_operators() -> None:
    for name in [m for m in sys.modules if m.partition(".")[0] in ("torchvision", "timm")]:
        del sys.modules[name]
    for operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{operator}", _SIGNATURE)
