"""FaceForensics++ on disk: where each mp4 of the plan should be."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ffpms.errors import ConfigError
from ffpms.schema import Manipulation

FOLDERS = {
    Manipulation.DF: "Deepfakes",
    Manipulation.F2F: "Face2Face",
    Manipulation.FS: "FaceSwap",
    Manipulation.NT: "NeuralTextures",
}
COMPRESSIONS = {"raw": None, "c23": 23.0, "c40": 40.0}
"""Folder name -> x264 crf that its files should carry. ``c0`` is another name of ``raw``."""


@dataclass(frozen=True)
class Source:
    """One mp4 that the plan asks for; ``path`` is relative to the root, with forward slashes."""

    source_video: str
    path: str
    manipulation: str
    video_id: str
    target_id: str
    source_id: str | None
    compression: str
    split: str


def parse_manipulations(text: str) -> tuple[str, ...]:
    """``DF,FaceSwap`` -> ``("DF", "FS")``, in the order of the tables; short and full names, any case.

    Raises:
        ConfigError: a name is unknown.
    """
    names = {alias.lower(): m for m, folder in FOLDERS.items() for alias in (m.value, folder)}
    asked = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in asked if name not in names]
    if unknown or not asked:
        raise ConfigError(
            f"manipulations: {', '.join(unknown) or 'none'}; choose from DF,F2F,FS,NT or their full names"
        )
    return tuple(m.value for m in FOLDERS if m in {names[name] for name in asked})


def normalise_compression(name: str) -> str:
    """``c0`` -> ``raw``."""
    return "raw" if name == "c0" else name


def folder_of(manipulation: str, compression: str) -> str:
    """Folder of a manipulation's videos, relative to the root."""
    if manipulation == Manipulation.ORIGINAL:
        return f"original_sequences/youtube/{compression}/videos"
    return f"manipulated_sequences/{FOLDERS[Manipulation(manipulation)]}/{compression}/videos"


def mask_path(path: str) -> str:
    """Where the masks of a manipulated video of the official tree are: beside its compression levels."""
    folder, _, name = path.rpartition("/")
    return f"{folder.rpartition('/')[0].rpartition('/')[0]}/masks/videos/{name}"


def check_root(root: Path, compression: str) -> str:
    """The name under which the tree holds the compression (``raw`` may be written ``c0``).

    Raises:
        ConfigError: the folder is not there, is no FaceForensics++ tree, or lacks the compression.
    """
    if not root.is_dir():
        raise ConfigError(f"{root}: not a folder; give --ff-root the folder that holds original_sequences/")
    originals = root / "original_sequences" / "youtube"
    if not originals.is_dir():
        raise ConfigError(
            f"{root}: no FaceForensics++ tree (original_sequences/youtube/ is not in it); "
            "give --ff-root the folder that holds original_sequences/ and manipulated_sequences/"
        )
    for name in (compression, "c0") if compression == "raw" else (compression,):
        if (root / folder_of(Manipulation.ORIGINAL, name)).is_dir():
            return name
    found = ", ".join(sorted(d.name for d in originals.iterdir() if (d / "videos").is_dir())) or "none"
    raise ConfigError(f"{originals}: no {compression} videos (found: {found}); choose another --compression")


def index_sources(slots: pd.DataFrame, compression: str, folder: str) -> list[Source]:
    """Every mp4 that the slots need, in the slots' order; ``folder`` is the compression's name in the tree."""
    return [
        Source(
            source_video=bag["bag_id"],
            path=f"{folder_of(bag['manipulation'], folder)}/{bag['video_id']}.mp4",
            manipulation=bag["manipulation"],
            video_id=bag["video_id"],
            target_id=bag["target_id"],
            source_id=None if pd.isna(bag["source_id"]) else bag["source_id"],
            compression=compression,
            split=bag["split"],
        )
        for bag in slots.drop_duplicates("bag_id").to_dict("records")
    ]
