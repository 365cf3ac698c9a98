"""Batches of bags: draws which of a bag's faces a step sees, and pads bags to a batch."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchmark.data.face_cache import Read
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.torch_data import draw_faces, make_generator, pad_bags
from ffpms.engine import hide_main
from ffpms.errors import FfpmsError

T = TypeVar("T")
Log = Callable[[str], None]
TIMEOUT_S = 900
"""Seconds after which workers that made no batch are given up."""
SHIFT = 0.05
"""Random crop: the face moves by up to this share of its side.

The border is repeated; no pixel is resampled.
"""


class Forger(Protocol):
    """Makes a real video's faces the ones to learn from, as the bag's label says.

    They are real (0) or self-made forgeries (1).

    Shape: faces (M, S, S, 3) uint8, the ``chosen`` of the bag -> (M, S, S, 4) uint8, the last the
        boundary in 0..255.
    """

    def __call__(
        self, faces: np.ndarray, bag: BagRecord, chosen: np.ndarray, draw: np.random.Generator
    ) -> np.ndarray: ...


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

    def __len__(self) -> int:
        return len(self.bags)

    def draw_epoch(self, size: int) -> list[list[tuple[int, ...]]]:
        """Draws the batches of this epoch: of each item the bag, and how often it came before."""
        return in_batches(balanced_epoch(self.bags, self.seed, self.epoch), size)

    def __getitem__(self, item: tuple[int, ...] | int) -> dict[str, Any]:
        """Reads an item: a bag, or one that :meth:`draw_epoch` names."""
        index, *drawn = item if isinstance(item, tuple) else (item, 0)
        draw = make_generator(self.seed, self.epoch, index, *drawn)
        chosen = self._choose(index, drawn, draw)
        move = (0.0, 0.0, 0.0) if self.n_frames is None else _draw_move(draw)
        bag = self.bags[index]
        faces = np.stack([self.read(bag.crops[i]) for i in chosen])
        if self.forge is not None:
            faces = self.forge(faces, bag, chosen, draw)
        return {"faces": torch.from_numpy(faces), "label": bag.label, "index": index, "move": move}

    def _choose(self, index: int, drawn: list[int], draw: np.random.Generator) -> np.ndarray:  # noqa: ARG002
        """Returns the places of the faces that an item shows."""
        slots = self.bags[index].slots
        return np.arange(len(slots)) if self.n_frames is None else draw_faces(slots, self.n_frames, draw)


class FaceDataset(BagDataset):
    """A torch data set of which each item is one face with its video's label.

    An epoch shows every face of every bag, each with its own augmentation.
    """

    def __init__(self, read: Read, bags: list[BagRecord], seed: int = 0, forge: Forger | None = None) -> None:
        super().__init__(read, bags, 1, seed, forge)

    def draw_epoch(self, size: int) -> list[list[tuple[int, ...]]]:
        """Draws the batches of this epoch, which are equally large up to one face."""
        order = balanced_epoch(self.bags, self.seed, self.epoch)
        faces = [(*item, place) for item in order for place in range(len(self.bags[item[0]].crops))]
        mixed = np.random.default_rng([self.seed, self.epoch, 1]).permutation(len(faces))
        parts = np.array_split(mixed, -(-len(faces) // size))
        return [[faces[i] for i in part] for part in parts]

    def _choose(self, index: int, drawn: list[int], draw: np.random.Generator) -> np.ndarray:  # noqa: ARG002
        return np.array(drawn[1:])


class KeptDataset(BagDataset):
    """A torch data set of whole bags whose forgeries are made once, and kept in files of a folder.

    A forgery that cannot be kept, as on a full disk, is made anew each time.
    """

    def __init__(self, read: Read, bags: list[BagRecord], seed: int, forge: Forger, folder: Path) -> None:
        super().__init__(read, bags, None, seed, forge)
        self.folder = folder

    def __getitem__(self, item: tuple[int, ...] | int) -> dict[str, Any]:
        """Reads a bag."""
        index = item[0] if isinstance(item, tuple) else item
        if not self.bags[index].label:
            return super().__getitem__(index)
        path = self.folder / f"{index}.npy"
        with suppress(OSError, ValueError, EOFError):  # not made yet, or not written to its end
            return {"faces": torch.from_numpy(np.load(path)), "label": 1, "index": index, "move": (0.0, 0.0, 0.0)}
        made = super().__getitem__(index)
        partial = path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self.folder.mkdir(exist_ok=True)
            with partial.open("wb") as file:
                np.save(file, made["faces"].numpy())
            partial.replace(path)
        return made


def _draw_move(draw: np.random.Generator) -> tuple[float, float, float]:
    """Draws how far faces move down and right, and whether they are mirrored."""
    down, right = draw.uniform(-SHIFT, SHIFT, size=2)
    return down, right, float(draw.random() < 0.5)


@dataclass(frozen=True)
class Batch:
    """Bags as they are read, padded to the longest.

    A fourth channel of the faces is the boundary of a forgery. ``index`` says which records they
    are. ``move`` is by which share of its side a face moves down and right, and whether it is
    mirrored.

    Shape: faces (B, M, S, S, 3 or 4) uint8; mask (B, M) bool; label (B,) float; move (B, 3).
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
    classes = [np.array([i for i, bag in enumerate(bags) if bag.label == y]) for y in (0, 1)]
    largest = max(map(len, classes))
    order = [(int(m), r // len(c)) for c in classes if len(c) for r, m in enumerate(_cycled(c, largest, draw))]
    return [order[i] for i in draw.permutation(len(order))]


def _cycled(members: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
    rounds = [draw.permutation(members) for _ in range(-(-count // len(members)))]
    return np.concatenate(rounds)[:count]


def load_batches(
    dataset: BagDataset, batches: list[list[Any]], workers: int = 0, log: Log = lambda _: None
) -> Iterator[Batch]:
    """Loads the batches in the given order.

    ``workers`` processes make them. With none, the next is made while the last one is used. Where
    shared memory is full, workers hand batches over by a pipe, or none is started; ``log`` is told
    once.

    Raises:
        RuntimeError: a worker was killed, or none made a batch in ``TIMEOUT_S``.
    """
    here = DataLoader(dataset, batch_sampler=batches, collate_fn=collate_bags)
    if not workers:
        return _ahead(here)
    loader = DataLoader(dataset, batch_sampler=batches, collate_fn=_hand_over, num_workers=workers, timeout=TIMEOUT_S)
    try:
        with hide_main():  # a script without a guard would start its training again in each process
            return _receive(iter(loader), log)
    except OSError as error:
        if error.errno != errno.ENOSPC:  # not even the workers' semaphores have room
            raise
    _tell_once(log)
    return _ahead(here)


def _hand_over(items: list[dict[str, Any]]) -> Batch | dict[str, Any]:
    """Makes a batch in a worker, of tensors in shared memory; of arrays where that is full.

    torch would share them later, in a thread of the worker whose errors nobody hears.
    """
    batch = collate_bags(items)
    try:
        for tensor in (batch.faces, batch.mask, batch.label, batch.move):
            tensor.share_memory_()  # type: ignore[no-untyped-call]
    except RuntimeError:
        return {name: part.numpy() if isinstance(part, Tensor) else part for name, part in vars(batch).items()}
    return batch


def _receive(source: Iterator[Batch | dict[str, Any]], log: Log) -> Iterator[Batch]:
    """Yields the batches that workers hand over.

    Raises:
        FfpmsError: one that a worker raised, in its own words.
    """
    while True:
        try:
            made = next(source)
        except StopIteration:
            return
        except FfpmsError as error:  # torch has put the worker's traceback before it
            raise type(error)(str(error).strip().splitlines()[-1].partition(": ")[2]) from error
        if isinstance(made, dict):
            _tell_once(log)
            index = made.pop("index")
            made = Batch(**{name: torch.from_numpy(part) for name, part in made.items()}, index=index)
        yield made


@cache
def _tell_once(log: Log) -> None:
    log(
        "workers: shared memory (/dev/shm) is full; batches are handed over without it, which is slower; "
        "give more of it (docker run --shm-size 2g), or --workers 0"
    )


def in_batches(order: list[T], size: int) -> list[list[T]]:
    """Cuts an order into batches; the last may be smaller."""
    return [order[start : start + size] for start in range(0, len(order), size)]


def _ahead(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Makes the next batch in a thread of its own."""
    source = iter(batches)
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, source, None)
        while (batch := coming.result()) is not None:
            coming = thread.submit(next, source, None)
            yield batch
