"""The leaderboard of made-up runs, byte for byte: no number moves unnoticed, whatever is made quicker or moved.

``FFPMS_GOLDEN=1 pytest tests/golden/test_leaderboard_bytes.py`` writes the files anew; read the difference.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.leaderboards import labels
from benchmark.leaderboards.board import make_board
from benchmark.runs.folder import Run
from tests.helpers.scores import ALL, run, scores, segments_of

HERE = Path(__file__).parent / "leaderboard"
FILES = ("leaderboard.csv", "comparisons.csv", "leaderboard.md", "leaderboard.tex")


@pytest.fixture(autouse=True)
def _two_manipulations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up runs have two manipulations, and are taken for runs on all four."""
    monkeypatch.setattr(labels, "ALL_KINDS", set(ALL))


def spread(table: pd.DataFrame, step: float) -> pd.DataFrame:
    """Scores from arithmetic alone, better than chance, some of them equal."""
    chance = np.round(np.arange(len(table)) * step % 1, 2)
    return table.assign(score=0.75 * chance + 0.25 * table["y_true"])


def made_up(method: str, seed: int, step: float, **settings: object) -> Run:
    test, val = (scores(0, 3, split=split, contiguous=True) for split in ("test", "val"))
    one = run(seed, method, dataset="FFPMS", **settings)
    return replace(one, scores=spread(test, step), val=spread(val, step / 2), segments=segments_of(test))


def one_seed() -> list[Run]:
    """Two seeds and one: nothing is tested."""
    return [made_up("s-mil", 0, 0.618), made_up("s-mil", 1, 0.414), made_up("lstm", 0, 0.732, epochs=2)]


def three_seeds() -> list[Run]:
    """Three methods, of which two share the scores of frames."""
    avg = [made_up("xn-avg", seed, step) for seed, step in enumerate((0.618, 0.414, 0.732))]
    mil = [made_up("s-mil", seed, step) for seed, step in enumerate((0.303, 0.302, 0.305))]
    top = [made_up("xn-max", seed, step) for seed, step in enumerate((0.21, 0.22, 0.23))]
    videos = [one.scores["level"] == "video" for one in top]
    shared = [b.scores["score"].where(v, a.scores["score"]) for a, b, v in zip(avg, top, videos, strict=True)]
    return [*avg, *mil, *(replace(b, scores=b.scores.assign(score=own)) for b, own in zip(top, shared, strict=True))]


@pytest.mark.parametrize("name", FILES)
def test_the_leaderboard_is_what_it_was(tmp_path: Path, name: str) -> None:
    compare_bytes(one_seed(), HERE / name, tmp_path)


@pytest.mark.parametrize("name", FILES[1:])
def test_the_tests_of_three_seeds_are_what_they_were(tmp_path: Path, name: str) -> None:
    compare_bytes(three_seeds(), HERE / "three_seeds" / name, tmp_path)


def compare_bytes(runs: list[Run], golden: Path, tmp_path: Path) -> None:
    make_board(runs).write(tmp_path)
    if os.environ.get("FFPMS_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_bytes((tmp_path / golden.name).read_bytes())
    assert (tmp_path / golden.name).read_text() == golden.read_text()
