"""Targets: the file that each annotated video is written to."""

import os
from collections.abc import Sequence
from pathlib import Path

from benchmark.inference.annotation.formats import FORMATS, format_of
from ffpms.errors import ConfigError

_USUAL = ".mp4"


def choose_targets(out: Path, files: Sequence[Path]) -> dict[str, Path]:
    """Chooses the file for each video, by the video's path.

    ``out`` is a file for one video, or a folder. In a folder, names and subfolders are those of the
    videos below the folder that holds them all. ``.mp4`` is added to a name of another kind.

    Raises:
        ConfigError: it is a file for several videos, or of an unknown kind; or it would take the
            place of a video.

    Example:
        >>> {path: target.as_posix() for path, target in choose_targets(Path("out"), [Path("in/a.avi")]).items()}
        {'in/a.avi': 'out/a.avi.mp4'}
    """
    if _is_folder(out):
        root = _common_folder(files)
        targets = {str(file): out / _name(Path(os.path.relpath(file, root))) for file in files}
    elif len(files) > 1:
        raise ConfigError(f"{out}: is one file for {len(files)} videos; give --annotate a folder")
    else:
        format_of(out)
        targets = {str(file): out for file in files}
    for target in targets.values():
        check_no_input(target, files)
    return targets


def check_no_input(out: Path, files: Sequence[Path]) -> None:
    """Checks that a file to write is none of the videos that are read.

    Raises:
        ConfigError: it is.
    """
    if os.path.realpath(out) in {os.path.realpath(file) for file in files}:
        raise ConfigError(f"{out}: is a video to look at, which is never written over; give another name")


def skip_own(out: Path, paths: Sequence[Path], files: Sequence[Path]) -> list[Path]:
    """Leaves out the videos that were annotated before, where their folder is below one to look at."""
    home = Path(os.path.realpath(out))
    if not _is_folder(out) or not any(Path(os.path.realpath(path)) in home.parents for path in paths):
        return list(files)
    return [file for file in files if home not in Path(os.path.realpath(file)).parents]


def _is_folder(out: Path) -> bool:
    return out.is_dir() or not out.suffix


def _common_folder(files: Sequence[Path]) -> str:
    return os.path.commonpath([file.absolute().parent for file in files]) if files else "."


def _name(file: Path) -> Path:
    return file if file.suffix.lower() in FORMATS else file.with_name(f"{file.name}{_USUAL}")
