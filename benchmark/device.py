"""Where a run computes, and in which precision."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from detectors.bag import Bag
from detectors.detector import BagDetector
from ffpms.errors import ConfigError


def choose_device(name: str) -> torch.device:
    """``auto`` is the first GPU, else the CPU.

    Raises:
        ConfigError: torch does not know the device or cannot reach it.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"device: {name} cannot be used ({str(error).splitlines()[0]}); try --device cpu") from None
    return device


def choose_precision(name: str, device: torch.device) -> str:
    """``auto`` is bf16 on a GPU and fp32 elsewhere: on a CPU bf16 is slower."""
    return name if name != "auto" else ("bf16" if device.type == "cuda" else "fp32")


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """The context in which a detector runs."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


def fit_faces(bag: Bag, detector: BagDetector) -> Bag:
    """Resizes the faces if the backbone takes only one size."""
    size = detector.backbone.fixed_size
    if size is None or bag.faces.shape[-1] == size:
        return bag
    flat = bag.faces.flatten(0, 1).float() / (255 if bag.faces.dtype == torch.uint8 else 1)
    resized: Tensor = interpolate(flat, size=(size, size), mode="bilinear", antialias=True)
    return Bag(resized.view(*bag.faces.shape[:3], size, size), bag.mask)
