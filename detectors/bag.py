"""Bag and Prediction: the input and the output of every detector, and packing without padding."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class Bag:
    """The faces of B videos in the order of time, padded to the longest.

    A detector whose backbone is :class:`detectors.backbones.stems.Embedded` takes their embeddings
    in place of pixels.

    Shape: faces (B, M, 3, S, S), uint8 in 0..255 or float in 0..1, or embeddings (B, M, D); mask
    (B, M) bool, True for a real face, at least one a row.

    Raises:
        ValueError: the shapes do not fit, or a row of the mask is empty.

    Example:
        >>> bag = Bag(torch.zeros(1, 2, 3, 8, 8), torch.tensor([[True, False]]))
        >>> pack(bag.faces, bag.mask).shape
        torch.Size([1, 3, 8, 8])
    """

    faces: Tensor
    mask: Tensor

    def __post_init__(self) -> None:
        if self.faces.ndim not in (3, 5) or self.faces.shape[:2] != self.mask.shape or self.mask.dtype != torch.bool:
            raise ValueError(f"a bag wants faces (B, M, 3, S, S) and mask (B, M) bool, not {tuple(self.faces.shape)}")
        if self.mask.device.type == "cpu" and not bool(self.mask.any(dim=1).all()):
            raise ValueError("a bag has no face; leave it out and score it 0.5")

    def to(self, device: torch.device) -> "Bag":
        """Moves the bag to another device."""
        return Bag(self.faces.to(device), self.mask.to(device))


class Prediction(NamedTuple):
    """Fake logits of videos and of their faces, and the weight of each face.

    Values at padding mean nothing.

    Shape: video_logit (B,); frame_logit (B, M); weight (B, M), rows sum to 1, or None if the pool
    has no weights.

    Example:
        >>> bag = detectors.Bag(torch.zeros(2, 5, 3, 64, 64), torch.ones(2, 5, dtype=torch.bool))
        >>> prediction = detectors.create("s-mil", backbone="tiny")(bag)
        >>> prediction.video_logit.shape, prediction.frame_logit.shape
        (torch.Size([2]), torch.Size([2, 5]))
    """

    video_logit: Tensor
    frame_logit: Tensor
    weight: Tensor | None


def pack(values: Tensor, mask: Tensor) -> Tensor:
    """Keeps only the real instances, so that BatchNorm never sees padding.

    Shape: values (B, M, ...), mask (B, M) with P True -> (P, ...).

    Example:
        >>> pack(torch.tensor([[1.0, 2.0]]), torch.tensor([[True, False]]))
        tensor([1.])
    """
    return values.flatten(0, 1) if mask.all() else values[mask]


def unpack(packed: Tensor, mask: Tensor) -> Tensor:
    """Inverts :func:`pack`, with zeros at padding.

    Shape: packed (P, D), mask (B, M) -> (B, M, D).

    Example:
        >>> unpack(torch.tensor([[5.0]]), torch.tensor([[True, False]])).tolist()
        [[[5.0], [0.0]]]
    """
    if len(packed) == mask.numel():
        return packed.view(*mask.shape, -1)
    values = packed.new_zeros(*mask.shape, packed.shape[-1])
    values[mask] = packed
    return values
