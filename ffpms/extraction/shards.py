"""Shards: store the crops of one target (a real video and its fakes), complete or not at all."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ffpms.errors import writing
from ffpms.hashing import digest

MARKER = "shard.json"
"""The file of a shard that is written last."""
PARTIAL = ".partial"


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


def crop_path(target_id: str, source_video: str, frame_index: int, track_id: int) -> str:
    """Path of a crop below the data folder, e.g. ``crops/953/DF_953_974/000012.png``.

    The second face has ``000012_1.png``.

    Example:
        >>> crop_path("953", "DF_953_974", frame_index=12, track_id=0)
        'crops/953/DF_953_974/000012.png'
    """
    name = f"{frame_index:06d}_{track_id}" if track_id else f"{frame_index:06d}"
    return f"crops/{target_id}/{source_video}/{name}.png"


def write_shard(out: Path, shard: Shard) -> None:
    """Writes the shard beside its final place and renames the folder.

    If the process is killed at any moment, there is a complete shard or none.

    Raises:
        StorageError: the disk is full or cannot be written to.
    """
    final = out / "crops" / shard.target_id
    partial = out / "crops" / PARTIAL / shard.target_id
    with writing(out):
        shutil.rmtree(partial, ignore_errors=True)
        _write_files(partial, shard)
        shutil.rmtree(final, ignore_errors=True)
        partial.rename(final)


def _write_files(folder: Path, shard: Shard) -> None:
    """Writes the crops, then the marker."""
    folder.mkdir(parents=True)
    for path, data in shard.files.items():
        file = folder / Path(path).relative_to(f"crops/{shard.target_id}")
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data)
    rows = {"target_id": shard.target_id, "sources": shard.sources, "crops": shard.crops}
    text = _as_json(rows | ({"landmarks": shard.landmarks} if shard.landmarks else {}))
    marker = f'{{"sha256": "{digest(text)}", "rows": {text.decode()}}}\n'
    (folder / MARKER).write_text(marker, encoding="utf-8")


def _as_json(rows: dict[str, Any]) -> bytes:
    return json.dumps(rows, sort_keys=True).encode()


def note_path(out: Path, target_id: str) -> Path:
    """Path of the note in which a shard's worker records its current file."""
    return out / "crops" / PARTIAL / f"{target_id}.working-on"


def read_shard(out: Path, target_id: str) -> Shard | None:
    """Reads the rows of a finished shard, without pixels; None if it is not whole."""
    try:
        marker = json.loads((out / "crops" / target_id / MARKER).read_text(encoding="utf-8"))
        rows = marker["rows"]
        if digest(_as_json(rows)) != marker["sha256"]:
            return None
        return Shard(rows["target_id"], rows["sources"], rows["crops"], landmarks=rows.get("landmarks", []))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def drop_partial(out: Path) -> None:
    """Removes the partial shards of an interrupted build."""
    shutil.rmtree(out / "crops" / PARTIAL, ignore_errors=True)
