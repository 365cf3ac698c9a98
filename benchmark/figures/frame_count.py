"""Accuracy against the number of frames looked at (Li 2020, Fig. 7)."""

import numpy as np
import pandas as pd

from benchmark.figures.points import lines_of, make_curve, sample, summarise
from benchmark.metrics.score_arrays import Rows, read_videos
from benchmark.runs.folder import Run
from benchmark.stats.bootstrap import N_RESAMPLES

COLUMNS = ["method", "n_frames", "metric", "value", "ci_low", "ci_high", "n_videos"]


def frame_curve(runs: list[Run], n_resamples: int = N_RESAMPLES) -> pd.DataFrame:
    """Computes video accuracy at 0.5 and AUC for each number of frames: the mean over seeds.

    Runs without such scores are left out.
    """
    rows: list[tuple[object, ...]] = []
    for name, own in lines_of(runs):
        scored = [run.fewer for run in own if not run.fewer.empty]
        for number in sorted(set(scored[0]["n_frames"])) if scored else ():
            seen = [_read_seen(fewer, number) for fewer in scored]
            for metric in ("accuracy", "auc"):
                samples = np.mean([sample(metric, videos, n_resamples) for videos in seen], axis=0)
                rows.append((name, number, metric, *summarise(samples, seen[0]), len(seen[0].label)))
    return make_curve(rows, COLUMNS)


def _read_seen(fewer: pd.DataFrame, number: int) -> Rows:
    return read_videos(fewer[fewer["n_frames"] == number])
