"""Bags as a torch data set: draws frames and pads bags to batches.

The one module of ``ffpms`` that knows torch. A call of :meth:`ffpms.BuiltSet.torch` imports it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from ffpms.checks import whole
from ffpms.dataset.bag import BagRecord


def make_generator(seed: int, epoch: int, *item: int) -> np.random.Generator:
    """Makes the generator of an epoch's draws, or of those that forge one of its items.

    An item is a bag, how often the epoch has shown it before, and, of single faces, the place.
    """
    return np.random.default_rng([seed, epoch, 1 + len(item), *item])  # numpy takes [0, 1] and [0, 1, 0] for the same


def draw_frames(slots: Sequence[Sequence[int]], n_drawn: int, generator: np.random.Generator) -> list[np.ndarray]:
    """Draws up to ``n_drawn`` of the frames of each bag.

    ``slots`` has the frame of each face of each bag. More bags after these change no draw,
    if none has more frames than any of these.

    Shape: slots N times (M_i,) -> N times (min(F_i, n_drawn),) int, in order; F_i counts a bag's
        frames that have a face.

    Example:
        >>> bags, generator = [[0, 0, 4], [1, 2, 3, 5]], np.random.default_rng(0)
        >>> [frames.tolist() for frames in draw_frames(bags, 3, generator)]
        [[0, 1], [0, 2, 3]]
    """
    counts = np.array([len(set(faces)) for faces in slots])
    keys = generator.random((len(counts), int(counts.max())))
    keys[np.arange(keys.shape[1]) >= counts[:, None]] = 1  # no frame: behind all that there are
    drawn = np.sort(np.argsort(keys, axis=1)[:, :n_drawn], axis=1)
    return [row[:count] for row, count in zip(drawn, counts.tolist(), strict=True)]


def faces_of_frames(slots: Sequence[int], frames: np.ndarray) -> np.ndarray:
    """Returns the places of all faces in some of a bag's frames.

    A frame of several people is drawn as one, since only one of them may be fake. ``slots`` has the
    frame of each face, in the order of time.

    Shape: slots (M,), frames (F,) int, in order -> (K,) int, in order; K is F with one face a
        frame.

    Example:
        >>> faces_of_frames([0, 0, 1, 1, 2, 2], np.array([0, 2])).tolist()
        [0, 1, 4, 5]
    """
    distinct = list(dict.fromkeys(slots))
    if len(distinct) == len(slots):
        return frames
    shown = {distinct[i] for i in frames}
    return np.flatnonzero([slot in shown for slot in slots])


def pad_bags(bags: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Pads bags to the longest with zeros; the mask is True where a bag has a face.

    Shape: each (M_i, ...) -> (B, M, ...), (B, M) bool.
    """
    padded = pad_sequence(list(bags), batch_first=True)
    lengths = torch.tensor([len(bag) for bag in bags])
    return padded, torch.arange(padded.shape[1]) < lengths[:, None]


class TorchBags(Dataset[dict[str, Any]]):
    """The bags that have a face, as a torch data set.

    With ``frames`` each epoch draws that many frames of a bag, with all their faces; without, all
    are taken.
    """

    def __init__(self, bags: Sequence[BagRecord], frames: int | None, seed: int) -> None:
        self.frames = None if frames is None else whole("frames", frames, low=1)
        self.seed = whole("seed", seed, low=0)
        self.bags = [bag for bag in bags if bag.crops]
        self._epoch = torch.zeros((), dtype=torch.int64)
        self._epoch.share_memory_()  # type: ignore[no-untyped-call]  # workers that live on see it change
        self._drawn: tuple[int, list[np.ndarray]] = (-1, [])

    @property
    def epoch(self) -> int:
        """The epoch whose faces are drawn."""
        return int(self._epoch)

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch whose faces are drawn; call it before the loader begins the epoch.

        A loader's ``persistent_workers`` see it too.

        Raises:
            ConfigError: it is no whole number from 0 up.
        """
        self._epoch.fill_(whole("epoch", epoch, low=0))

    def __len__(self) -> int:
        return len(self.bags)

    def __getitem__(self, index: int) -> dict[str, Any]:
        bag = self._draw(range(len(self.bags))[index])  # -1 is the last
        return {
            "faces": torch.from_numpy(bag.faces()).permute(0, 3, 1, 2),
            "label": bag.label,
            "frame_labels": torch.tensor(bag.frame_labels, dtype=torch.float32),
            "bag_id": bag.bag_id,
        }

    def _draw(self, index: int) -> BagRecord:
        """Returns the bag with the faces that this epoch shows."""
        bag = self.bags[index]
        if self.frames is None:
            return bag
        if self._drawn[0] != self.epoch:
            generator = make_generator(self.seed, self.epoch)
            self._drawn = (self.epoch, draw_frames([one.slots for one in self.bags], self.frames, generator))
        shown = faces_of_frames(bag.slots, self._drawn[1][index])
        return bag.with_faces(bag.instances[i] for i in shown)


def collate(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Makes a batch of bags.

    Shape: faces (B, M, 3, S, S) uint8; mask (B, M) bool, True for a face; label (B,) float;
        frame_labels (B, M) float, 0 at padding; bag_id: B names.
    """
    faces, mask = pad_bags([item["faces"] for item in items])
    frame_labels, _ = pad_bags([item["frame_labels"] for item in items])
    label = torch.tensor([item["label"] for item in items], dtype=torch.float32)
    names = [item["bag_id"] for item in items]
    return {"faces": faces, "mask": mask, "label": label, "frame_labels": frame_labels, "bag_id": names}
