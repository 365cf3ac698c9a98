"""What a detector is given of a batch: faces augmented, at its size, on its device."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from detectors.backbones import Stem
from detectors.bag import Bag


class Shown(NamedTuple):
    """What a detector is shown of a batch.

    Shape: label (B,) float; boundary (B, M, S, S) in 0..1, of forgeries alone.
    """

    bag: Bag
    label: Tensor
    boundary: Tensor | None


def augment(faces: Tensor, move: Tensor) -> Tensor:
    """Random crop and horizontal flip (Li 2020, Section 4.2), the same for all faces of a bag: their motion is kept.

    Shape: faces (B, M, C, S, S), move (B, 3) -> (B, M, C, S, S).
    """
    side = faces.shape[-1]
    places = torch.arange(side, device=faces.device)
    rows, columns = ((places + (side * m[:, None]).round().long()).clamp(0, side - 1) for m in (move[:, 0], move[:, 1]))
    columns = torch.where(move[:, 2:] > 0, columns.flip(1), columns)  # (B, S)
    moved = faces.gather(3, rows[:, None, None, :, None].expand_as(faces))
    return moved.gather(4, columns[:, None, None, None, :].expand_as(faces))


def face_side(stem: Stem, stored: int, asked: int) -> int:
    """The side in px at which faces are shown to a backbone: what was asked for; else its own size, but no larger than
    the crops are stored, for enlarging adds nothing, unless it takes only that one."""
    if asked or stem.input_size is None:
        return asked or stored
    return stem.input_size if stem.fixed else min(stem.input_size, stored)


def fit_faces(bag: Bag, side: int) -> Bag:
    """The bag with faces of ``side`` px."""
    if bag.faces.shape[-1] == side:
        return bag
    flat = bag.faces.flatten(0, 1).float() / (255 if bag.faces.dtype == torch.uint8 else 1)
    resized: Tensor = interpolate(flat, size=(side, side), mode="bilinear", antialias=True)
    return Bag(resized.view(*bag.faces.shape[:3], side, side), bag.mask)
