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

from ffpms.engine.watchdog import watched
from ffpms.errors import ConfigError, MediaError, StorageError
from ffpms.extraction.alignment.pairing import Fake, Pairing, pair
from ffpms.extraction.alignment.real_video import RealVideo, read_real_video
from ffpms.extraction.alignment.registration import RESIZE
from ffpms.extraction.altered_frames import mark_altered
from ffpms.extraction.crops import CropMaker
from ffpms.extraction.decoding.probe import probe
from ffpms.extraction.decoding.wanted_frames import DECODERS
from ffpms.extraction.duplicates import find_copy, find_same_pixels
from ffpms.extraction.faces.detection import FaceFinder, make_finder
from ffpms.extraction.faces.landmarks import DlibPoints, PointFinder
from ffpms.extraction.misfits import misfit_status, suspect_real
from ffpms.extraction.shards import Shard, ShardInPlaceError, note_path, write_shard
from ffpms.extraction.source_rows import fail, new_row, pair_columns
from ffpms.extraction.target_job import TargetJob, TargetResult
from ffpms.machine.allocator import keep_freed_memory
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
    if real["status"] == Status.OK:
        for fake in fakes:
            _check_shared(fake, real, job.frames_per_video)
        _add_crops(job, shard, finder, begin_file)
    return shard


def _add_crops(job: TargetJob, shard: Shard, finder: FaceFinder, begin_file: Callable[[str], None]) -> None:
    """Cuts the faces of a sound real video and of the fakes that fit it."""
    real, *fakes = shard.sources
    usable = [fake for fake in fakes if fake["status"] == Status.OK]
    own = _indices(real["n_frames"], job.frames_per_video)
    shared = [_indices(_shared(fake, real, job.frames_per_video), job.frames_per_video) for fake in usable]
    begin_file(real["path"])
    real_video = _read_real(job, real, own, shared, finder)
    if real_video is None:
        return
    alone = real["manipulation"] != ORIGINAL
    crops = CropMaker(job.crop, shard, real_video, _point_finder() if job.crop.landmarks and not alone else None)
    real["track_id"] = real_video.people[0].track_id
    crops.add_real(own, real["track_id"])
    if alone:
        mark_altered(job, shard, own)
    else:
        _add_fakes(job, crops, list(zip(usable, shared, strict=True)), begin_file)


def _add_fakes(
    job: TargetJob,
    crops: CropMaker,
    fakes: Sequence[tuple[dict[str, Any], list[int]]],
    begin_file: Callable[[str], None],
) -> None:
    """Adds the crops of fakes, each with the indices of its frames.

    If the real video is to blame for misfits there are no crops, not even its own.
    """
    shard, compared = crops.shard, []
    for fake, indices in fakes:
        begin_file(fake["path"])
        if pairing := _add_fake(job, crops, fake, indices):
            compared.append((fake, pairing))
    if suspect_real(job, shard, compared) and not job.keep_unverified:
        shard.drop_crops()
    elif any(fake.get("geometry") == RESIZE and fake["status"] in WITH_PIXELS for fake in shard.sources[1:]):
        crops.enlarge_all()


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
        fail(fake, misfit_status(job), mismatch)
    if fake["status"] != Status.MISALIGNED:
        crops.add_fake(fake["source_video"], frames, pairing)
        crops.add_real(indices, pairing.altered[0])
    return pairing


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
