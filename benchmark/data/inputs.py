"""Makes a detector's input from a batch: faces augmented, at its size, on its device."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from benchmark.data.batches import Batch
from detectors.backbones import Stem
from detectors.bag import Bag


class ModelInput(NamedTuple):
    """A batch as a detector takes it.

    Shape: label (B,) float; boundary (B, M, S, S) in 0..1, of pseudo-fakes alone.
    """

    bag: Bag
    label: Tensor
    boundary: Tensor | None


def make_input(batch: Batch, stem: Stem, input_size: int, device: torch.device) -> ModelInput:
    """Puts a batch on a device, augments it, and resizes its faces for the backbone.

    Embeddings are taken as they are.
    """
    if batch.faces.ndim == 3:
        return ModelInput(Bag(batch.faces, batch.mask).to(device), batch.label.to(device), None)
    faces = batch.faces.to(device).permute(0, 1, 4, 2, 3)  # (B, M, C, S, S)
    if batch.move.any():
        faces = augment(faces, batch.move.to(device))
    bag = Bag(faces[:, :, :3], batch.mask.to(device))
    boundary = faces[:, :, 3] / 255 if faces.shape[2] > 3 else None
    side = face_side(stem, faces.shape[-1], input_size)
    return ModelInput(fit_faces(bag, side), batch.label.to(device), boundary)


def augment(faces: Tensor, move: Tensor) -> Tensor:
    """Crops and flips faces at random (Li 2020, Section 4.2).

    All faces of a bag get the same, so that their motion is kept.

    Shape: faces (B, M, C, S, S), move (B, 3) -> (B, M, C, S, S).
    """
    side = faces.shape[-1]
    places = torch.arange(side, device=faces.device)
    rows, columns = ((places + (side * m[:, None]).round().long()).clamp(0, side - 1) for m in (move[:, 0], move[:, 1]))
    columns = torch.where(move[:, 2:] > 0, columns.flip(1), columns)  # (B, S)
    moved = faces.gather(3, rows[:, None, None, :, None].expand_as(faces))
    return moved.gather(4, columns[:, None, None, None, :].expand_as(faces))


def face_side(stem: Stem, stored: int, asked: int) -> int:
    """Returns the side in px at which faces are shown to a backbone.

    It is what was asked for; else the backbone's own size. That is at most the side of the stored
    crops, for enlarging adds nothing, unless the backbone takes only one size.
    """
    if asked or stem.input_size is None:
        return asked or stored
    return stem.input_size if stem.fixed else min(stem.input_size, stored)


def fit_faces(bag: Bag, side: int) -> Bag:
    """Resizes the faces of a bag to ``side`` px."""
    if bag.faces.shape[-1] == side:
        return bag
    flat = bag.faces.flatten(0, 1).float() / (255 if bag.faces.dtype == torch.uint8 else 1)
    resized: Tensor = interpolate(flat, size=(side, side), mode="bilinear", antialias=True)
    return Bag(resized.view(*bag.faces.shape[:3], side, side), bag.mask)
