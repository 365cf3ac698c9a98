"""Distributed training: the processes (ranks) that ``torchrun`` starts, one per GPU.

They share the batches of a training run.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import distributed, nn

from ffpms.errors import ConfigError, FfpmsError, on_one_line

TIMEOUT = timedelta(hours=12)
"""Time that other ranks wait while the first scores the test bags."""
_LOST = ("Connection closed", "Connection reset", "Connection refused", "Broken pipe", "Timed out waiting")
"""How gloo's errors tell that another rank does not answer; NCCL's have a class of their own."""
BACKENDS = {"cuda": "nccl", "xpu": "xccl", "cpu": "gloo"}
"""What carries tensors between ranks, by the kind of their device."""


class RankError(FfpmsError):
    """Another rank of the training has ended, or does not answer."""


@contextmanager
def _with_others() -> Iterator[None]:
    """Turns the error of a step of all ranks into a line, if another rank is why it failed.

    Raises:
        RankError: another rank has ended.
    """
    try:
        yield
    except RuntimeError as error:
        reason = on_one_line(error)
        if not isinstance(error, distributed.DistError) and not any(text in reason for text in _LOST):
            raise
        found = next((text for text in _LOST if text in reason), reason[:120])
        what = f"another process of this training has ended ({found})"
        raise RankError(
            f"torchrun: {what}; its own message or torchrun's says why; the same command goes on after the last epoch"
        ) from error


@dataclass(frozen=True)
class Ranks:
    """Number of this process among all ranks.

    Each computes its share of every batch; the gradients are added.
    """

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this rank selects, scores and writes."""
        return self.rank == 0

    def share(self, batches: list[list[Any]]) -> list[list[Any]]:
        """Returns this rank's part of every batch; a last batch too small for all is left out.

        Example:
            >>> Ranks(1, 2).share([[1, 2, 3, 4], [5]])
            [[2, 4]]
        """
        return [batch[self.rank :: self.world] for batch in batches if len(batch) >= self.world]

    def add_up(self, values: torch.Tensor) -> torch.Tensor:
        """Sums values over all ranks, in place; each rank has the sums."""
        if self.world > 1:
            with _with_others():
                distributed.all_reduce(values)
        return values

    def add_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Sums the gradients over all ranks."""
        for parameter in parameters if self.world > 1 else ():
            if parameter.requires_grad:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                self.add_up(parameter.grad)

    def broadcast(self, module: nn.Module) -> None:
        """Gives every rank the weights and statistics of the first."""
        if self.world > 1:
            with _with_others():
                for tensor in module.state_dict().values():
                    distributed.broadcast(tensor, 0)

    def agree(self, found: bool) -> bool:
        """Returns what the first rank found, so that no two take different ways."""
        told = [found]
        if self.world > 1:
            with _with_others():
                distributed.broadcast_object_list(told, 0)
        return told[0]

    def gather(self, found: Any) -> list[Any]:
        """Returns to the first rank what each one found, in their order; to others, nothing."""
        if self.world == 1:
            return [found]
        told: list[Any] = [None] * self.world
        with _with_others():
            distributed.gather_object(found, told if self.first else None)
        return told if self.first else []

    def wait(self) -> None:
        """Waits for all ranks."""
        if self.world > 1:
            with _with_others():
                distributed.barrier()


SINGLE = Ranks()
"""The only rank of a run without ``torchrun``."""


def join_ranks(device: torch.device) -> tuple[Ranks, torch.device]:
    """Joins the ranks that ``torchrun`` started; returns them, and the GPU of this one.

    Raises:
        ConfigError: nothing carries tensors between such devices.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return SINGLE, device
    if device.type not in BACKENDS:
        raise ConfigError(f"device: torchrun cannot share a batch on {device.type}; give --device cpu, or one process")
    own = device if device.type == "cpu" else torch.device(device.type, int(os.environ["LOCAL_RANK"]))
    if own.type != "cpu":
        getattr(torch, own.type).set_device(own)
    distributed.init_process_group(BACKENDS[own.type], timeout=TIMEOUT)
    return Ranks(int(os.environ["RANK"]), world), own


def leave_ranks() -> None:
    """Ends the process group, if there is one.

    A rank on a GPU that ends by an error leaves without it: NCCL would wait for the others, whom
    ``torchrun`` ends only once this one has gone.
    """
    if (
        distributed.is_available()
        and distributed.is_initialized()
        and (_ends_in_order() or distributed.get_backend() == "gloo")
    ):
        distributed.destroy_process_group()


def _ends_in_order() -> bool:
    error = sys.exc_info()[1]
    return error is None or isinstance(error, SystemExit)
