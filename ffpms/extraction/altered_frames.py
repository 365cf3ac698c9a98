"""Altered frames: which faces of a fake that stands alone are marked as fake."""

from ffpms.extraction.decoding.frame_times import frame_seconds
from ffpms.extraction.shards import Shard
from ffpms.extraction.source_rows import fail
from ffpms.extraction.target_job import TargetJob
from ffpms.schema import Status


def mark_altered(job: TargetJob, shard: Shard, indices: list[int]) -> None:
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
    shard.drop_crops()
    fail(shard.sources[0], Status.TOO_SHORT, f"{what}; {todo}")
