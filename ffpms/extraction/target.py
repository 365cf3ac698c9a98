"""Target: probes, decodes, aligns and crops a real video and its fakes into one shard.

Faces are searched once, on the real video. A fake is cropped by the same boxes, mapped through the
geometry of the pair. So only the content of a crop can tell real from fake. A fake that stands
alone is a target of its own: its faces are searched on itself.
"""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from ffpms.allocator import keep_freed_memory
from ffpms.engine.watchdog import watched
from ffpms.errors import ConfigError, MediaError, StorageError
from ffpms.extraction.alignment.pairing import Fake, Pairing, pair
from ffpms.extraction.alignment.real_video import RealVideo, read_real_video
from ffpms.extraction.alignment.registration import RESIZE
from ffpms.extraction.crops import CropMaker
from ffpms.extraction.decoding.frame_times import frame_seconds
from ffpms.extraction.decoding.probe import probe
from ffpms.extraction.decoding.wanted_frames import DECODERS
from ffpms.extraction.duplicates import find_copy, find_same_pixels
from ffpms.extraction.faces.detection import FaceFinder, make_finder
from ffpms.extraction.faces.landmarks import DlibPoints, PointFinder
from ffpms.extraction.shards import Shard, ShardInPlaceError, note_path, write_shard
from ffpms.extraction.source_rows import fail, new_row, pair_columns
from ffpms.extraction.target_job import TargetJob, TargetResult
from ffpms.protocol.plan import frame_index, shared_length, too_short
from ffpms.schema import ORIGINAL, WITH_PIXELS, Status
from ffpms.sources.listing import Source
from ffpms.sources.source_index import find_video

_COARSEST_S = 2.0
"""File systems keep times to 2 s or better."""


@cache
def _finder(name: str) -> FaceFinder:
    return make_finder(name)


@cache
def _point_finder() -> PointFinder:
    return DlibPoints()


@cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


def run_job(job: TargetJob) -> TargetResult:
    """Builds and writes one shard.

    A failure is a status in the rows of the shard, not an exception.
    """
    keep_freed_memory()
    began_s = time.time() - _COARSEST_S
    shard, unexpected = _make_shard(job)
    for row in shard.sources:
        row["error"] = job.corpus.advise(row["error"])
    if lost := [row for row in shard.sources if row["source_video"] in job.kept and row["status"] not in WITH_PIXELS]:
        problem = f"{lost[0]['path']}: {lost[0]['error']}; its crops of before are kept, and those of its target"
        return TargetResult(job.target_id, problem, unexpected)
    try:
        write_shard(job.out, shard, began_s)
    except ShardInPlaceError as error:
        return TargetResult(job.target_id, str(error), unexpected)
    return TargetResult(job.target_id, unexpected=unexpected)


def _make_shard(job: TargetJob) -> tuple[Shard, str]:
    """Builds one shard; returns it with the unexpected error that spoiled it, if there was one."""
    try:
        with (
            watched(note_path(job.out, job.target_id), job.time_limit_s) as begin_file,
            _thread_pools().limit(limits=1),
        ):
            return build_target(job, _finder(job.crop.finder), begin_file), ""
    except (ConfigError, StorageError):
        raise
    except MemoryError:
        return _fail_all(job, "not enough memory; give fewer --workers, then --retry-failed"), ""
    except Exception as error:  # one video must not stop a build of thousands
        what = f"{type(error).__name__}: {error}".replace(f"{job.root}{os.sep}", "")  # no row names the tree's place
        return _fail_all(job, f"unexpected {what}; please report it"), what


def _fail_all(job: TargetJob, reason: str) -> Shard:
    """Makes a shard without crops, of which no file could be used."""
    shard = Shard(job.target_id, [new_row(source) for source in job.sources])
    for row in shard.sources:
        fail(row, Status.FAILED, reason)
    return shard


