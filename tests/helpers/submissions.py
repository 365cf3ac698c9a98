"""Another tool's scores, as ``ffpms evaluate`` is given them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from click.testing import Result

from benchmark.runs.ground_truth import GroundTruth
from ffpms.dataset.built_set import BuiltSet

Submit = Callable[..., Result]


def predict(data: Path | None, split: str = "test", frames: bool = True) -> pd.DataFrame:
    """A tool that is right and not quite sure."""
    truth = GroundTruth.of_set(BuiltSet.load(data), split) if data else GroundTruth.of_v1(split)
    videos = truth.videos[["bag_id", "label"]].assign(slot="")
    faces = truth.frames[["bag_id", "slot", "label"]] if frames else None
    rows = pd.concat([videos, faces])
    score = 0.3 + 0.4 * rows["label"] + 0.01 * (np.arange(len(rows)) % 7)
    return rows.drop(columns="label").assign(score=score).reset_index(drop=True)


def check_refused(result: Result, folder: Path, said: list[str]) -> list[str]:
    """Checks that ``mine.csv`` was refused with all that should be said, and no run made; returns the lines."""
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert all(line.startswith(f"Error: {folder}/mine.csv: ") and "; " in line for line in lines)
    for text in said:
        assert any(text in line for line in lines), lines
    assert not (folder / "runs").exists()
    return lines
