"""Checks paths that a set's tables name, before they are opened: the set may be a stranger's."""

import os
import re
from pathlib import Path

CROPS = "crops"
"""Folder of all crops of a set."""
_UNSAFE = re.compile(r"[\\:\x00]")
_CROP = re.compile(r"crops/[^/]+/[^/]+/[^/]+\.png")


def is_plain(name: object) -> bool:
    """Whether a path is plainly below a folder, on any system.

    Example:
        >>> is_plain("crops/953/a.png"), is_plain("../a.png"), is_plain("C:/a.png")
        (True, False, False)
    """
    if not isinstance(name, str) or _UNSAFE.search(name):
        return False
    return all(part not in ("", ".", "..") for part in name.split("/"))


def unsafe_part(path: str) -> str:
    """Returns the first name in a path that is not one on every system; empty if there is none.

    Example:
        >>> unsafe_part("clips/take:1/a.mp4"), unsafe_part("clips/take-1/a.mp4")
        ('take:1', '')
    """
    return next((part for part in path.split("/") if _UNSAFE.search(part)), "")


def is_crop(name: object) -> bool:
    """Whether a path is one that a build gives a crop.

    Example:
        >>> is_crop("crops/953/DF_953_974/000012.png"), is_crop("frames.parquet")
        (True, False)
    """
    return isinstance(name, str) and is_plain(name) and _CROP.fullmatch(name) is not None


def is_inside(root: Path, name: str) -> bool:
    """Whether a plain path stays below the root, or below its ``crops``, when links are followed.

    ``crops`` may itself be a link, to a larger disk. No link below it may lead out of it.
    """
    homes = (root, root / CROPS) if name.partition("/")[0] == CROPS else (root,)
    found = Path(os.path.realpath(root / name))
    return any(found.is_relative_to(os.path.realpath(home)) for home in homes)