def build_target(job: TargetJob, finder: FaceFinder, begin_file: Callable[[str], None]) -> Shard:
    """Probes a real video and its fakes, and cuts the faces of those that can be used.

    ``begin_file`` is called with the path of each file before it is read.
    """
    shard = Shard(job.target_id)
    for source in job.sources:
        begin_file(source.path)
        shard.sources.append(_probe(job, source))
    real, *fakes = shard.sources
    if real["status"] != Status.OK:
        return shard
    for fake in fakes:
        _check_shared(fake, real, job.frames_per_video)
    usable = [fake for fake in fakes if fake["status"] == Status.OK]
    own = _indices(real["n_frames"], job.frames_per_video)
    shared = {
        fake["source_video"]: _indices(_shared(fake, real, job.frames_per_video), job.frames_per_video)
        for fake in usable
    }
    begin_file(real["path"])
    real_video = _read_real(job, real, own, shared.values(), finder)
    if real_video is None:
        return shard
    alone = real["manipulation"] != ORIGINAL
    marked = job.crop.landmarks and not alone
    crops = CropMaker(job.crop, shard, real_video, _point_finder() if marked else None)
    main = real_video.people[0].track_id
    real["track_id"] = main
    crops.add_real(own, main)
    if alone:
        _mark_altered(job, shard, own)
        return shard
    compared = []
    for fake in usable:
        begin_file(fake["path"])
        if pairing := _add_fake(job, crops, fake, shared[fake["source_video"]]):
            compared.append((fake, pairing))
    if _suspect_real(job, shard, compared) and not job.keep_unverified:
        return Shard(job.target_id, shard.sources)
    if any(fake.get("geometry") == RESIZE and fake["status"] in WITH_PIXELS for fake in fakes):
        crops.enlarge_all()
    return shard


def _mark_altered(job: TargetJob, shard: Shard, indices: list[int]) -> None:
    """Marks the crops of a fake that stands alone: all, or those of its fake seconds.

    Nothing tells which of several people is forged, so all are marked. A video of which no sampled
    frame is fake is refused, for its bag would be labelled real.
    """
    (source,), (row,) = job.sources, shard.sources
    fake = set(indices)
    if source.segments:
        times = frame_seconds(job.root / source.path, row["n_frames"], row["fps"])
        if late := [f"{start:g}-{end:g}" for start, end in source.segments if start > max(times)]:
            _refuse_segments(shard, f"its segments {';'.join(late)} begin after its last frame at {max(times):.2f} s")
            return
        fake = {i for i in indices if any(start <= times[i] < end for start, end in source.segments)}
    for crop in shard.crops:
        crop["altered"] = crop["frame_index"] in fake
    if not fake:
        what = f"none of the {len(indices)} sampled frames lies in its fake segments"
        _refuse_segments(shard, what, "ask for more --frames, or correct the table")


def _refuse_segments(shard: Shard, what: str, todo: str = "correct them in the table") -> None:
    """Refuses a video whose fake seconds label none of its frames."""
    shard.crops.clear()
    shard.files.clear()
    fail(shard.sources[0], Status.TOO_SHORT, f"{what}; {todo}")


def _read_real(
    job: TargetJob, row: dict[str, Any], own: list[int], shared: Iterable[list[int]], finder: FaceFinder
) -> RealVideo | None:
    """Decodes a real video and finds its people; if that fails, its row says why."""
    try:
        return read_real_video(job.root / row["path"], job.decoder, row["n_frames"], own, shared, finder)
    except MediaError as error:
        fail(row, error.status, error.reason)
        return None


