"""Lists the video files below paths that a user gives, files and folders."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ffpms.clutter import UNFINISHED, is_clutter
from ffpms.errors import ConfigError, remedy

SUFFIXES = (
    *(".3g2", ".3gp", ".asf", ".avi", ".av1", ".dv", ".f4v", ".flv", ".gif", ".h264", ".hevc", ".ivf", ".m2ts"),
    *(".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogv", ".rm", ".ts", ".vob"),
    *(".webm", ".wmv", ".wtv", ".y4m"),
)
"""Ends of names that are taken for videos in a folder. A file that is named itself may have any."""


_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/+(?=[^/])", re.IGNORECASE)


def list_videos(paths: Iterable[Path]) -> list[Path]:
    """Lists the videos to look at, each once, folders in the order of names.

    In folders, clutter, unfinished downloads and files of other kinds are passed over. Links to
    folders are not followed.

    Raises:
        ConfigError: a path is not there, a folder cannot be listed, or there is no video in one.
    """
    found: dict[str, Path] = {}
    for path in paths:
        for file in _below(path) if path.is_dir() else [_existing(path)]:
            found.setdefault(os.path.abspath(file), file)  # noqa: PTH100  # resolve() would follow links
    return list(found.values())


def _existing(path: Path) -> Path:
    if not path.exists() and not path.is_symlink():
        what = "is an address, and none is opened" if _ADDRESS.match(str(path)) else "not found"
        raise ConfigError(f"{path}: {what}; give a video file or a folder of them")
    return path


def _below(folder: Path) -> list[Path]:
    found = sorted(_walk(folder))
    if not found:
        raise ConfigError(
            f"{folder}: no video is in it (.mp4, .mov, .mkv, .avi, .webm, .gif, ...); give another folder"
        )
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not is_clutter(name)]
        for name in names:
            path = Path(place, name)
            if path.suffix.lower() in SUFFIXES and not is_clutter(name) and not name.endswith(UNFINISHED):
                yield path


def _refuse(error: OSError) -> None:
    todo = remedy(error, "make it readable")
    raise ConfigError(f"{error.filename}: cannot be listed ({error.strerror}); {todo}") from error
