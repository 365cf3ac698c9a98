"""Source changes: finds the videos that are no longer those that a shard was made from."""

import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ffpms.errors import ConfigError
from ffpms.extraction.shards import marker_path
from ffpms.hashing import file_digest
from ffpms.machine.cores import usable_cores
from ffpms.progress import Progress
from ffpms.schema import Status

Rows = list[dict[str, Any]]


def changed_targets(root: Path, out: Path, finished: Mapping[str, Rows], moved: bool, progress: Progress) -> set[str]:
    """Returns the finished targets of which a video has other bytes now.

    ``finished`` has the SOURCE rows of each. Where the tree ``moved``, all their videos are hashed.

    Raises:
        ConfigError: more than half of the videos have other bytes: it is another tree.
    """
    with ThreadPoolExecutor(usable_cores()) as pool:
        found = {t: pool.submit(_compare, root, out, t, rows, moved) for t, rows in finished.items()}
        targets = progress(found, len(found)) if moved and found else found
        compared = [(target, path, other) for target in targets for path, other in found[target].result().items()]
    changed = [(target, path) for target, path, other in compared if other]
    if 2 * len(changed) > len(compared):
        what = f"{len(changed)} of {len(compared)} videos are not those that {out} was built from"
        raise ConfigError(f"{root}: {what} (first {changed[0][1]}); give the tree with those, or another --out")
    return {target for target, _ in changed}


def appeared_targets(root: Path, out: Path, finished: Mapping[str, Rows], moved: bool) -> set[str]:
    """Returns the finished targets of which a video that could not be read is another now.

    Either it was missing and is there, or it was touched since. Where the tree ``moved``, times
    tell nothing.
    """
    return {
        target
        for target, rows in finished.items()
        if any(_appeared(root / row["path"], row, math.inf if moved else _built_at(out, target)) for row in rows)
    }


def _appeared(file: Path, row: dict[str, Any], since_s: float) -> bool:
    """Whether a video of which no hash is known is there, and is not the one that failed."""
    if row["sha256"] or not file.is_file():
        return False
    return row["status"] == Status.MISSING or _touched_s(file.stat()) > since_s


def _built_at(out: Path, target: str) -> float:
    """When the first video of a target's shard was looked at: a later change may not be in it."""
    return marker_path(out, target).stat().st_mtime


def _compare(root: Path, out: Path, target: str, rows: Rows, moved: bool) -> dict[str, bool]:
    """Returns of each of a target's videos, by path, whether it has other bytes now.

    One that is not there any more, or was never read, is left out: what was made of it stays.
    """
    since_s = 0.0 if moved else _built_at(out, target)
    found = {row["path"]: _is_other(root / row["path"], row, since_s) for row in rows if row["sha256"]}
    return {path: other for path, other in found.items() if other is not None}


def _is_other(file: Path, row: dict[str, Any], since_s: float) -> bool | None:
    """Whether a file has another size, or another hash; None if it cannot be read.

    It is hashed only if it was touched since.
    """
    try:
        about = file.stat()
        if about.st_size != row.get("n_bytes", about.st_size):  # older shards lack it
            return True
        return _touched_s(about) > since_s and file_digest(file) != row["sha256"]
    except OSError:
        return None


def _touched_s(about: os.stat_result) -> float:
    return max(about.st_mtime, about.st_ctime)