def _add_fake(job: TargetJob, crops: CropMaker, fake: dict[str, Any], indices: list[int]) -> Pairing | None:
    """Compares a fake with its real video and adds its crops, or the reason why there are none.

    Also adds the real crops that may replace them. Returns the comparison, if there was one.
    """
    real = crops.shard.sources[0]
    if copied := find_copy(fake, crops.shard.sources):
        fail(fake, Status.DUPLICATE, copied)
        return None
    path = job.root / fake["path"]
    try:
        frames = dict(DECODERS[job.decoder](path, indices))
        if unchanged := find_same_pixels(real["source_video"], crops.real_video.frames, frames):
            fail(fake, Status.DUPLICATE, unchanged)
            return None
        mask = find_video(job.root / job.corpus.mask_path(fake["path"]))
        pairing = pair(Fake(path, mask, job.decoder, fake["n_frames"], frames), crops.real_video)
    except MediaError as error:
        fail(fake, error.status, error.reason)
        return None
    fake |= pair_columns(pairing)
    if mismatch := pairing.mismatch(real["source_video"]) or crops.sticks_out(frames, pairing):
        fail(fake, _misaligned(job), mismatch)
    if fake["status"] != Status.MISALIGNED:
        crops.add_fake(fake["source_video"], frames, pairing)
        crops.add_real(indices, pairing.altered[0])
    return pairing


def _suspect_real(job: TargetJob, shard: Shard, compared: Sequence[tuple[dict[str, Any], Pairing]]) -> bool:
    """Refuses a real video that two or more of its fakes, and more than half, do not fit.

    One wrong file is more likely than many. A fake that certainly fits clears the real video, and
    one without a face is not judged. Else no fake is blamed: they only lack their counterpart.
    """
    real = shard.sources[0]
    if all(row["status"] == Status.NO_FACE for row in shard.crops):
        return False
    misfits = [(fake, what) for fake, p in compared if (what := p.mismatch(real["source_video"]).partition(";")[0])]
    if len(misfits) < 2 or 2 * len(misfits) <= len(compared) or any(p.is_certain for _, p in compared):
        return False
    count = f"{len(misfits)} of {len(compared)} fakes do not fit it"
    first, what = misfits[0]
    reason = f"{count}, so rather this file is wrong ({first['source_video']} {what}); compare it with the official one"
    fail(real, _misaligned(job), reason)
    for fake, what in misfits:
        kept = job.keep_unverified
        fail(fake, fake["status"] if kept else Status.OK, f"{what}; suspect {real['path']}: {count}" if kept else "")
    return True


def _misaligned(job: TargetJob) -> Status:
    return Status.UNVERIFIED if job.keep_unverified else Status.MISALIGNED


def _probe(job: TargetJob, source: Source) -> dict[str, Any]:
    row = new_row(source)
    if source.path in job.skipped:
        fail(row, Status.FAILED, job.skipped[source.path])
        return row
    try:
        row |= asdict(probe(job.root / source.path)) | {"status": Status.OK.value}
        row["n_bytes"] = (job.root / source.path).stat().st_size  # for the next build alone: it is in no table
    except MediaError as error:
        fail(row, error.status, error.reason)
        return row
    if broken := job.corpus.broken_promise(source.compression, row["crf"]):
        fail(row, Status.WRONG_COMPRESSION, f"{broken}; put the file of that folder's compression there")
    elif row["n_frames"] < job.frames_per_video:
        reason = f"{row['n_frames']} frames, fewer than the {job.frames_per_video} to sample; ask for fewer --frames"
        fail(row, Status.TOO_SHORT, reason)
    return row


def _check_shared(fake: dict[str, Any], real: dict[str, Any], count: int) -> None:
    """Refuses a fake that shows too few of its real video's moments to sample them."""
    if fake["status"] == Status.OK and (reason := too_short(_shared(fake, real, count), count)):
        fail(fake, Status.TOO_SHORT, reason)


def _shared(fake: dict[str, Any], real: dict[str, Any], count: int) -> int:
    return shared_length(fake["manipulation"], fake["n_frames"], real["n_frames"], count)


def _indices(n_frames: int, count: int) -> list[int]:
    return [int(i) for i in frame_index(np.arange(count), n_frames, count)]
