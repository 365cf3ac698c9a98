"""Features: embeddings of faces by a frozen backbone, each computed once and kept in a file.

The file is a NumPy array with a row a face: its embedding, then a CRC-32 of that. It grows row by
row. So a kill at any moment costs the rows of one batch, and a damaged row is found.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from isal.isal_zlib import crc32

from benchmark.data.batches import BagDataset, Batch, pad_rows
from benchmark.data.face_cache import array_header
from ffpms.errors import StorageError, writing
from ffpms.locks import LOCKS, wait_for_lock
from ffpms.progress import Log
from ffpms.regular_files import open_file

_NUMBER, _SUM = np.dtype("<f4"), np.dtype("<u4")
SPARE = 64 << 20
"""Bytes of a disk that are left free."""

Face = tuple[str, bool]
"""A crop's path, and whether its mirror image is meant."""
Embed = Callable[[Sequence[Face]], Iterable[np.ndarray]]
"""Embeds faces in their order: faces -> arrays of some rows each, (n, D) float32."""


@dataclass(frozen=True, eq=False)
class Table:
    """The embeddings of the faces of some crops, and then, where there are any, of their mirror
    images.

    Shape: values (N or 2 N, D) float32; row by the crop's path.
    """

    values: np.ndarray
    row: dict[str, int]

    def rows(self, crops: Sequence[str], mirrored: bool) -> list[int]:
        """Returns the rows of crops, or of their mirror images."""
        first = len(self.row) if mirrored else 0
        return [first + self.row[crop] for crop in crops]


@dataclass(frozen=True, eq=False)
class Features:
    """The embeddings of a set's faces, a table a split; only train has those of mirror images."""

    tables: Sequence[Table]

    def __call__(self, path: str) -> np.ndarray:
        """Returns the embedding of a crop's path: (D,) float32."""
        table = self._find(path)
        found: np.ndarray = table.values[table.row[path]]
        return found

    def count(self) -> dict[str, int]:
        """Counts what there is, and the numbers of one embedding."""
        n, width = sum(len(table.row) for table in self.tables), self.tables[0].values.shape[1]
        mirrored = sum(len(table.values) for table in self.tables) - n
        size = sum(table.values.nbytes for table in self.tables)
        return {"faces": n, "mirrored": mirrored, "numbers": width, "bytes": size}

    def describe(self) -> str:
        """Says in a line what there is."""
        n = self.count()
        what = f"{n['faces']} faces and {n['mirrored']} mirror images are embedded"
        return f"{what}, {n['numbers']} numbers each, {n['bytes'] / 1e6:.0f} MB"

    def load(self, dataset: BagDataset, items: Sequence[tuple[int, ...] | int]) -> Batch:
        """Makes a batch of embeddings; whole bags are mirrored as a draw says, and none moves.

        Its bags are all of one split. What is at their padding means nothing.
        """
        drawn = [dataset.draw(item) for item in items]
        bags = [dataset.bags[one.index] for one in drawn]
        table = self._find(bags[0].crops[0])
        shown = zip(bags, drawn, strict=True)
        rows = [table.rows([bag.crops[i] for i in one.chosen], mirrored=one.move[2] > 0) for bag, one in shown]
        chosen, mask = pad_rows(rows)
        label = torch.tensor([bag.label for bag in bags], dtype=torch.float32)
        faces = torch.from_numpy(table.values[chosen.numpy()])  # np.take would copy a mapped table first
        return Batch(faces, mask, label, torch.zeros(len(drawn), 3), [one.index for one in drawn])

    def _find(self, crop: str) -> Table:
        return next(table for table in self.tables if crop in table.row)


@dataclass(frozen=True)
class FeatureFile:
    """The file of the embeddings of some faces, ``width`` numbers each; ``what`` names them.

    Of ``together`` faces embedded at a time, the last digits of each depend on the others. So all
    are made again where some are missing.
    """

    path: Path
    faces: Sequence[Face]
    width: int
    what: str = "faces"
    together: int = 1

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.faces), self.width + 1

    @property
    def _head(self) -> bytes:
        return array_header(_NUMBER.str, self._shape)

    def read(self) -> np.ndarray:
        """Maps the rows that are there and whole, up to the first that is not.

        Shape: -> (n, D) float32, n up to the number of faces.
        """
        none, head = np.empty((0, self.width), np.float32), self._head
        try:
            with open_file(self.path) as file:
                n = self._count_rows(os.fstat(file.fileno()).st_size)
                if file.read(len(head)) != head or n < 1:
                    return none
                table = np.memmap(file, _SUM, "r", len(head), (min(n, len(self.faces)), self._shape[1]))
        except FileNotFoundError:
            return none
        sums, rows = table[:, -1].tolist(), table[:, :-1]
        whole = next((i for i, row in enumerate(rows) if crc32(row) != sums[i]), len(rows))
        return rows[:whole].view(_NUMBER)

    def _count_rows(self, size: int) -> int:
        """Counts the rows for which a file of a size has room, sound or not."""
        return max(size - len(self._head), 0) // self._row_bytes

    @property
    def _row_bytes(self) -> int:
        return self._shape[1] * _SUM.itemsize

    def _fill(self, found: int, embed: Embed, log: Log) -> None:
        """Embeds what is not there yet, and writes it behind the rows that were ``found``.

        Raises:
            StorageError: the disk has no room, or refuses.
        """
        done = found - found % self.together
        with writing(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._check_room((len(self.faces) - done) * self._row_bytes)
            if self.path.is_file() and self._count_rows(self.path.stat().st_size) > found:
                log(f"{self.path}: damaged after {found} faces; what follows is embedded again")
            log(f"embedding {len(self.faces) - done} {self.what}: {self.path}")
            with self.path.open("r+b" if done else "wb") as file:
                file.write(self._head)
                file.truncate(len(self._head) + done * self._row_bytes)
                file.seek(0, os.SEEK_END)
                for part in embed(self.faces[done:]):
                    file.write(_with_sums(part))
                    file.flush()

    def _check_room(self, size: int) -> None:
        free = shutil.disk_usage(self.path.parent).free
        if size + SPARE > free:
            raise StorageError(
                f"{self.path.parent}: the embeddings need {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free; "
                "make room, give another --out, or train without --tune cached"
            )

    def open(self, embed: Embed, log: Log) -> np.ndarray:
        """Opens the whole; what is missing or damaged is embedded, by one process at a time."""
        found = self.read()
        if len(found) == len(self.faces):
            return found
        lock = self.path.parent.parent / LOCKS / f"{self.path.stem}.lock"
        with wait_for_lock(lock, lambda owner: log(f"{self.path}: {owner} is making it; waiting for that")):
            found = self.read()  # another process may have made more of it
            if len(found) < len(self.faces):
                self._fill(len(found), embed, log)
                found = self.read()
        return found


def _with_sums(rows: np.ndarray) -> bytes:
    bits = np.ascontiguousarray(rows, _NUMBER).view(_SUM)
    sums = np.array([crc32(row) for row in bits], _SUM)
    return np.column_stack([bits, sums]).tobytes()
