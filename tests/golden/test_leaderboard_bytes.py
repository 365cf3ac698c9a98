"""The leaderboard of made-up runs, byte for byte: no number moves unnoticed, whatever is made quicker or moved.

``FFPMS_GOLDEN=1 pytest tests/golden/test_leaderboard_bytes.py`` writes the files anew; read the difference.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.leaderboards.board import make_board
from benchmark.runs.folder import Run
from tests.helpers.scores import run, scores, segments_of

HERE = Path(__file__).parent / "leaderboard"
FILES = ("leaderboard.csv", "comparisons.csv", "leaderboard.md", "leaderboard.tex")


def spread(table: pd.DataFrame, step: float) -> pd.DataFrame:
    """Scores from arithmetic alone, better than chance, some of them equal."""
    chance = np.round(np.arange(len(table)) * step % 1, 2)
    return table.assign(score=0.75 * chance + 0.25 * table["y_true"])


def made_up(method: str, seed: int, step: float, **settings: object) -> Run:
    test, val = (scores(0, 3, split=split, contiguous=True) for split in ("test", "val"))
    one = run(seed, method, dataset="FFPMS", **settings)
    return replace(one, scores=spread(test, step), val=spread(val, step / 2), segments=segments_of(test))


@pytest.mark.parametrize("name", FILES)
def test_the_leaderboard_is_what_it_was(tmp_path: Path, name: str) -> None:
    runs = [made_up("s-mil", 0, 0.618), made_up("s-mil", 1, 0.414), made_up("lstm", 0, 0.732, epochs=2)]
    make_board(runs).write(tmp_path)
    if os.environ.get("FFPMS_GOLDEN"):
        HERE.mkdir(exist_ok=True)
        (HERE / name).write_bytes((tmp_path / name).read_bytes())
    assert (tmp_path / name).read_text() == (HERE / name).read_text()
