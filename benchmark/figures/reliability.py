"""Reliability diagrams: the share of fakes among the test videos of a score, which should be it."""

import numpy as np
import pandas as pd

from benchmark.figures.points import lines_of
from benchmark.metrics.calibration import N_BINS, bin_of, ece
from benchmark.metrics.score_arrays import read_rows
from benchmark.runs.folder import Run

COLUMNS = ["method", "score", "share_fake", "n_videos", "ece"]


def reliability(runs: list[Run]) -> pd.DataFrame:
    """Computes mean score and share of fakes in each of 15 bins of the score (Guo et al., ICML
    2017).

    The scores of all trainings of a method are in it; ``n_videos`` is their number divided by the
    trainings. ``ece`` is the mean of the trainings' expected calibration errors. Empty bins are
    left out.
    """
    tables = []
    for name, own in lines_of(runs):
        videos = [read_rows(run.scores, "video") for run in own]
        score, label = (np.concatenate([getattr(one, what) for one in videos]) for what in ("score", "label"))
        place = bin_of(score)
        number, total, fakes = (
            np.bincount(place, weights=weights, minlength=N_BINS) for weights in (None, score, label)
        )
        error = float(np.mean([ece(one.label, one.score) for one in videos]))
        there = number > 0
        columns = (total[there] / number[there], fakes[there] / number[there], number[there] / len(videos))
        tables.append(pd.DataFrame(dict(zip(COLUMNS[1:4], columns, strict=True))).assign(method=name, ece=error))
    return pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)
