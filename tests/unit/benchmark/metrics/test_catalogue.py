"""A metric is one file: it is found, estimated with its interval, written to the board, and compared if it says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import benchmark.metrics
from benchmark.leaderboards.board import make_board
from benchmark.metrics import auc
from benchmark.metrics.catalogue import METRICS, collect
from benchmark.metrics.metric import Metric
from benchmark.trials.identity import CODE
from tests.helpers.imports import covers
from tests.helpers.scores import run

TOY = '''
from benchmark.metrics.accuracy import validate
from benchmark.metrics.metric import Metric
from benchmark.metrics.resampling.pair_tables import estimate_mean

def sharpness(label, score):
    """Mean distance of a score from 0.5, doubled."""
    _, scores = validate(label, score)
    return float(abs(2 * scores - 1).mean())

def _sample(cell, counts):
    return estimate_mean(cell.videos, abs(2 * cell.videos.score - 1), counts)

METRICS = (
    Metric("sharpness", "Sharpness", "video", sharpness, compared=True, sample=_sample),
    Metric("sharpness_plain", "Sharpness without interval", "video", sharpness),
)
'''


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Metric]]:
    """Two metrics from one more file of the folder."""
    (tmp_path / "toy_sharpness.py").write_text(TOY)
    monkeypatch.setattr(benchmark.metrics, "__path__", [*benchmark.metrics.__path__, str(tmp_path)])
    found = {name: metric for name, metric in collect().items() if name not in METRICS}
    for name, metric in found.items():
        monkeypatch.setitem(METRICS, name, metric)
    yield found
    monkeypatch.undo()
    assert not METRICS.keys() & found.keys()


def test_a_file_of_the_folder_is_found_after_our_own(toys: dict[str, Metric]) -> None:
    assert list(toys) == ["sharpness", "sharpness_plain"]
    assert list(collect()) == [*(name for name in METRICS if name not in toys), *toys]


def test_it_is_in_the_board(toys: dict[str, Metric], tmp_path: Path) -> None:
    one, other = run(), run(method="lstm")
    board = make_board([one, other])
    own = board.cells[(board.cells["fake_rate_bucket"] == "all") & (board.cells["manipulation"] == "all")]
    cells = {name: own[(own["method"] == "s-mil") & (own["metric"] == name)].iloc[0] for name in toys}
    videos = one.scores[one.scores["level"] == "video"]
    for cell in cells.values():
        assert cell["value"] == pytest.approx(abs(2 * videos["score"] - 1).mean())
        assert cell["n_videos"] == len(videos)
    assert cells["sharpness"]["ci_low"] < cells["sharpness"]["value"] < cells["sharpness"]["ci_high"]
    assert cells["sharpness_plain"][["ci_low", "ci_high"]].isna().all(), "it says of no resamples"
    assert set(board.comparisons["metric"]) == {"accuracy", "auc", "frame_auc", "sharpness"}
    assert "### Sharpness (%)" in board.markdown()
    board.write(tmp_path)
    assert ",all,sharpness," in (tmp_path / "leaderboard.csv").read_text()


def test_without_it_nothing_is_said_of_it() -> None:
    assert "sharpness" not in set(make_board([run()]).cells["metric"])


def test_the_example_of_contributing_is_a_metric(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[4] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    code = text.split("## A new metric")[1].split("```python\n")[1].split("```")[0]
    (tmp_path / "toy_youden.py").write_text(code)
    monkeypatch.setattr(benchmark.metrics, "__path__", [*benchmark.metrics.__path__, str(tmp_path)])
    monkeypatch.setitem(METRICS, "youden", collect()["youden"])
    cells = make_board([run()]).cells
    own = cells[(cells["metric"] == "youden") & (cells["fake_rate_bucket"] == "all")]
    assert len(own) == 3
    assert (own["ci_low"] < own["value"]).all()
    assert METRICS["youden"].function([0, 1, 0, 1], [0.1, 0.9, 0.3, 0.2]) == 0.5
    assert METRICS["youden"].function([0, 1], [0.5, 0.5]) == 0


def test_two_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy_twin.py").write_text("from benchmark.metrics.ranking import METRICS\n")
    monkeypatch.setattr(benchmark.metrics, "__path__", [*benchmark.metrics.__path__, str(tmp_path)])
    with pytest.raises(ValueError, match="auc: two metrics have this name"):
        collect()


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="toy: no level 'pixel'; choose from video, frame, segment"):
        Metric("toy", "Toy", "pixel", auc)


def test_what_the_leaderboard_computes_is_no_part_of_a_runs_code() -> None:
    """Else a new metric would train every run anew."""
    hashed = [f"benchmark/{part}" for part in CODE["benchmark"]]
    assert any(covers(part, "benchmark.metrics.accuracy") for part in hashed)
    free = ("benchmark.metrics.ranking", "benchmark.metrics.accuracy_metrics")
    assert not any(covers(part, name) for part in hashed for name in free)
