"""Cache of decoded faces: reads, checks and decodes each crop of a built set once.

A crop is compared with its hash, and a stored face with its checksum whenever it is read
(docs/adr/0024-locks-and-checksums.md).
"""

import io
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from isal.isal_zlib import crc32

from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.crops import read_crop
from ffpms.errors import writing
from ffpms.hashing import digest
from ffpms.locks import LOCKS, wait_for_lock
from ffpms.progress import Log, Progress, not_shown
from ffpms.regular_files import open_file
from ffpms.schema import WITH_PIXELS
from ffpms.storage import remove_partial, whole_file

SHARE = 0.5
"""The largest share of a disk's free space that a store takes."""
AHEAD = 256
"""Number of faces that are decoded before the first of them must be written."""
_SUM = np.dtype("<u4")

Read = Callable[[str], np.ndarray]
"""Reads a crop: its path -> its pixels, (S, S, 3) uint8."""


@dataclass(frozen=True)
class CropFiles:
    """The crops of a set in ``root``, each decoded and compared with its hash whenever it is read.

    ``sha256`` is by path, and ``side`` the crops' size.
    """

    root: Path
    sha256: dict[str, str]
    side: int

    @classmethod
    def of(cls, data: BuiltSet, split: str = "") -> Self:
        """Names the crops of a set, or of a split's videos."""
        chosen = data.crops[data.crops["status"].isin(WITH_PIXELS)].drop_duplicates("crop")
        if split:
            videos = data.sources.loc[data.sources["split"] == split, "source_video"]
            chosen = chosen[chosen["source_video"].isin(videos)]
        return cls(data.root, dict(zip(chosen["crop"], chosen["sha256"], strict=True)), data.side)

    @property
    def n_bytes(self) -> int:
        """The size of all faces, decoded."""
        return len(self.sha256) * self.side**2 * 3

    def read(self, path: str) -> np.ndarray:
        """Returns the face of a crop's path: (S, S, 3) uint8."""
        return read_crop(self.root, path, self.sha256[path], self.side)


@dataclass(frozen=True, eq=False)
class FaceStore:
    """Faces in one file, which may be larger than memory: the system keeps the parts in use.

    The file is a NumPy array, then a CRC-32 of each face, then one of these. A face that is no
    longer what was stored is decoded from its crop, and the file is marked for the next run.

    Shape: faces (N, S, S, 3) uint8; sums of N; row by path.
    """

    path: Path
    crops: CropFiles
    faces: np.ndarray
    sums: list[int]
    row: dict[str, int]
    log: Log = lambda _: None
    _told: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, crops: CropFiles, log: Log = lambda _: None) -> Self | None:
        """Opens the store of these crops, if it is there and whole as far as its length tells."""
        n, head = len(crops.sha256), array_header("|u1", _shape(crops))
        end = len(head) + crops.n_bytes
        try:
            with open_file(path) as file:
                length, start = os.fstat(file.fileno()).st_size, file.read(len(head))
                file.seek(end)
                sums = np.frombuffer(file.read(), _SUM) if length == end + (n + 1) * _SUM.itemsize else np.zeros(0)
                if not len(sums) or start != head or crc32(sums[:-1]) != sums[-1] or _mark(path).exists():
                    return None
                faces = np.memmap(file, np.uint8, "r", len(head), (n, crops.side, crops.side, 3))
        except (FileNotFoundError, IsADirectoryError):
            return None
        return cls(path, crops, faces, sums[:-1].tolist(), {crop: i for i, crop in enumerate(crops.sha256)}, log)

    def read(self, path: str) -> np.ndarray:
        """Returns the face of a crop's path: (S, S, 3) uint8."""
        row = self.row[path]
        face: np.ndarray = self.faces[row]
        if crc32(face) == self.sums[row]:
            return face
        if not self._told:
            self._told.append(path)
            self.log(f"{self.path}: damaged; such faces are decoded from their crops, and the next run makes it again")
            with suppress(OSError):  # a folder that cannot be written to; the faces are right nevertheless
                _mark(self.path).touch()
        return self.crops.read(path)

    def __reduce__(self) -> tuple[Any, ...]:
        """Hands the store to another process by its path."""
        return _open_again, (self.path, self.crops)


