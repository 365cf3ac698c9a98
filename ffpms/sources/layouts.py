"""Layouts: the ways in which copies of FaceForensics++ lie on disk."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ffpms.errors import ConfigError
from ffpms.schema import Manipulation
from ffpms.sources.ffpp import FOLDERS, Source, normalise_compression

_SUFFIX = re.compile(r"[_-](raw|c0|c23|c40)$", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """Where a tree keeps the videos of one compression level; folders are relative to the root, with forward slashes.
    ``compression`` is empty where nothing in the tree tells it."""

    name: str
    compression: str
    original: str
    fakes: str

    def folder(self, manipulation: str) -> str:
        """Folder of a manipulation's videos, or of the real ones."""
        if manipulation == Manipulation.ORIGINAL:
            return self.original
        return self.fakes.format(method=FOLDERS[Manipulation(manipulation)])

    def path(self, manipulation: str, video_id: str) -> str:
        """Where a video should be."""
        return f"{self.folder(manipulation)}/{video_id}.mp4"


def official(folder: str) -> Layout:
    """The tree of FaceForensics++'s own download script, for a compression written ``folder`` in it."""
    return Layout(
        "official",
        normalise_compression(folder),
        f"original_sequences/youtube/{folder}/videos",
        f"manipulated_sequences/{{method}}/{folder}/videos",
    )


def flat(root: Path) -> Layout:
    """The re-upload ``FaceForensics++_C23/{original,Deepfakes,...}``: one compression, told by the root's name or not
    at all."""
    suffix = _SUFFIX.search(root.absolute().name)
    compression = normalise_compression(suffix.group(1).lower()) if suffix else ""
    return Layout("flat", compression, "original", "{method}")


def layouts_in(root: Path) -> list[Layout]:
    """What is there: a layout for each compression level that has real videos, or none."""
    if (root / "original_sequences" / "youtube").is_dir():
        named = [official(folder) for folder in ("raw", "c0", "c23", "c40")]
        return [layout for layout in named if (root / layout.original).is_dir()]
    is_flat = (root / "original").is_dir() and any((root / folder).is_dir() for folder in FOLDERS.values())
    return [flat(root)] if is_flat else []


def check_root(root: Path, compression: str) -> Layout:
    """The tree's layout of the compression level.

    Raises:
        ConfigError: the folder is not there, is no FaceForensics++ tree, or lacks the compression.
    """
    if not root.is_dir():
        raise ConfigError(f"{root}: not a folder; give --ff-root the folder that holds original_sequences/")
    compression, found = normalise_compression(compression), layouts_in(root)
    for layout in found:
        if layout.compression in (compression, ""):
            return replace(layout, compression=compression)
    if found or (root / "original_sequences" / "youtube").is_dir():
        there = ", ".join(layout.compression for layout in found) or "none"
        raise ConfigError(f"{root}: no {compression} videos (found: {there}); choose another --compression")
    raise ConfigError(
        f"{root}: no FaceForensics++ tree (neither original_sequences/youtube/ nor original/ and Deepfakes/ ... are in "
        "it); give --ff-root the folder that holds original_sequences/ and manipulated_sequences/"
    )


def index_sources(slots: pd.DataFrame, layout: Layout) -> list[Source]:
    """Every mp4 that the slots need, in the slots' order."""
    return [
        Source(
            source_video=bag["bag_id"],
            path=layout.path(bag["manipulation"], bag["video_id"]),
            manipulation=bag["manipulation"],
            video_id=bag["video_id"],
            target_id=bag["target_id"],
            source_id=None if pd.isna(bag["source_id"]) else bag["source_id"],
            compression=layout.compression,
            split=bag["split"],
        )
        for bag in slots.drop_duplicates("bag_id").to_dict("records")
    ]


def other_splits(root: Path, lacks: str) -> ConfigError:
    """What to say of a tree that does not fit the split files."""
    own = root / "splits"
    hint = f"{own} looks like this tree's own" if own.is_dir() else "a folder with this tree's pairs"
    return ConfigError(f"{root}: holds no {lacks} of the split files; give --splits ({hint})")
