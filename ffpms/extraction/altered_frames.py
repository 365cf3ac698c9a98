"""Altered frames: which faces of a fake that stands alone are marked as fake."""

from collections.abc import Sequence

from ffpms.extraction.decoding.frame_times import FrameTimes, read_times
from ffpms.extraction.shards import Shard
from ffpms.extraction.source_rows import fail
from ffpms.extraction.target_job import TargetJob
from ffpms.schema import Status

_SLACK_S = 1.0
"""Seconds that a segment may reach beyond the end of the last frame: more is a wrong number."""


def mark_altered(job: TargetJob, shard: Shard, indices: list[int]) -> None:
    """Marks the crops of a fake that stands alone: all, or those of its fake seconds.

    Nothing tells which of several people is forged, so all are marked. A video of which no sampled
    frame is fake is refused, for its bag would be labelled real.
    """
    (source,), (row,) = job.sources, shard.sources
    fake = set(indices)
    if source.segments:
        times = read_times(job.root / source.path, row["n_frames"])
        if beyond := find_beyond(source.segments, times):
            _refuse_segments(shard, beyond)
            return
        fake = {i for i in indices if any(start <= times.starts[i] < end for start, end in source.segments)}
    for crop in shard.crops:
        crop["altered"] = crop["frame_index"] in fake
    if not fake:
        what = f"none of the {len(indices)} sampled frames lies in its fake segments"
        _refuse_segments(shard, what, "ask for more --frames, or correct the table")


def find_beyond(segments: Sequence[tuple[float, float]], times: FrameTimes) -> str:
    """Says which segments lie or end where the video has no frame; empty if none does.

    Example:
        >>> find_beyond([(0, 1.5), (4, 5)], FrameTimes([0.0, 1.0, 2.0, 3.0], end=4.0))
        'its segments 4-5 begin after its last frame at 3.00 s'
    """
    last = times.starts[-1]
    late = [one for one in segments if one[0] > last]
    long = [one for one in segments if one[1] > times.end + _SLACK_S]
    named = ";".join(f"{start:g}-{end:g}" for start, end in late or long)
    how = "begin after" if late else "end long after"
    return f"its segments {named} {how} its last frame at {last:.2f} s" if named else ""


def _refuse_segments(shard: Shard, what: str, todo: str = "correct them in the table") -> None:
    """Refuses a video whose fake seconds do not fit its frames."""
    shard.drop_crops()
    fail(shard.sources[0], Status.TOO_SHORT, f"{what}; {todo}")
