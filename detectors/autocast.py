"""Autocast for detectors: the backbone computes in reduced precision, all else in float32."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

_HELD_BACK: ContextVar[tuple[str, torch.dtype] | None] = ContextVar("autocast", default=None)
"""Device and type of the autocast that only backbones take part in."""
_DEVICES = tuple(filter(torch.amp.is_autocast_available, ("cpu", "cuda", "xpu", "mps", "hpu", "xla", "privateuseone")))
"""Those that torch has an autocast for, which differ from version to version."""


def without_autocast(step: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a method of a module so that it computes without autocast.

    An autocast around it is held back for the backbones that it calls.
    """
    if hasattr(step, "holds_autocast_back"):
        return step

    @wraps(step)
    def run(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if not any(map(torch.is_autocast_enabled, _DEVICES)):  # to find the module's device takes far longer
            return step(module, *args, **kwargs)
        device = _device_type(module)
        if not (torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)):
            return step(module, *args, **kwargs)
        token = _HELD_BACK.set((device, torch.get_autocast_dtype(device)))
        try:
            with torch.autocast(device, enabled=False):
                return step(module, *args, **kwargs)
        finally:
            _HELD_BACK.reset(token)

    run.holds_autocast_back = True  # type: ignore[attr-defined]
    return run


def with_autocast(run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls a backbone in the autocast that was held back, if any, and gives float32."""
    held = _HELD_BACK.get()
    if held is None:
        return run(*args, **kwargs)
    with torch.autocast(*held):
        made = run(*args, **kwargs)
    return to_float32(made)


def to_float32(made: Any) -> Any:
    """Converts the bfloat16 and float16 among a backbone's outputs, and leaves all others.

    Example:
        >>> [part.dtype for part in to_float32([torch.zeros(1).bfloat16(), torch.zeros(1).long()])]
        [torch.float32, torch.int64]
    """
    if isinstance(made, Tensor):
        return made.float() if made.dtype in (torch.bfloat16, torch.float16) else made
    if isinstance(made, dict):
        return {key: to_float32(value) for key, value in made.items()}
    return type(made)(map(to_float32, made)) if type(made) in (list, tuple) else made


def _device_type(module: nn.Module) -> str:
    held = next(chain(module.parameters(), module.buffers()), None)
    return "cpu" if held is None else held.device.type
