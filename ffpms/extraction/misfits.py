"""Misfits: fakes that do not fit their real video, and when that video is to blame."""

from collections.abc import Sequence
from typing import Any

from ffpms.extraction.alignment.pairing import Pairing
from ffpms.extraction.shards import Shard
from ffpms.extraction.source_rows import fail
from ffpms.extraction.target_job import TargetJob
from ffpms.schema import Status


def suspect_real(job: TargetJob, shard: Shard, compared: Sequence[tuple[dict[str, Any], Pairing]]) -> bool:
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
    fail(real, misfit_status(job), reason)
    for fake, what in misfits:
        kept = job.keep_unverified
        fail(fake, fake["status"] if kept else Status.OK, f"{what}; suspect {real['path']}: {count}" if kept else "")
    return True


def misfit_status(job: TargetJob) -> Status:
    """Returns the status of a fake that does not fit."""
    return Status.UNVERIFIED if job.keep_unverified else Status.MISALIGNED
