"""Finds a corpus's videos: a tree's layout on disk, and the path of each planned video."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from ffpms.errors import ConfigError
from ffpms.sources.corpus import Corpus, Layout, Source
from ffpms.sources.ffpp import CORPUS as FFPP


def check_root(root: Path, compression: str, corpus: Corpus = FFPP) -> Layout:
    """Finds the tree's layout of the compression level.

    Raises:
        ConfigError: the folder is not there, is no tree of the corpus, or lacks the compression.
    """
    if not root.is_dir():
        raise ConfigError(f"{root}: not a folder; {corpus.give_root}")
    compression, found = corpus.normalise_compression(compression), corpus.find_layouts(root)
    if found is None:
        raise ConfigError(f"{root}: no {corpus.title} tree ({corpus.not_found}); {corpus.give_root}")
    for layout in found:
        if layout.compression in (compression, ""):
            return replace(layout, compression=compression)
    there = ", ".join(layout.compression for layout in found) or "none"
    raise ConfigError(f"{root}: no {compression} videos (found: {there}); choose another --compression")


def index_sources(slots: pd.DataFrame, layout: Layout) -> list[Source]:
    """Lists every mp4 that the slots need, in the slots' order."""
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
    """Makes the error for a tree that does not fit the split files."""
    own = root / "splits"
    hint = f"{own} looks like this tree's own" if own.is_dir() else "a folder with this tree's pairs"
    return ConfigError(f"{root}: holds no {lacks} of the split files; give --splits ({hint})")
