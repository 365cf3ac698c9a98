"""Chooses thresholds before the test: from val scores only, and from nothing else."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.runs.folder import Run
from ffpms.errors import ManifestError


@dataclass(frozen=True)
class ValScores:
    """The video scores of val bags, without any row of a test table.

    The pairs of the test are given to refuse them: no pair is in two splits.

    Raises:
        ManifestError: a row is of a test pair, or no test is given to compare the rows with.
    """

    table: pd.DataFrame
    test_pairs: frozenset[str]

    def __post_init__(self) -> None:
        if not self.test_pairs:
            raise ManifestError("val scores: no test pairs to compare them with")
        if leaked := sorted(set(self.table["pair_id"]) & self.test_pairs):
            raise ManifestError(f"val scores: pairs of the test are among them ({leaked[0]}, ...); score val bags only")

    @classmethod
    def of(cls, run: Run) -> "ValScores | None":
        """Reads a run's val scores; None if it has not both real and fake val videos.

        They are of the set that it was trained on, and so are the test pairs.
        """
        val = cls(run.val[run.val["level"] == "video"], frozenset((run.origin or run).scores["pair_id"]))
        return val if val.label.any() and not val.label.all() else None

    @property
    def label(self) -> np.ndarray:
        """Labels of the val videos."""
        return self.table["y_true"].to_numpy(dtype=np.int64)

    @property
    def score(self) -> np.ndarray:
        """Scores of the val videos."""
        return self.table["score"].to_numpy(dtype=np.float64)


def choose_threshold(val: ValScores) -> float:
    """Chooses the threshold with the highest accuracy (mean of both classes) on val.

    Candidates are 0, 0.5 and the middles between neighbouring scores. Of equally good ones the
    nearest to 0.5 is taken, and of two as near the lower.
    """
    distinct = np.unique(val.score)
    candidates = np.array([0.0, 0.5, *(distinct[1:] + distinct[:-1]) / 2])
    found = _share_at_least(val.score[val.label == 1], candidates)
    alarms = _share_at_least(val.score[val.label == 0], candidates)
    order = np.lexsort((candidates, np.round(np.abs(candidates - 0.5), 12), -np.round(found - alarms, 12)))
    return float(candidates[order[0]])


def _share_at_least(score: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    return 1 - np.searchsorted(np.sort(score), thresholds, side="left") / len(score)
