"""Run folders as ``ffpms bench`` leaves them, without a training; and runs of a built set's own bags."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import tomli_w

from benchmark.runs.folder import FEWER_SCORES, GRID_SCORES, SCORES, SEGMENTS, Run, finish, name_run
from benchmark.runs.ground_truth import GroundTruth
from benchmark.train_config import TrainConfig
from ffpms.dataset.built_set import BuiltSet
from ffpms.parquet import write_table
from ffpms.schema import FEWER_SCORE, GRID_SCORE, SCORE, SEGMENT, Split
from tests.helpers.scores import fewer_scores, grid_scores, make_run


def store(one: Run, root: Path, grid: bool = False) -> Path:
    """A run folder, but for weights and history."""
    folder = root / name_run(one.settings, one.data_sha256, one.code_sha256)
    folder.mkdir(parents=True)
    about = {"data": {"name": one.dataset, "sha256": one.data_sha256}, "code": {"sha256": one.code_sha256}}
    (folder / "config.toml").write_text(tomli_w.dumps({"train": dict(one.settings)} | about))
    constant = {"run_id": folder.name, "method": one.method, "dataset": one.dataset}
    for split, table in ((Split.TEST, one.scores), (Split.VAL, one.val)):
        write_table(table.assign(**constant), SCORE, folder / SCORES[split])
    if one.segments is not None:
        write_table(one.segments, SEGMENT, folder / SEGMENTS)
    if grid:
        write_table(grid_scores(one.scores).assign(**constant), GRID_SCORE, folder / GRID_SCORES)
    (folder / "DONE").touch()
    return folder


def store_all(one: Run, root: Path, epochs: int = 4) -> Path:
    """A run folder with all that a report reads: the grid, fewer frames, history and environment."""
    folder = store(one, root, grid=True)
    constant = {"run_id": folder.name, "method": one.method, "dataset": one.dataset}
    write_table(fewer_scores(one.scores).assign(**constant), FEWER_SCORE, folder / FEWER_SCORES)
    steps = np.arange(1, epochs + 1)
    history = {"epoch": steps, "train_loss": 1 / steps, "val_loss": 1.1 / steps, "val_accuracy": 1 - 0.5 / steps}
    pd.DataFrame(history | {"val_auc": 1 - 0.4 / steps, "seconds": 1.0}).to_csv(folder / "history.csv", index=False)
    machine = {"python": "3.11", "platform": "Linux", "device": "cpu", "threads": 2, "packages": {"torch": "2.6"}}
    (folder / "environment.json").write_text(json.dumps(machine))
    finish(folder)
    return folder


def run_of_set(data: BuiltSet, method: str = "s-mil", seed: int = 0, weights: bool = True, skill: float = 0.3) -> Run:
    """A run that scored a set's bags: fakes higher by ``skill``, each face with a weight if wanted."""
    draw = np.random.default_rng([seed, *map(ord, method)])
    test, val = (_score(GroundTruth.of_set(data, split), draw, weights, skill) for split in ("test", "val"))
    about = vars(TrainConfig(method=method, manipulations=data.manipulations, seed=seed))
    settings = {key: list(value) if isinstance(value, tuple) else value for key, value in about.items()}
    return make_run(f"{method}-{seed}", settings, data.name, data.sha256, test, val)


def _score(truth: GroundTruth, draw: np.random.Generator, weights: bool, skill: float) -> pd.DataFrame:
    videos = truth.scored.assign(level="video", slot=-1, track_id=-1)
    faces = truth.frames.merge(truth.scored.drop(columns=["label", "status"]), on="bag_id").assign(level="frame")
    rows = pd.concat([videos, faces[videos.columns]]).rename(columns={"label": "y_true"})
    score = (0.35 + skill * rows["y_true"] + draw.normal(0, 0.15, len(rows))).clip(0, 1)
    share = (rows["level"] == "frame") / rows.groupby("bag_id")["slot"].transform(lambda slots: (slots >= 0).sum())
    return rows.assign(score=score, weight=share.where(rows["level"] == "frame") if weights else None)
