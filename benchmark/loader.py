"""Bags of faces, batch by batch: which of a bag's faces a step sees, and how bags make a batch."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchmark.data import BagRecord
from detectors.bag import Bag
from ffpms.errors import ManifestError
from ffpms.shards import digest

SHIFT = 0.05
"""Random crop: the face moves by up to this share of its side, the border repeated; no pixel is resampled."""


class Forger(Protocol):
    """Makes a real video's faces the ones to learn from, as a bag's label says: real (0) or self-made forgeries (1).

    Shape: faces (M, S, S, 3) uint8, the ``chosen`` of the bag -> (M, S, S, 4) uint8, the last the boundary in 0..255.
    """

    def __call__(
        self, faces: np.ndarray, bag: BagRecord, chosen: np.ndarray, draw: np.random.Generator
    ) -> np.ndarray: ...


class BagDataset(Dataset[dict[str, Any]]):
    """Decoded bags. With ``n_faces`` each epoch draws that many faces a bag, in the order of time, and augments them;
    without, all faces are taken as they are. ``forge`` makes them over."""

    def __init__(
        self,
        root: Path,
        bags: list[BagRecord],
        n_faces: int | None = None,
        seed: int = 0,
        forge: Forger | None = None,
    ) -> None:
        self.root, self.bags, self.n_faces, self.seed, self.forge = root, bags, n_faces, seed, forge
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.bags)

    def __getitem__(self, item: tuple[int, int] | int) -> dict[str, Any]:
        """``item`` is the bag, or (bag, how often it was drawn before in this epoch)."""
        index, repeat = item if isinstance(item, tuple) else (item, 0)
        bag = self.bags[index]
        draw = np.random.default_rng([self.seed, self.epoch, index, repeat])
        chosen = np.arange(len(bag.crops))
        if self.n_faces is not None:
            chosen = np.sort(draw.permutation(chosen)[: self.n_faces])
        faces = self._read(bag, chosen, draw)
        shown = faces if self.n_faces is None else _augment(faces, draw)
        return {"faces": shown[:, :3], "boundary": shown[:, 3:], "label": bag.label, "index": index}

    def _read(self, bag: BagRecord, chosen: np.ndarray, draw: np.random.Generator) -> Tensor:
        """Shape: -> (M, 3, S, S) uint8, or (M, 4, S, S) with the boundaries of a forger."""
        faces = np.stack([read_crop(self.root, bag.crops[i], bag.sha256[i]) for i in chosen])
        if self.forge is not None:
            faces = self.forge(faces, bag, chosen, draw)
        return torch.from_numpy(faces).permute(0, 3, 1, 2)


def read_crop(root: Path, path: str, sha256: str) -> np.ndarray:
    """The pixels of a crop, (S, S, 3) uint8.

    Raises:
        ManifestError: the file has gone, or is not the one that was built.
    """
    try:
        data = (root / path).read_bytes()
    except OSError:
        raise ManifestError(f"{root / path}: not found; run the same 'ffpms build' again") from None
    if digest(data) != sha256:
        folder = (root / path).parents[1]
        raise ManifestError(f"{root / path}: not the crop that was built; delete {folder} and run 'ffpms build' again")
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _augment(faces: Tensor, draw: np.random.Generator) -> Tensor:
    """Random crop and horizontal flip (Li 2020, Section 4.2), the same for all faces of a bag: their motion is kept."""
    side = faces.shape[-1]
    reach = round(SHIFT * side)
    rows, columns = (
        torch.arange(side).add(int(d)).clamp(0, side - 1) for d in draw.integers(-reach, reach + 1, size=2)
    )
    moved = faces[..., rows, :][..., columns]
    return moved.flip(-1) if draw.random() < 0.5 else moved


@dataclass(frozen=True)
class Batch:
    """A Bag, its video labels (B,) float, which records they are, and the boundaries of self-made forgeries,
    (B, M, S, S) in 0..1."""

    bag: Bag
    label: Tensor
    index: list[int]
    boundary: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        boundary = self.boundary.to(device, non_blocking=True) if self.boundary is not None else None
        return Batch(self.bag.to(device), self.label.to(device), self.index, boundary)


def collate_bags(items: list[dict[str, Any]]) -> Batch:
    """Pads the bags to the longest of the batch."""
    faces, boundary = (_pad([item[name] for item in items]) for name in ("faces", "boundary"))
    lengths = torch.tensor([len(item["faces"]) for item in items])
    mask = torch.arange(faces.shape[1]) < lengths[:, None]
    label = torch.tensor([float(item["label"]) for item in items])
    drawn = boundary[:, :, 0] / 255 if boundary.shape[2] else None
    return Batch(Bag(faces, mask), label, [item["index"] for item in items], drawn)


def _pad(images: list[Tensor]) -> Tensor:
    """Shape: [(M_i, C, S, S)] -> (B, M, C, S, S)."""
    return torch.nn.utils.rnn.pad_sequence(images, batch_first=True)


def balanced_epoch(bags: list[BagRecord], seed: int, epoch: int) -> list[tuple[int, int]]:
    """One epoch's order: each bag of the larger class once, the smaller class repeated up to the same number.

    Joint training has four fakes to one real video; without this a threshold of 0.5 would favour 'fake'.
    """
    draw = np.random.default_rng([seed, epoch])
    classes = [np.array([i for i, bag in enumerate(bags) if bag.label == y]) for y in (0, 1)]
    largest = max(map(len, classes))
    order = [(int(m), r // len(c)) for c in classes if len(c) for r, m in enumerate(_cycled(c, largest, draw))]
    return [order[i] for i in draw.permutation(len(order))]


def _cycled(members: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
    rounds = [draw.permutation(members) for _ in range(-(-count // len(members)))]
    return np.concatenate(rounds)[:count]


def load_batches(dataset: BagDataset, order: list[Any], batch_size: int, workers: int = 0) -> Iterator[Batch]:
    """Batches in the given order."""
    return iter(DataLoader(dataset, batch_size, sampler=order, collate_fn=collate_bags, num_workers=workers))
