"""How quick 10,000 resamples are beside a plain loop that calls scikit-learn on each, in one run on the same scores.

``pytest -m bench -s`` prints the figures of docs/benchmarks.md.
"""

import time
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from threadpoolctl import threadpool_limits

from benchmark.leaderboards.board import make_board
from benchmark.metrics.resampling import roc
from benchmark.metrics.resampling.pair_tables import resample_auc
from benchmark.metrics.score_arrays import Rows, read_rows
from benchmark.stats.bootstrap import resample
from tests.helpers.scores import run, scores

FAKES = ("DF", "F2F", "FS", "NT")
N_PAIRS = 70
N_PLAIN = 60
"""Resamples of the plain loop; its time is scaled."""


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds, the better of two runs."""
    spent = []
    for _ in range(2):
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return min(spent)


def plain_loop(rows: Rows, counts: np.ndarray, metric: Callable[[np.ndarray, np.ndarray], float]) -> list[float]:
    """Draws the videos of the pairs again and calls the metric on them."""
    of_pair = [np.flatnonzero(rows.pair == k) for k in range(rows.n_pairs)]
    found = []
    for drawn in counts.astype(int):
        again = np.concatenate([of_pair[k] for k in np.repeat(np.arange(rows.n_pairs), drawn)])
        found.append(metric(rows.label[again], rows.score[again]))
    return found


@pytest.fixture(scope="module")
def videos() -> Rows:
    """The 700 videos of FFPMS."""
    rows = read_rows(scores(0, N_PAIRS, FAKES), "video")
    assert len(rows.label) == 700
    return rows


@pytest.mark.bench
@pytest.mark.parametrize(
    ("name", "least"), [("auc of frames", 100), ("auc", 15), ("ap", 15)], ids=lambda value: str(value)
)
def test_resamples_beside_a_plain_loop(videos: Rows, name: str, least: float) -> None:
    counts = resample(N_PAIRS)
    metric = average_precision_score if name == "ap" else roc_auc_score
    statistic = {"value": roc.ap if name == "ap" else roc.auc}

    def ours() -> np.ndarray:
        if name == "auc of frames":
            return resample_auc(videos, counts)
        return roc.resample_steps(videos.label, videos.score, videos.pair, counts, statistic)["value"]

    few = counts[:N_PLAIN]
    np.testing.assert_allclose(ours()[:N_PLAIN], plain_loop(videos, few, metric), atol=1e-6)
    quick = seconds(ours)
    plain = seconds(lambda: plain_loop(videos, few, metric)) * len(counts) / N_PLAIN
    ratio = plain / quick
    print(f"\n{name}, 700 videos, 10,000 resamples: {quick:.3f} s; scikit-learn {plain:.1f} s ({ratio:.0f} times)")
    assert ratio > least


@pytest.mark.bench
def test_the_whole_leaderboard_of_12_methods(videos: Rows) -> None:
    """All its cells and comparisons, beside a plain loop over the AUC of videos alone, of each method in one column."""
    runs = [run(0, f"m{k}", FAKES, skill=0.1 + 0.03 * k, n_pairs=N_PAIRS) for k in range(12)]
    few = resample(N_PAIRS)[:N_PLAIN]
    plain = 12 * seconds(lambda: plain_loop(videos, few, roc_auc_score)) * 10_000 / N_PLAIN
    started = time.process_time()
    with threadpool_limits(1):
        cells = len(make_board(runs).cells)
    ours = time.process_time() - started
    print(f"\n12 methods, 700 videos, 14,000 frames, {cells} cells: {ours:.1f} s; a plain loop's 12 AUCs {plain:.0f} s")
    assert plain / ours > 5
