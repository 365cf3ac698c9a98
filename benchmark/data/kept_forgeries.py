"""Kept forgeries: a data set that makes the forgeries of whole bags once for all epochs."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark.data.batches import BagDataset, Forger
from benchmark.data.face_cache import Read
from ffpms.dataset.bag import BagRecord
from ffpms.errors import StorageError
from ffpms.regular_files import check_file
from ffpms.storage import whole_file


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
        with suppress(OSError, ValueError, EOFError):  # not made yet, or damaged
            return {
                "faces": torch.from_numpy(np.load(check_file(path))),
                "label": 1,
                "index": index,
                "move": (0.0, 0.0, 0.0),
            }
        made = super().__getitem__(index)
        with suppress(OSError, StorageError):
            self.folder.mkdir(exist_ok=True)
            with whole_file(path, durable=False) as file:
                np.save(file, made["faces"].numpy())
        return made
