"""Cache of decoded faces: reads, checks and decodes each crop of a built set once.

A crop is compared with its hash.
"""

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.crops import read_crop
from ffpms.errors import writing
from ffpms.hashing import digest
from ffpms.schema import WITH_PIXELS

SHARE = 0.5
"""The largest share of a disk's free space that a store takes."""

Read = Callable[[str], np.ndarray]
"""Reads a crop: its path -> its pixels, (S, S, 3) uint8."""


@dataclass(frozen=True)
class CropReader:
    """Decodes a crop whenever it is read, and compares it with its hash."""

    root: Path
    sha256: dict[str, str]

    def __call__(self, path: str) -> np.ndarray:
        """Returns the face of a crop's path: (S, S, 3) uint8."""
        return read_crop(self.root, path, self.sha256[path])


@dataclass(frozen=True)
class FaceStore:
    """Faces in one array, which may be larger than memory: the system keeps the parts in use.

    Processes that load batches are sent the store's path, and none of its faces.

    Shape: faces (N, S, S, 3) uint8; row by path.
    """

    faces: np.ndarray
    row: dict[str, int]

    def read(self, path: str) -> np.ndarray:
        """Returns the face of a crop's path: (S, S, 3) uint8."""
        face: np.ndarray = self.faces[self.row[path]]
        return face

    @classmethod
    def open(cls, path: str | Path, row: dict[str, int]) -> "FaceStore":
        """Opens the store in a file."""
        return cls(np.load(path, mmap_mode="r"), row)

    def __reduce__(self) -> tuple[Callable[..., "FaceStore"], tuple[object, ...]]:
        if isinstance(self.faces, np.memmap):
            return FaceStore.open, (self.faces.filename, self.row)
        return FaceStore, (self.faces, self.row)


def open_faces(
    data: BuiltSet,
    folder: Path | None,
    threads: int = 1,
    progress: Callable[[Iterable[int], int], Iterable[int]] = lambda items, _: items,
    log: Callable[[str], None] = lambda _: None,
) -> Read:
    """Opens the faces of a set, from a store in ``folder`` that the first call makes.

    Without a folder, or with too little room, each crop is decoded whenever it is read.

    Raises:
        ManifestError: a crop has gone, or is not the one that was built.
    """
    crops = data.crops[data.crops["status"].isin(WITH_PIXELS)].drop_duplicates("crop")
    sha256 = dict(zip(crops["crop"], crops["sha256"], strict=True))
    shape = (len(sha256), data.side, data.side, 3)
    if folder is None:
        return CropReader(data.root, sha256)
    path = folder / f"faces-{_identity(sha256)}.npy"
    if not path.is_file():
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if np.prod(shape) > SHARE * shutil.disk_usage(folder).free:
                log(f"{folder}: no room for {np.prod(shape) / 1e9:.1f} GB of decoded faces; they are decoded each time")
                return CropReader(data.root, sha256)
            log(f"decoding {shape[0]} faces, {np.prod(shape) / 1e6:.0f} MB, once for all runs: {path}")
            _fill(path, shape, data.root, sha256, threads, progress)
    return FaceStore.open(path, {crop: i for i, crop in enumerate(sha256)}).read


def _identity(sha256: dict[str, str]) -> str:
    """Returns the store's name, a hash of its crops: all mixes of the same faces share one."""
    return digest("\n".join(f"{path} {sha}" for path, sha in sha256.items()).encode())[:12]


def _fill(
    path: Path,
    shape: tuple[int, ...],
    root: Path,
    sha256: dict[str, str],
    threads: int,
    progress: Callable[[Iterable[int], int], Iterable[int]],
) -> None:
    """Writes the store in one step: a reader sees none or the whole."""
    partial = path.with_suffix(".partial")
    faces = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
    crops = list(sha256.items())

    def decode(i: int) -> int:
        faces[i] = read_crop(root, *crops[i])
        return i

    with ThreadPoolExecutor(threads) as pool:
        for _ in progress(pool.map(decode, range(len(crops))), len(crops)):
            pass
    faces.flush()
    partial.replace(path)
