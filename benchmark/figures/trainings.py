"""Training curves: loss and validation metrics of each epoch, from the runs' ``history.csv``."""

from pathlib import Path

import pandas as pd

from benchmark.figures.points import lines_of
from benchmark.runs.folder import Run

HISTORY = "history.csv"
COLUMNS = ["method", "epoch", "metric", "value", "low", "high", "n_seeds"]
METRICS = {
    "train_loss": "Training loss",
    "val_loss": "Validation loss",
    "val_accuracy": "Validation accuracy",
    "val_auc": "Validation AUC",
}
"""Columns of ``history.csv`` that are drawn, with their titles. Older runs lack the last."""


def training_curve(runs: list[Run], root: Path) -> pd.DataFrame:
    """Computes the mean over seeds of each epoch, with the lowest and the highest seed.

    Runs without a readable history, such as another tool's scores, are left out.
    """
    tables = []
    for name, own in lines_of(runs):
        read = [history for run in own if (history := _read(root / run.run_id / HISTORY)) is not None]
        if read:
            long = pd.concat(read).melt("epoch", var_name="metric")
            grouped = long.dropna().groupby(["metric", "epoch"], sort=False)["value"]
            found = grouped.agg(value="mean", low="min", high="max", n_seeds="count").reset_index()
            tables.append(found.assign(method=name))
    return pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)


def lack_history(runs: list[Run], root: Path) -> list[str]:
    """Lists the trained runs whose history cannot be read, so that their curve is not drawn."""
    trained = dict.fromkeys(run.run_id for run in runs if not run.external)
    return [run_id for run_id in trained if _read(root / run_id / HISTORY) is None]


def _read(path: Path) -> pd.DataFrame | None:
    """Reads the numbers of a history; None if there is none that can be read."""
    try:
        table = pd.read_csv(path)
        known = [name for name in METRICS if name in table]
        return table[["epoch", *known]].astype(float)
    except (OSError, ValueError, KeyError):
        return None
