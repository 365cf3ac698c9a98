"""Batches of bags: draws which of a bag's faces a step sees, and pads bags to a batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from benchmark.data.face_cache import Read
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.torch_data import draw_frames, faces_of_frames, make_generator, pad_bags

T = TypeVar("T")
SHIFT = 0.05
"""Random crop: the face moves by up to this share of its side.

The border is repeated; no pixel is resampled.
"""


Move = tuple[float, float, float]
"""By which share of its side a face moves down and right, and whether it is mirrored (0 or 1)."""


class Forger(Protocol):
    """Makes a real video's faces the ones to learn from, as the bag's label says.

    They are real (0) or self-made forgeries (1).

    Shape: faces (M, S, S, 3) uint8, the ``chosen`` of the bag -> (M, S, S, 4) uint8, the last the
        boundary in 0..255.
    """

    def __call__(
        self, faces: np.ndarray, bag: BagRecord, chosen: np.ndarray, draw: np.random.Generator
    ) -> np.ndarray: ...


@dataclass(frozen=True)
class Drawn:
    """What an item shows: a bag, the places of its chosen faces, and how they move.

    ``generator`` gives the one that draws how they are forged.
    """

    index: int
    chosen: Sequence[int] | np.ndarray
    move: Move
    generator: Callable[[], np.random.Generator]


class BagDataset(Dataset[dict[str, Any]]):
    """A torch data set of bags of decoded faces.

    With ``n_frames`` each epoch draws that many frames a bag, in the order of time, and how to
    augment their faces. Without, all faces are taken as they are. ``forge`` turns them into
    forgeries.
    """

    def __init__(
        self,
        read: Read,
        bags: list[BagRecord],
        n_frames: int | None = None,
        seed: int = 0,
        forge: Forger | None = None,
    ) -> None:
        self.read, self.bags, self.n_frames, self.seed, self.forge = read, bags, n_frames, seed, forge
        self.epoch = 0
        self._drawn: tuple[int, list[np.ndarray], list[Move]] = (-1, [], [])

    def __len__(self) -> int:
        return len(self.bags)

    def draw_epoch(self, size: int) -> list[list[tuple[int, ...]]]:
        """Draws the batches of this epoch: of each item the bag, and how often it came before."""
        return in_batches(balanced_epoch(self.bags, self.seed, self.epoch), size)

    def draw(self, item: tuple[int, ...] | int) -> Drawn:
        """Draws what an item shows: a bag, or one that :meth:`draw_epoch` names."""
        index, repeat = item if isinstance(item, tuple) else (item, 0)
        slots, generator = self.bags[index].slots, self._generator(index, repeat)
        if self.n_frames is None:
            return Drawn(index, range(len(slots)), (0.0, 0.0, 0.0), generator)
        frames, moves = self._draw_all(self.n_frames)
        number = repeat * len(self.bags) + index
        return Drawn(index, faces_of_frames(slots, frames[number]), moves[number], generator)

    def _draw_all(self, n_frames: int) -> tuple[list[np.ndarray], list[Move]]:
        """Draws the frames and moves of this epoch, of all bags as often as they may come.

        A generator a bag takes as long as a step of a head does.
        """
        epoch, frames, moves = self._drawn
        if epoch != self.epoch:
            draw, n = make_generator(self.seed, self.epoch), rounds(self.bags) * len(self.bags)
            frames = draw_frames([bag.slots for bag in self.bags] * rounds(self.bags), n_frames, draw)
            moves = _draw_moves(draw, n)
            self._drawn = (self.epoch, frames, moves)
        return frames, moves

    def _generator(self, *item: int) -> Callable[[], np.random.Generator]:
        seeds = (self.seed, self.epoch, *item)
        return lambda: make_generator(*seeds)

    def __getitem__(self, item: tuple[int, ...] | int) -> dict[str, Any]:
        """Reads an item: a bag, or one that :meth:`draw_epoch` names."""
        drawn = self.draw(item)
        bag = self.bags[drawn.index]
        faces = np.stack([self.read(bag.crops[i]) for i in drawn.chosen])
        if self.forge is not None:
            faces = self.forge(faces, bag, np.asarray(drawn.chosen), drawn.generator())
        return {"faces": torch.from_numpy(faces), "label": bag.label, "index": drawn.index, "move": drawn.move}


class FaceDataset(BagDataset):
    """A torch data set of which each item is one face with its video's label.

    An epoch shows every face of every bag, each with its own augmentation.
    """

    def __init__(self, read: Read, bags: list[BagRecord], seed: int = 0, forge: Forger | None = None) -> None:
        super().__init__(read, bags, 1, seed, forge)
        self._moves: list[Move] = []

    def draw_epoch(self, size: int) -> list[list[tuple[int, ...]]]:
        """Draws the batches of this epoch, which are equally large up to one face.

        Of each face they have the bag, how often it came before, the face's place, and its number.
        """
        order = balanced_epoch(self.bags, self.seed, self.epoch)
        faces = [(*item, place) for item in order for place in range(len(self.bags[item[0]].crops))]
        draw = make_generator(self.seed, self.epoch)
        parts = np.array_split(draw.permutation(len(faces)), -(-len(faces) // size))
        self._moves = _draw_moves(draw, len(faces))
        return [[(*faces[i], i) for i in part.tolist()] for part in parts]

    def draw(self, item: tuple[int, ...] | int) -> Drawn:
        """Draws what an item of :meth:`draw_epoch` shows."""
        if isinstance(item, int):
            raise TypeError("a face is named by draw_epoch")
        index, repeat, place, number = item
        return Drawn(index, [place], self._moves[number], self._generator(index, repeat, place))


def pad_rows(bags: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Pads the rows of bags' faces to the longest with row 0, as :func:`pad_bags` pads the faces.

    Shape: each (M_i,) -> (B, M) int, (B, M) bool.
    """
    rows = np.array(list(zip_longest(*bags, fillvalue=0)), np.int64).T
    lengths = np.array([len(bag) for bag in bags])
    return torch.from_numpy(rows), torch.from_numpy(np.arange(rows.shape[1]) < lengths[:, None])


