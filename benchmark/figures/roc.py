"""ROC curves of the test videos: the share of fakes found at each share of false alarms."""

import numpy as np
import pandas as pd

from benchmark.figures.points import lines_of
from benchmark.metrics.ranking import auc
from benchmark.metrics.score_arrays import Rows, read_rows
from benchmark.runs.folder import Run

COLUMNS = ["method", "fpr", "tpr", "auc"]

RATES = np.linspace(0, 1, 101)
"""False positive rates at which a curve is read off."""


def roc_curve(runs: list[Run]) -> pd.DataFrame:
    """Computes the ROC curve of each method: TPR at each FPR, the mean over seeds.

    ``auc`` is the mean of the trainings' areas. A method without both classes has no curve.
    """
    tables = []
    for name, own in lines_of(runs):
        videos = [read_rows(run.scores, "video") for run in own]
        if len(np.unique(videos[0].label)) == 2:
            tpr = np.mean([_read_off(one) for one in videos], axis=0)
            area = float(np.mean([auc(one.label, one.score) for one in videos]))
            tables.append(pd.DataFrame({"method": name, "fpr": RATES, "tpr": tpr, "auc": area}))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def _read_off(videos: Rows) -> np.ndarray:
    """Reads off the TPR at each rate, on the lines between the thresholds' points.

    Where the curve rises straight up, it is the upper end.
    """
    order = np.argsort(-videos.score, kind="stable")
    last = np.append(np.diff(videos.score[order]) != 0, True)  # of equal scores
    hits, alarms = (np.append(0, np.cumsum(videos.label[order] == label)[last]) for label in (1, 0))
    return np.asarray(np.interp(RATES, alarms / alarms[-1], hits / hits[-1]))
