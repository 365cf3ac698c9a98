"""Shards: store the crops of one target (a real video and its fakes), complete or not at all."""

import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from ffpms.errors import OF_THE_DISK, StorageError, writing
from ffpms.hashing import digest
from ffpms.regular_files import read_text
from ffpms.storage import PARTIAL

MARKER = "shard.json"
"""The file of a shard that is written last."""
_OLD = ".old"
"""Begins the name of a shard that was moved aside, e.g. ``.old.0.007``."""


class ShardInPlaceError(StorageError):
    """An older shard can be neither deleted nor moved, and stays as it is."""


@dataclass
class Shard:
    """The output of one target: table rows, and the encoded crops by path.

    The rows are those of the SOURCE and CROP tables and, if asked for, of the LANDMARK table.
    """

    target_id: str
    sources: list[dict[str, Any]] = field(default_factory=list)
    crops: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    landmarks: list[dict[str, Any]] = field(default_factory=list)

    def drop_crops(self) -> None:
        """Leaves the rows of the videos alone."""
        self.crops.clear()
        self.files.clear()
        self.landmarks.clear()


def crop_path(target_id: str, source_video: str, frame_index: int, track_id: int) -> str:
    """Path of a crop below the data folder, e.g. ``crops/953/DF_953_974/000012.png``.

    The second face has ``000012_1.png``.

    Example:
        >>> crop_path("953", "DF_953_974", frame_index=12, track_id=0)
        'crops/953/DF_953_974/000012.png'
    """
    name = f"{frame_index:06d}_{track_id}" if track_id else f"{frame_index:06d}"
    return f"crops/{target_id}/{source_video}/{name}.png"


def write_shard(out: Path, shard: Shard, began_s: float | None = None) -> None:
    """Writes the shard beside its final place and renames the folder.

    If the process is killed at any moment, there is a complete shard or none. An older shard is
    moved aside before, and deleted after. If anything fails it is put back. A link to one is
    deleted itself, never followed. The marker's time is ``began_s``, when the first video was
    looked at: whatever was touched later may not be what the shard is made of.

    Raises:
        ShardInPlaceError: an older shard cannot be moved aside.
        StorageError: the disk is full or cannot be written to.
    """
    final = out / "crops" / shard.target_id
    partial = out / "crops" / PARTIAL / shard.target_id
    with writing(out):
        _discard(partial)
        _move_aside(partial)
        _write_files(partial, shard)
        if began_s is not None:
            os.utime(partial / MARKER, (began_s, began_s))
        old = _move_aside(final)
        try:
            partial.rename(final)
        except BaseException:
            if old:
                old.rename(final)
            raise
        if old:
            _discard(old)


def _move_aside(path: Path) -> Path | None:
    """Renames what is at a path, within its folder, and returns the new path; None if nothing is.

    Raises:
        ShardInPlaceError: it cannot be renamed.
    """
    if not os.path.lexists(path):
        return None
    names = (path.with_name(f"{_OLD}.{n}.{path.name}") for n in count())
    aside = next(name for name in names if not os.path.lexists(name))
    try:
        return path.rename(aside)
    except OSError as error:
        if error.errno in OF_THE_DISK:
            raise
        what = f"cannot be replaced ({error.strerror or error}) and stays as it was"
        raise ShardInPlaceError(f"{path}: {what}; make it and its folder writable, then run this again") from error


def _discard(path: Path) -> None:
    """Deletes a folder, a file or a link, which is not followed; what cannot be deleted stays."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _write_files(folder: Path, shard: Shard) -> None:
    """Writes the crops, then the marker."""
    folder.mkdir(parents=True)
    files = {folder / path.removeprefix(f"crops/{shard.target_id}/"): data for path, data in shard.files.items()}
    for parent in {file.parent for file in files}:
        parent.mkdir(exist_ok=True)
    for file, data in files.items():
        file.write_bytes(data)
    rows = {"target_id": shard.target_id, "sources": shard.sources, "crops": shard.crops}
    text = _as_json(rows | ({"landmarks": shard.landmarks} if shard.landmarks else {}))
    marker = f'{{"sha256": "{digest(text)}", "rows": {text.decode()}}}\n'
    (folder / MARKER).write_text(marker, encoding="utf-8")


def _as_json(rows: dict[str, Any]) -> bytes:
    return json.dumps(rows, sort_keys=True).encode()


def marker_path(out: Path, target_id: str) -> Path:
    """Path of the file of a shard that is written last."""
    return out / "crops" / target_id / MARKER


def note_path(out: Path, target_id: str) -> Path:
    """Path of the note in which a shard's worker records its current file."""
    return out / "crops" / PARTIAL / f"{target_id}.working-on"


def read_shard(out: Path, target_id: str) -> Shard | None:
    """Reads the rows of a finished shard, without pixels; None if it is not whole."""
    try:
        marker = json.loads(read_text(marker_path(out, target_id)))
        rows = marker["rows"]
        if digest(_as_json(rows)) != marker["sha256"]:
            return None
        return Shard(rows["target_id"], rows["sources"], rows["crops"], landmarks=rows.get("landmarks", []))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError, KeyError, TypeError):
        return None


def drop_partial(out: Path) -> bool:
    """Removes what an interrupted build left: partial shards, and those that were moved aside.

    One that has no successor is put back. Returns whether there was one.
    """
    _discard(out / "crops" / PARTIAL)
    return sum(_put_back(aside) for aside in moved_aside(out)) > 0


def moved_aside(out: Path) -> list[Path]:
    """Lists the shards that were moved aside, the newest of a target first."""
    return sorted((out / "crops").glob(f"{_OLD}.*"), reverse=True)


def _put_back(aside: Path) -> bool:
    """Puts a shard back, or deletes it where there is another in its place."""
    final = aside.with_name(aside.name.split(".", 3)[3])
    if os.path.lexists(final):
        _discard(aside)
        return False
    aside.rename(final)
    return True


def remove_shard(out: Path, target_id: str) -> None:
    """Removes a shard, so that the next build makes it anew."""
    _discard(out / "crops" / target_id)
