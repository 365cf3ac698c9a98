"""Submissions, as ``ffpms evaluate --submission`` is given them: a folder with card and scores."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomli_w

from benchmark.runs.external import read_candidate, write_runs
from benchmark.runs.folder import Run, read_run
from benchmark.runs.ground_truth import GroundTruth
from benchmark.runs.submissions.folder import find_candidate
from ffpms.dataset.built_set import BuiltSet
from tests.helpers.submissions import predict

CONFIGURATION = {"training": "train split", "trained_on": "train split of the set", "chosen_on": "val"}
CARD: dict[str, Any] = {
    "method": "my-tool",
    "title": "My tool",
    "authors": ["A. Author", "B. Author"],
    "url": "https://example.org/my-tool",
    "licence": "CC-BY-4.0",
    "date": date(2026, 11, 26),
    "configuration": CONFIGURATION,
}


def predict_seeds(data: Path | None, seeds: Iterable[int] = (0, 1, 2), split: str = "test") -> pd.DataFrame:
    """Several trainings of a tool that is right and not quite sure, or not quite right."""
    rows = predict(data, split)
    draws = [np.random.default_rng([seed, len(rows)]).normal(0, 0.2, len(rows)) for seed in seeds]
    tables = [
        rows.assign(seed=seed, score=(rows["score"] + draw).clip(0, 1)) for seed, draw in zip(seeds, draws, strict=True)
    ]
    return pd.concat(tables, ignore_index=True)


def make_submission(folder: Path, rows: pd.DataFrame, val: pd.DataFrame | None = None, **card: Any) -> Path:
    """A submission; a value of None takes its key from the card."""
    folder.mkdir(parents=True)
    content = {key: value for key, value in (CARD | card).items() if value is not None}
    (folder / "submission.toml").write_text(tomli_w.dumps(content), encoding="utf-8")
    rows.to_csv(folder / "scores.csv", index=False)
    if val is not None:
        val.to_csv(folder / "val_scores.csv", index=False)
    return folder


def take_in(folder: Path, data: BuiltSet | None, out: Path) -> list[Run]:
    """The runs that ``ffpms evaluate --submission`` makes, without a leaderboard; of FFPMS v1 if no set is given."""
    candidate, problems = find_candidate(folder)
    make = partial(GroundTruth.of_set, data) if data else GroundTruth.of_v1
    assert candidate
    test, val, wrong = read_candidate(candidate, make("test"), make("val"))
    assert test
    assert problems + wrong == []
    return [read_run(path) for path in write_runs(candidate.name, test, val, out, candidate.card)]
