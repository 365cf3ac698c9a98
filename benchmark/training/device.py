"""Device: the processor, threads and precision with which a run computes."""

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from benchmark.training.distributed import SINGLE, Ranks
from detectors.detector import Detector
from ffpms.errors import ConfigError
from ffpms.machine.cores import usable_cores
from ffpms.progress import Log, Progress, not_shown

MAX_FORGERS = 16
"""The most processes that make forgeries, unless more are asked for."""


@dataclass(frozen=True)
class Machine:
    """Where and how runs compute. Of it a result's identity has the number of ranks alone.

    The precision that ``auto`` chooses for the device is in it too, as a setting of the run.
    ``workers`` None means as many processes as :meth:`count_workers` chooses.
    """

    device: torch.device
    workers: int | None = None
    progress: Progress = not_shown
    log: Log = lambda _: None
    ranks: Ranks = field(default=SINGLE)
    compiled: bool = False
    tensorboard: bool = False

    def count_workers(self, slow: bool) -> int:
        """Returns the number of processes that load batches.

        If none is given, slow faces for a GPU take a process for each thread of torch but one. A
        forgery takes 37 ms, a crop's file 1.5 ms. Else there is none: decoded faces are read more
        quickly than computed.
        """
        if self.workers is not None:
            return self.workers
        return min(torch.get_num_threads() - 1, MAX_FORGERS) if slow and self.device.type != "cpu" else 0

    def as_json(self) -> dict[str, Any]:
        """Describes what may change a number in its last digits, and is in no run's name."""
        return {
            "device": name_device(self.device),
            "threads": torch.get_num_threads(),
            "compiled": self.compiled,
            "deterministic": torch.are_deterministic_algorithms_enabled(),
        }

    def place(self, detector: Detector) -> Detector:
        """Moves the detector to this machine, 2-D convolutions with channels last, as they are
        fastest.
        """
        for module in detector.modules():
            if isinstance(module, nn.Conv2d):
                module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self.compiled:
            detector.backbone.compile(dynamic=True)
        return detector.to(self.device)


@dataclass(frozen=True)
class Setup:
    """The flags of ``ffpms bench`` on how to compute.

    ``threads`` None means all cores that the process may use; ``workers`` None is as in
    :class:`Machine`.
    """

    device: str = "auto"
    workers: int | None = None
    threads: int | None = None
    deterministic: bool = False
    compiled: bool = False
    tensorboard: bool = False

    def apply(self) -> Machine:
        """Applies the settings to this process; ranks and callbacks are added later.

        Raises:
            ConfigError: torch does not know the device or cannot reach it.
        """
        torch.set_num_threads(self.threads or usable_cores())
        if self.deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True)
        return Machine(choose_device(self.device), self.workers, compiled=self.compiled, tensorboard=self.tensorboard)


GPUS = ("cuda", "xpu", "mps")
"""Kinds of GPU, in the order in which ``auto`` looks for them."""


def choose_device(name: str) -> torch.device:
    """Returns the device of a name; ``auto`` is a GPU if there is one, else the CPU.

    GPUs are those of Nvidia or AMD (``cuda``), Intel (``xpu``) and Apple (``mps``). Single
    precision is that from here on: cuDNN no longer rounds what it convolves to TF32.

    Raises:
        ConfigError: torch does not know the device or cannot reach it.

    Example:
        >>> choose_device("cpu")
        device(type='cpu')
    """
    torch.backends.cudnn.allow_tf32 = False
    if name == "auto":
        return torch.device(next(filter(_is_available, GPUS), "cpu"))
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].partition(". ")[0]
        raise ConfigError(f"device: {name} cannot be used ({reason}); try --device cpu") from None
    return device


def _is_available(kind: str) -> bool:
    return bool((torch.backends.mps if kind == "mps" else getattr(torch, kind)).is_available())


def name_device(device: torch.device) -> str:
    """Returns what a device is called, such as a GPU's model.

    Example:
        >>> name_device(torch.device("cpu"))
        'cpu'
    """
    if device.type in ("cuda", "xpu"):
        return str(getattr(torch, device.type).get_device_name(device))
    return device.type


def choose_precision(name: str, device: torch.device) -> str:
    """Returns the precision; ``auto`` is bf16 on a CUDA GPU that has it, and fp32 elsewhere.

    A CPU, and a GPU that only emulates bf16, are slower with it. Others were not measured.

    Raises:
        ConfigError: ``auto`` is to be chosen for a GPU of another machine.

    Example:
        >>> choose_precision("auto", torch.device("cpu"))
        'fp32'
    """
    return name if name != "auto" else ("bf16" if _has_bf16(device) else "fp32")


def _has_bf16(device: torch.device) -> bool:
    if device.type != "cuda":
        return False
    if not _is_available("cuda"):
        raise ConfigError(
            "precision: auto asks the GPU, and this machine has none that torch can use; give --precision bf16 or fp32"
        )
    with torch.cuda.device(device):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """The context in which a detector runs; only its backbone takes part in it."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()
