"""ROC curves of the test videos: the share of fakes found at each share of false alarms."""

import numpy as np
import pandas as pd

from benchmark.figures.points import draw_first, lines_of, summarise
from benchmark.metrics.ranking import auc
from benchmark.metrics.score_arrays import Rows, read_rows
from benchmark.runs.folder import Run
from benchmark.stats.bootstrap import N_RESAMPLES

COLUMNS = ["method", "fpr", "tpr", "ci_low", "ci_high", "auc"]

RATES = np.linspace(0, 1, 101)
"""False positive rates at which a curve is read off."""


def roc_curve(runs: list[Run], n_resamples: int = N_RESAMPLES) -> pd.DataFrame:
    """Computes the ROC curve of each method: TPR at each FPR, the mean over seeds.

    ``ci_low`` and ``ci_high`` are the cluster bootstrap interval of the TPR at each FPR, of
    ``n_resamples``. ``auc`` is the mean of the trainings' areas. A method without both classes has
    no curve.
    """
    tables = []
    for name, own in lines_of(runs):
        videos = [read_rows(run.scores, "video") for run in own]
        if len(np.unique(videos[0].label)) == 2:
            counts = draw_first(videos[0].n_pairs, n_resamples)
            samples = np.mean([_read_off(one, counts) for one in videos], axis=0)
            points = [summarise(column, videos[0]) for column in samples.T]
            found = pd.DataFrame(points, columns=["tpr", "ci_low", "ci_high"])
            area = float(np.mean([auc(one.label, one.score) for one in videos]))
            tables.append(found.assign(method=name, fpr=RATES, auc=area)[COLUMNS])
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def _read_off(videos: Rows, counts: np.ndarray) -> np.ndarray:
    """Reads off the TPR at each rate in each resample, on the lines between the thresholds' points.

    Where the curve rises straight up, it is the upper end. It is NaN where a class is missing.

    Shape: counts (R, C) -> (R, 101).
    """
    levels, place = np.unique(-videos.score, return_inverse=True)
    shares = []
    for label in (0, 1):
        table = np.zeros((videos.n_pairs, 1 + len(levels)))
        own = videos.label == label
        np.add.at(table, (videos.pair[own], 1 + place[own]), 1)
        above = counts @ table.cumsum(axis=1)
        total = above[:, -1:]
        shares.append(np.divide(above, total, out=np.full_like(above, np.nan), where=total > 0))
    read = [np.interp(RATES, alarms, hits) for alarms, hits in zip(*shares, strict=True)]
    return np.where(np.isfinite(shares[0][:, -1:]), np.stack(read), np.nan)
