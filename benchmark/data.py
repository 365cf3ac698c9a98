"""A built set as bags of faces: which rows make a bag, which of its faces a step sees, and how bags make a batch."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from detectors.bag import Bag
from ffpms.config import restore
from ffpms.errors import ManifestError
from ffpms.folder import read_report
from ffpms.recipe import Recipe
from ffpms.remix import redraw
from ffpms.schema import CROP, FRAME, VIDEO, WITH_PIXELS, read_table
from ffpms.shards import digest

_TABLES = {"videos": VIDEO, "frames": FRAME, "crops": CROP}

SHIFT = 0.05
"""Random crop: the face moves by up to this share of its side, the border repeated; no pixel is resampled."""


@dataclass(frozen=True)
class BagRecord:
    """One bag's rows: what is known of the video, and its faces in the order of time (none if there was no face)."""

    bag_id: str
    manipulation: str
    pair_id: str
    label: int
    fake_rate: float
    status: str
    slots: tuple[int, ...]
    frame_labels: tuple[int, ...]
    crops: tuple[str, ...]
    sha256: tuple[str, ...]


@dataclass(frozen=True)
class BuiltSet:
    """What ``ffpms build`` wrote, read once."""

    root: Path
    name: str
    recipe: Recipe
    sha256: str
    videos: pd.DataFrame
    frames: pd.DataFrame
    crops: pd.DataFrame

    @classmethod
    def load(cls, root: Path) -> "BuiltSet":
        """Reads a finished set.

        Raises:
            ManifestError: there is none, it is not finished, or a table is damaged.
        """
        about = read_report(root)
        if not about["complete"]:
            raise ManifestError(f"{root}: the build is not finished; run the same 'ffpms build' again")
        tables = {name: read_table(root / f"{name}.parquet", schema) for name, schema in _TABLES.items()}
        content = [digest((root / f"{name}.parquet").read_bytes()) for name in _TABLES]
        if content != [about["sha256"].get(f"{name}.parquet") for name in _TABLES]:
            raise ManifestError(f"{root}: a table is not what was built; run the same 'ffpms build' again to mend it")
        recipe = restore(Recipe, about["config"]["recipe"])
        return cls(root, about["dataset"], recipe, digest("".join(content).encode()), **tables)

    def bags(self, split: str, manipulations: tuple[str, ...], seed: int | None = None) -> list[BagRecord]:
        """The originals and the named manipulations of a split; training bags take a seed for their own draw of which
        frames are replaced."""
        wanted = self.videos["manipulation"].isin(["original", *manipulations]) & (self.videos["split"] == split)
        videos = self.videos[wanted]
        frames = self.frames[self.frames["bag_id"].isin(videos["bag_id"])]
        if seed is not None:
            frames = redraw(videos, frames, self.crops, self.recipe, seed)
        usable = frames[frames["status"].isin(WITH_PIXELS)]
        by_bag = {str(bag): rows for bag, rows in usable.groupby("bag_id", sort=False)}
        return [_record(video, by_bag.get(video["bag_id"])) for video in videos.to_dict("records")]

    @property
    def manipulations(self) -> tuple[str, ...]:
        """The manipulations that have bags with pixels, in the order of the tables."""
        seen = self.videos[(self.videos["label"] == 1) & self.videos["status"].isin(WITH_PIXELS)]
        return tuple(dict.fromkeys(seen["manipulation"]))


def _record(video: dict[Any, Any], rows: pd.DataFrame | None) -> BagRecord:
    kept = {k: video[k] for k in ("bag_id", "manipulation", "pair_id", "label", "fake_rate", "status")}
    columns = [tuple(rows[c]) if rows is not None else () for c in ("slot", "label", "crop", "sha256")]
    return BagRecord(**kept, slots=columns[0], frame_labels=columns[1], crops=columns[2], sha256=columns[3])


class BagDataset(Dataset[dict[str, Any]]):
    """Decoded bags. With ``n_faces`` each epoch draws that many faces a bag, in the order of time, and augments them;
    without, all faces are taken as they are."""

    def __init__(self, root: Path, bags: list[BagRecord], n_faces: int | None = None, seed: int = 0) -> None:
        self.root, self.bags, self.n_faces, self.seed = root, bags, n_faces, seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.bags)

    def __getitem__(self, item: tuple[int, int] | int) -> dict[str, Any]:
        """``item`` is the bag, or (bag, how often it was drawn before in this epoch)."""
        index, repeat = item if isinstance(item, tuple) else (item, 0)
        bag = self.bags[index]
        chosen = np.arange(len(bag.crops))
        if self.n_faces is None:
            return {"faces": self._read(bag, chosen), "label": bag.label, "index": index}
        draw = np.random.default_rng([self.seed, self.epoch, index, repeat])
        chosen = np.sort(draw.permutation(chosen)[: self.n_faces])
        return {"faces": _augment(self._read(bag, chosen), draw), "label": bag.label, "index": index}

    def _read(self, bag: BagRecord, chosen: np.ndarray) -> Tensor:
        faces = [_read_crop(self.root, bag.crops[i], bag.sha256[i]) for i in chosen]
        return torch.from_numpy(np.stack(faces)).permute(0, 3, 1, 2)  # (M, 3, S, S) uint8


def _read_crop(root: Path, path: str, sha256: str) -> np.ndarray:
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
    """A Bag, its video labels (B,) float, and which records they are."""

    bag: Bag
    label: Tensor
    index: list[int]


def collate_bags(items: list[dict[str, Any]]) -> Batch:
    """Pads the bags to the longest of the batch."""
    longest = max(len(item["faces"]) for item in items)
    side = items[0]["faces"].shape[-1]
    faces = torch.zeros(len(items), longest, 3, side, side, dtype=torch.uint8)
    mask = torch.zeros(len(items), longest, dtype=torch.bool)
    for row, item in enumerate(items):
        n = len(item["faces"])
        faces[row, :n] = item["faces"]
        mask[row, :n] = True
    label = torch.tensor([float(item["label"]) for item in items])
    return Batch(Bag(faces, mask), label, [item["index"] for item in items])


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
