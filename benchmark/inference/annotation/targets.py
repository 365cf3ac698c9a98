"""Targets: the file that each annotated video is written to."""

import os
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from pathlib import Path

from benchmark.inference.annotation.formats import FORMATS, format_of
from ffpms.errors import ConfigError

_USUAL = ".mp4"


def choose_targets(out: Path, paths: Sequence[Path], files: Sequence[Path]) -> dict[str, Path]:
    """Chooses the file for each video, by the video's path.

    ``out`` is a file for one video, or a folder. In a folder, names and subfolders are those of the
    videos below the path that a user gave. Where two would meet, they are those below the folder
    that holds all. ``.mp4`` is added to a name of another kind. Names that are still the same get
    ``-2``, ``-3`` and so on at their end, in the order of ``files``.

    Raises:
        ConfigError: it is a file for several videos, or of an unknown kind; or it would take the
            place of a video.

    Example:
        >>> videos = [Path("in/a.avi")]
        >>> [target.as_posix() for target in choose_targets(Path("out"), videos, videos).values()]
        ['out/a.avi.mp4']
    """
    if _is_folder(out):
        targets = {str(file): out / _name(_below(file, _given(file, paths))) for file in files}
        if len({*map(_fold, targets.values())}) < len(targets):
            targets = {str(file): out / _name(_below(file, _common_folder(files))) for file in files}
        targets = _tell_apart(targets)
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
    """Leaves out annotated videos, where their folder is below one to look at."""
    home = Path(os.path.realpath(out))
    if not _is_folder(out) or not any(Path(os.path.realpath(path)) in home.parents for path in paths):
        return list(files)
    return [file for file in files if home not in Path(os.path.realpath(file)).parents]


def _is_folder(out: Path) -> bool:
    return out.is_dir() or not out.suffix


def _given(file: Path, paths: Sequence[Path]) -> Path:
    """Returns the folder that a user gave for a video, or that of a video named itself."""
    return next((path for path in paths if path in file.parents), file.parent)


def _common_folder(files: Sequence[Path]) -> Path:
    return Path(os.path.commonpath([file.absolute().parent for file in files]))


def _below(file: Path, folder: Path) -> Path:
    return Path(os.path.relpath(file.absolute(), folder.absolute()))


def _name(file: Path) -> Path:
    return file if file.suffix.lower() in FORMATS else file.with_name(f"{file.name}{_USUAL}")


def _tell_apart(targets: Mapping[str, Path]) -> dict[str, Path]:
    """Numbers the names that an earlier video has."""
    apart: dict[str, Path] = {}
    taken: set[str] = set()
    for file, target in targets.items():
        apart[file] = _free_name(target, taken)
        taken.add(_fold(apart[file]))
    return apart


def _free_name(target: Path, taken: Collection[str]) -> Path:
    if _fold(target) not in taken:
        return target
    numbered = (target.with_name(f"{target.stem}-{n}{target.suffix}") for n in count(2))
    return next(name for name in numbered if _fold(name) not in taken)


def _fold(path: Path) -> str:
    """Returns what a path has in common with those that some disks take for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(path)).casefold())
