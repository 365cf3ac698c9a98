"""Estimates every metric of one run with its resamples, by manipulation and fake-rate bucket."""

from collections.abc import Collection

import numpy as np

from benchmark.metrics import calibration
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.metric import Estimate, resample_curve
from benchmark.metrics.protocols import ACTIVITYNET
from benchmark.metrics.run_scores import CellScores, RunScores
from benchmark.metrics.score_arrays import read_rows
from benchmark.metrics.segments import read_proposals, read_segments
from benchmark.metrics.val_scores import ValScores, choose_threshold
from benchmark.runs.folder import Run
from ffpms.hashing import digest


def read_run_scores(run: Run, protocol: str = ACTIVITYNET) -> RunScores:
    """Reads a run's scores once, for every manipulation and bucket."""
    val, videos = ValScores.of(run), read_rows(run.scores, "video")
    return RunScores(
        videos=videos,
        frames=read_rows(run.scores, "frame"),
        threshold=choose_threshold(val) if val else None,
        temperature=calibration.fit_temperature(val) if val else None,
        segments=None if run.segments is None else read_segments(run.segments, videos),
        protocol=protocol,
        proposed=None if run.proposals is None else read_proposals(run.proposals, videos),
    )


def digest_frames(run_scores: RunScores) -> str:
    """Digests the frame scores of a run, in any order of its rows; '' if there are none.

    Of proposals of another tool's own, from which segments are scored, it takes all too.
    """
    rows, own = run_scores.frames, run_scores.proposed
    order = np.lexsort((rows.score, rows.slot, rows.bag))
    columns = [column[order] for column in (rows.bag, rows.slot, rows.score)]
    columns += [] if own is None else [own.rows.bag, own.rows.score, own.start, own.end]
    content = b"".join(column.tobytes() for column in columns)
    return digest("\n".join(rows.bag_names).encode() + content) if order.size else ""


def estimate(
    run_scores: RunScores,
    manipulation: str,
    bucket: str,
    counts: np.ndarray,
    wanted: Collection[str] = METRICS.keys(),
) -> dict[str, Estimate]:
    """Estimates every wanted metric that is defined on these rows, in the catalogue's order."""
    cell = CellScores(run_scores, manipulation, bucket)
    found = _on_curve(cell, counts)
    found |= {
        name: metric.estimate(cell, counts) for name, metric in METRICS.items() if name in wanted and name not in found
    }
    there = {name: found[name] for name in METRICS if name in wanted}
    return {name: one for name, one in there.items() if one and np.isfinite(one.value)}


def _on_curve(cell: CellScores, counts: np.ndarray) -> dict[str, Estimate | None]:
    """Estimates the metrics that are read off the videos' ROC curve, in one walk along it."""
    curves = {name: m.curve for name, m in METRICS.items() if m.curve and m.level == "video"}
    samples = resample_curve(cell.videos, counts, curves)
    return {name: METRICS[name].on_curve(cell, samples) for name in curves}
