"""Where a run computes, in which precision, and at which size faces are shown to a detector."""

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from benchmark.config import TrainConfig
from benchmark.data.batches import Batch
from benchmark.data.inputs import Shown, augment, face_side, fit_faces
from benchmark.training.distributed import ALONE, Ranks
from detectors.bag import Bag
from detectors.detector import Detector
from ffpms.errors import ConfigError

Say = Callable[[str], None]
Track = Callable[[Iterable[Any], int], Iterable[Any]]


@dataclass(frozen=True)
class Machine:
    """Where and how runs compute; none of it decides a result's identity."""

    device: torch.device
    workers: int = 0
    track: Track = lambda batches, _: batches
    say: Say = lambda _: None
    ranks: Ranks = field(default=ALONE)
    compiled: bool = False
    board: bool = False

    def place(self, detector: Detector) -> Detector:
        """The detector on this machine; 2-D convolutions with their channels last, as they are quickest."""
        for module in detector.modules():
            if isinstance(module, nn.Conv2d):
                module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self.compiled:
            detector.backbone.compile(dynamic=True)
        return detector.to(self.device)

    def show(self, batch: Batch, detector: Detector, config: TrainConfig) -> Shown:
        """The batch on this machine, augmented, its faces at the size that the detector is shown."""
        faces = batch.faces.to(self.device, non_blocking=True).permute(0, 1, 4, 2, 3)  # (B, M, C, S, S)
        if batch.move.any():
            faces = augment(faces, batch.move.to(self.device))
        bag = Bag(faces[:, :, :3], batch.mask.to(self.device))
        boundary = faces[:, :, 3] / 255 if faces.shape[2] > 3 else None
        side = face_side(detector.backbone, faces.shape[-1], config.input_size)
        return Shown(fit_faces(bag, side), batch.label.to(self.device), boundary)


@dataclass(frozen=True)
class Setup:
    """How a process is to compute, as the flags of ``ffpms bench`` say it; ``threads`` None is all cores it may use."""

    device: str = "auto"
    workers: int = 0
    threads: int | None = None
    deterministic: bool = False
    compiled: bool = False
    board: bool = False

    def apply(self) -> Machine:
        """Makes this process compute so; what it is still lacks are ranks, and somebody to talk to.

        Raises:
            ConfigError: torch does not know the device or cannot reach it.
        """
        torch.set_num_threads(self.threads or len(os.sched_getaffinity(0)))
        if self.deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True)
        return Machine(choose_device(self.device), self.workers, compiled=self.compiled, board=self.board)


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
