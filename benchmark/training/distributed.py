"""Ranks: the processes that ``torchrun`` starts, one a GPU, which share the batches of a training run."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import distributed, nn

PATIENCE = timedelta(hours=12)
"""The others wait so long while the first scores a split."""


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this one is. Each computes its share of every batch; the gradients are added."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether it is the one that selects, scores and writes."""
        return self.rank == 0

    def share(self, batches: list[list[Any]]) -> list[list[Any]]:
        """This rank's part of every batch; a last one too small for all is left out."""
        return [batch[self.rank :: self.world] for batch in batches if len(batch) >= self.world]

    def add_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Makes every rank's gradients the sum of all ranks'."""
        if self.world > 1:
            for parameter in parameters:
                if parameter.requires_grad:
                    if parameter.grad is None:
                        parameter.grad = torch.zeros_like(parameter)
                    distributed.all_reduce(parameter.grad)

    def agree(self, module: nn.Module) -> None:
        """Gives every rank the first one's weights and statistics."""
        if self.world > 1:
            for tensor in module.state_dict().values():
                distributed.broadcast(tensor, 0)

    def wait(self) -> None:
        """Until all ranks are here."""
        if self.world > 1:
            distributed.barrier()


ALONE = Ranks()


def join_ranks(device: torch.device) -> tuple[Ranks, torch.device]:
    """The ranks that ``torchrun`` made, and this one's own GPU; alone where there are none."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return ALONE, device
    own = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if device.type == "cuda" else device
    if own.type == "cuda":
        torch.cuda.set_device(own)
    distributed.init_process_group("nccl" if own.type == "cuda" else "gloo", timeout=PATIENCE)
    return Ranks(int(os.environ["RANK"]), world), own
