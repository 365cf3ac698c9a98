"""Random bags: faces, bags and batches on which the laws of detectors are tested."""

import torch
from torch import Tensor

from detectors.bag import Bag

_SIDE = 32


def make_faces(count: int, seed: int = 0) -> Tensor:
    """Makes random faces.

    Shape: -> (count, 3, 32, 32) in 0..1.
    """
    return torch.rand(count, 3, _SIDE, _SIDE, generator=torch.Generator().manual_seed(seed))


def make_bag(*members: Tensor, padding: int = 0, filler: float = 0.0) -> Bag:
    """Makes the bag of some videos' faces, padded with ``filler``.

    It has ``padding`` more places than the longest needs.

    Shape: members (M_i, 3, S, S) -> faces (B, max M_i + padding, 3, S, S).
    """
    longest = max(map(len, members)) + padding
    faces = torch.full((len(members), longest, *members[0].shape[1:]), filler)
    mask = torch.zeros(len(members), longest, dtype=torch.bool)
    for row, member in enumerate(members):
        faces[row, : len(member)], mask[row, : len(member)] = member, True
    return Bag(faces, mask)


def make_training_batch() -> tuple[Bag, Tensor, Tensor]:
    """Makes what a detector learns from: a batch of two bags, their labels and boundaries."""
    batch, label = make_bag(make_faces(4), make_faces(3, seed=1)), torch.tensor([0.0, 1.0])
    drawn = torch.rand(2, 4, _SIDE, _SIDE, generator=torch.Generator().manual_seed(2))
    return batch, label, drawn * label[:, None, None, None]
