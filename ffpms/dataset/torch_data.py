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


def make_generator(seed: int, epoch: int, index: int, repeat: int = 0, *face: int) -> np.random.Generator:
    """Makes the generator of a bag's random numbers in an epoch, or of one face's.

    ``repeat`` counts how often the epoch has shown the bag before.
    """
    return np.random.default_rng([seed, epoch, index, repeat, *face])


def draw_faces(slots: Sequence[int], n_drawn: int, generator: np.random.Generator) -> np.ndarray:
    """Draws up to ``n_drawn`` of a bag's frames and returns the places of all faces in them.

    ``slots`` has the frame of each face, in the order of time. A frame of several people is drawn
    as one, since only one of them may be fake. With one face a frame this draws faces.

    Shape: slots (M,) -> (K,) int, in order; K is min(M, n_drawn) with one face a frame.

    Example:
        >>> draw_faces([0, 0, 1, 1, 2, 2], 2, np.random.default_rng(0)).tolist()
        [0, 1, 4, 5]
    """
    distinct = list(dict.fromkeys(slots))
    places = generator.permutation(len(distinct))[:n_drawn]
    if len(distinct) == len(slots):
        return np.sort(places)
    drawn = {distinct[i] for i in places}
    return np.flatnonzero([slot in drawn for slot in slots])


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
        drawn = draw_faces(bag.slots, self.frames, make_generator(self.seed, self.epoch, index))
        return bag.with_faces(bag.instances[i] for i in drawn)


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