def _draw_moves(draw: np.random.Generator, n: int) -> list[Move]:
    """Draws how far faces move down and right, and whether they are mirrored, ``n`` times."""
    shifts, mirrored = draw.uniform(-SHIFT, SHIFT, size=(n, 2)).tolist(), (draw.random(n) < 0.5).tolist()
    return [(down, right, float(turned)) for (down, right), turned in zip(shifts, mirrored, strict=True)]


@dataclass(frozen=True)
class Batch:
    """Bags as they are read, padded to the longest.

    A fourth channel of the faces is the boundary of a forgery. ``index`` says which records they
    are. ``move`` is by which share of its side a face moves down and right, and whether it is
    mirrored. Embeddings of faces are of faces that have moved already.

    Shape: faces (B, M, S, S, 3 or 4) uint8, or embeddings (B, M, D) float; mask (B, M) bool; label
    (B,) float; move (B, 3).
    """

    faces: Tensor
    mask: Tensor
    label: Tensor
    move: Tensor
    index: list[int]

    def __len__(self) -> int:
        return len(self.index)

    def part(self, start: int, stop: int) -> "Batch":
        """Returns some of its bags."""
        rows = slice(start, stop)
        return Batch(self.faces[rows], self.mask[rows], self.label[rows], self.move[rows], self.index[rows])


def collate_bags(items: list[dict[str, Any]]) -> Batch:
    """Pads the bags to the longest of the batch."""
    faces, mask = pad_bags([item["faces"] for item in items])
    label, move = (torch.tensor([item[name] for item in items], dtype=torch.float32) for name in ("label", "move"))
    return Batch(faces, mask, label, move, [item["index"] for item in items])


def balanced_epoch(bags: list[BagRecord], seed: int, epoch: int) -> list[tuple[int, ...]]:
    """Draws an epoch's order, in which both classes are as frequent.

    Each bag of the larger class comes once. The smaller class is repeated up to the same number.
    Joint training has four fakes to one real video; without this a threshold of 0.5 would favour
    'fake'.
    """
    draw = np.random.default_rng([seed, epoch])
    classes = _classes(bags)
    largest = max(map(len, classes))
    order = [(int(m), r // len(c)) for c in classes if len(c) for r, m in enumerate(_cycled(c, largest, draw))]
    return [order[i] for i in draw.permutation(len(order))]


def rounds(bags: list[BagRecord]) -> int:
    """Returns how often an epoch shows a bag at most."""
    sizes = [len(members) for members in _classes(bags) if len(members)]
    return -(-max(sizes) // min(sizes))


def _classes(bags: list[BagRecord]) -> list[np.ndarray]:
    return [np.array([i for i, bag in enumerate(bags) if bag.label == y]) for y in (0, 1)]


def _cycled(members: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
    rounds = [draw.permutation(members) for _ in range(-(-count // len(members)))]
    return np.concatenate(rounds)[:count]


def in_batches(order: list[T], size: int) -> list[list[T]]:
    """Cuts an order into batches; the last may be smaller."""
    return [order[start : start + size] for start in range(0, len(order), size)]
