"""Checks the files below crops/: each must match its row, and no other file may be there."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ffpms.clutter import is_clutter
from ffpms.dataset.crops import check_crop, largest_crop
from ffpms.engine import run_local
from ffpms.extraction.alignment.registration import RESIZE
from ffpms.extraction.shards import MARKER, read_shard
from ffpms.hashing import digest
from ffpms.progress import Progress
from ffpms.protocol.crop_config import stored_side
from ffpms.protocol.splits import is_safe_name
from ffpms.regular_files import read_bytes
from ffpms.schema import WITH_PIXELS
from ffpms.stored_paths import is_crop
from ffpms.verify.crop_table import stored_crops
from ffpms.verify.findings import Finding, Kind
from ffpms.verify.path_safety import DISTRUST, check_inside, check_regular, unreadable
from ffpms.verify.tables import AGAIN, BUILD_ANEW

_FOLDER = "crops"
_JOB = 64


@dataclass(frozen=True)
class CropJob:
    """Crops to check: path, SHA-256, number of bytes and side of each; and the side when shown."""

    data: Path
    size_px: int
    crops: tuple[tuple[str, str, int, int], ...]


def check_crops(data: Path, size_px: int, sources: pd.DataFrame, workers: int, progress: Progress) -> list[Finding]:
    """Returns findings about every crop and shard marker, and about other files below crops/.

    ``sources`` is indexed by source_video.
    """
    targets = list(sources["target_id"].unique())
    known = [np.fromiter(map(hash, _markers(targets)), np.int64)]
    n_crops = sum(len(batch) for batch in stored_crops(data))
    checked = progress(_check_all(data, size_px, sources, workers, known), n_crops)
    findings = _count_enlarged([fault for fault in checked if fault])
    findings += [fault for target in targets if (fault := _check_marker(data, target))]
    return [*findings, *_find_extra(data, np.concatenate(known))]


def _count_enlarged(findings: list[Finding]) -> list[Finding]:
    """Makes one finding of all crops that are enlarged: an earlier version stored every crop so."""
    enlarged = [finding for finding in findings if finding.kind is Kind.ENLARGED]
    if not enlarged:
        return findings
    first = enlarged[0]
    what = f"{len(enlarged)} crops are stored enlarged, the first is {first.path} ({first.what})"
    todo = "an earlier version did so: they can be used, and are built anew with another --out"
    return [Finding("crops.parquet", Kind.ENLARGED, what, todo), *(f for f in findings if f.kind is not Kind.ENLARGED)]


def _check_all(
    data: Path, size_px: int, sources: pd.DataFrame, workers: int, known: list[np.ndarray]
) -> Iterator[Finding | None]:
    """Yields the fault of each crop, or None, a batch at a time, because the engine keeps all of
    its jobs.

    ``known`` collects a hash of 8 bytes of each path.
    """
    target = sources["target_id"]
    resized = set(target[(sources["geometry"] == RESIZE) & sources["status"].isin(WITH_PIXELS)])
    for batch in stored_crops(data):
        known.append(np.fromiter(map(hash, batch["crop"]), np.int64))
        as_shown = batch["source_video"].map(target).isin(resized)
        sides = [stored_side(w, size_px, own) for w, own in zip(batch["box_w"], as_shown, strict=True)]
        rows = list(zip(batch["crop"], batch["sha256"], batch["n_bytes"], sides, strict=True))
        jobs = [CropJob(data, size_px, tuple(rows[i : i + _JOB])) for i in range(0, len(rows), _JOB)]
        for faults in run_local(check_job, jobs, workers):
            yield from faults


def check_job(job: CropJob) -> list[Finding | None]:
    """Returns the fault of each crop of a job, or None."""
    return [_check_crop(job.data, *crop, job.size_px) for crop in job.crops]


def _check_crop(data: Path, crop: str, sha256: str, n_bytes: int, side: int, size_px: int) -> Finding | None:
    if not is_crop(crop):
        return Finding(crop, Kind.UNSAFE_PATH, "a crop that is not where a build puts one, below crops/", DISTRUST)
    fault = check_inside(data, crop) or check_regular(data / crop, crop, AGAIN)
    if fault:
        return fault
    try:
        return _check_content(data / crop, crop, sha256, n_bytes, side, size_px)
    except OSError as error:
        return unreadable(crop, error)


def _check_content(file: Path, crop: str, sha256: str, n_bytes: int, side: int, size_px: int) -> Finding | None:
    """Checks the size first: that is quick, and no file is read that is larger than what was
    written.
    """
    size = file.stat().st_size
    if size != n_bytes:
        return _changed(crop, f"{size} bytes, not {n_bytes}")
    if size > largest_crop(size_px):
        return Finding(crop, Kind.SIZE, f"{size} bytes, more than {size_px}x{size_px} px can have", BUILD_ANEW)
    content = read_bytes(file)
    if digest(content) != sha256:
        return _changed(crop, "not the bytes that were built")
    try:
        found = check_crop(content)
    except ValueError as error:
        return Finding(crop, Kind.UNREADABLE, str(error), BUILD_ANEW)
    if found == (side, side):
        return None
    kind = Kind.ENLARGED if found == (size_px, size_px) else Kind.SIZE
    return Finding(crop, kind, f"{found[0]}x{found[1]} px, not {side}x{side}", BUILD_ANEW)


def _changed(crop: str, what: str) -> Finding:
    """Returns the finding for a crop with other bytes.

    A build does not read the crops it has. Without its folder the target is built again.
    """
    return Finding(crop, Kind.CHANGED, what, f"delete the folder {'/'.join(crop.split('/')[:2])}, then {AGAIN}")


def _markers(targets: Iterable[str]) -> Iterator[str]:
    return (f"{_FOLDER}/{target}/{MARKER}" for target in targets)


def _check_marker(data: Path, target: str) -> Finding | None:
    """Returns a finding if a shard has no valid marker: then it is not finished."""
    name = f"{_FOLDER}/{target}/{MARKER}"
    if not is_safe_name(target):
        what = f"target_id {target!a} is no safe name of a folder"
        return Finding("sources.parquet", Kind.UNSAFE_PATH, what, DISTRUST)
    fault = check_inside(data, name) or check_regular(data / name, name, AGAIN)
    try:
        if fault or read_shard(data, target):
            return fault
    except OSError as error:
        return unreadable(name, error)
    return Finding(name, Kind.UNREADABLE, "no list of a shard's rows", AGAIN)


def _find_extra(data: Path, known: np.ndarray) -> Iterator[Finding]:
    """Yields whatever lies below crops/ and is in no table, but for clutter.

    Links are not followed.
    """
    waiting = [_FOLDER] if check_inside(data, _FOLDER) is None and (data / _FOLDER).is_dir() else []
    while waiting:
        folder = waiting.pop()
        try:
            found = _list(data / folder, folder)
        except OSError as error:
            yield unreadable(folder, error)
            continue
        waiting += [name for name, is_folder in found.items() if is_folder]
        files = [name for name, is_folder in found.items() if not is_folder]
        stray = ~np.isin(np.fromiter(map(hash, files), np.int64, len(files)), known)
        for name in (files[i] for i in np.flatnonzero(stray)):
            yield Finding(name, Kind.EXTRA, "in no table", "remove it")


def _list(path: Path, folder: str) -> dict[str, bool]:
    """Lists a folder without clutter: each path, and whether it is a folder."""
    with os.scandir(path) as entries:
        own = [entry for entry in entries if not is_clutter(entry.name)]
        return {f"{folder}/{entry.name}": entry.is_dir(follow_symlinks=False) for entry in own}