def _open_again(path: Path, crops: CropFiles) -> FaceStore | CropFiles:
    """Opens a store in another process; if it has gone meanwhile, crops are decoded."""
    return FaceStore.open(path, crops) or crops


def open_faces(
    data: BuiltSet,
    folder: Path | None,
    threads: int = 1,
    progress: Progress = not_shown,
    log: Log = lambda _: None,
) -> Read:
    """Opens the faces of a set, from a store in ``folder`` that the first call makes.

    Without a folder, or with too little room, each crop is decoded whenever it is read. A store
    that another process is making is waited for. One that is damaged is made again.

    Raises:
        ManifestError: a crop has gone, or is not the one that was built.
        StorageError: the folder cannot be written to.
    """
    crops = CropFiles.of(data)
    if folder is None:
        return crops.read
    path = folder / f"faces-{_identity(crops.sha256)}.npy"
    if store := FaceStore.open(path, crops, log):
        return store.read
    lock = folder.parent / LOCKS / f"{path.stem}.lock"
    with wait_for_lock(lock, lambda owner: log(f"{path}: {owner} is making it; waiting for that")):
        store = FaceStore.open(path, crops, log)
        if not store and _make_room(path, crops.n_bytes, log):
            log(f"decoding {len(crops.sha256)} faces, {crops.n_bytes / 1e6:.0f} MB, once for all runs: {path}")
            _fill(path, crops, threads, progress)
            store = FaceStore.open(path, crops, log)
    return (store or crops).read


def _identity(sha256: dict[str, str]) -> str:
    """Returns the store's name, a hash of its crops: all mixes of the same faces share one."""
    return digest("\n".join(f"{path} {sha}" for path, sha in sha256.items()).encode())[:12]


def _mark(path: Path) -> Path:
    """Names the file that says that a store was found to be damaged."""
    return path.with_suffix(".damaged")


def _make_room(path: Path, size: int, log: Log) -> bool:
    """Removes what is left of an earlier store; returns whether there is room for a new one."""
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            log(f"{path}: damaged, or of another version; it is made again")
        path.unlink(missing_ok=True)
        _mark(path).unlink(missing_ok=True)
        remove_partial(path.parent, f"{path.stem}*")
        if size <= SHARE * shutil.disk_usage(path.parent).free:
            return True
    log(f"{path.parent}: no room for {size / 1e9:.1f} GB of decoded faces; they are decoded each time")
    return False


def _fill(path: Path, crops: CropFiles, threads: int, progress: Progress) -> None:
    """Writes the store in one step: a reader sees none or the whole."""
    with whole_file(path) as file:
        file.write(array_header("|u1", _shape(crops)))
        sums: list[int] = []
        for _ in progress(_write_faces(file, crops, threads, sums), len(crops.sha256)):
            pass
        table = np.array(sums, _SUM)
        file.write(table.tobytes() + np.array([crc32(table)], _SUM).tobytes())


def _write_faces(file: BinaryIO, crops: CropFiles, threads: int, sums: list[int]) -> Iterator[int]:
    """Writes the faces in their order, and adds the sum of each to ``sums``; yields its number."""
    paths = list(crops.sha256)
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(paths), AHEAD):
            for face in pool.map(crops.read, paths[start : start + AHEAD]):
                file.write(data := face.tobytes())
                sums.append(crc32(data))
                yield len(sums)


def _shape(crops: CropFiles) -> tuple[int, ...]:
    return len(crops.sha256), crops.side, crops.side, 3


def array_header(kind: str, shape: tuple[int, ...]) -> bytes:
    """Returns the first bytes of a NumPy file of an array."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": kind, "fortran_order": False, "shape": shape})
    return head.getvalue()
