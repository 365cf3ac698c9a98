"""How often two methods of equal skill are told apart: at most 6 % at a level of 5 %, whatever their trainings do.

docs/scores.md has the whole table; ``python -m tests.helpers.trainings`` makes it.
"""

import numpy as np
import pytest
from scipy.stats import binom

from benchmark.metrics.resampling.pair_tables import resample_accuracy, resample_auc
from benchmark.metrics.score_arrays import make_rows
from benchmark.stats.bootstrap import resample
from tests.helpers.trainings import N_RESAMPLES, SIGN, World, count_found, resample_metric

N_TRIALS = 400
MOST = binom.ppf(0.999, N_TRIALS, 0.06)
"""Of false alarms at 6 %, a test that keeps to it has more in one of a thousand cases: 38 of 400."""


@pytest.mark.parametrize(
    "world",
    [
        *(World("accuracy", 70, (3, 3), spread, alike=True) for spread in (0, 2.5, 4)),
        *(World("accuracy", n_pairs, seeds, 4) for n_pairs in (6, 70) for seeds in ((3, 5), (10, 10))),
        World("accuracy", 6, (10, 10), 0),
        World("auc", 70, (3, 3), 4, alike=True),
        World("auc", 6, (10, 10), 0),
    ],
    ids=str,
)
def test_false_alarms_are_as_rare_as_the_level_says(world: World) -> None:
    assert count_found(world, N_TRIALS).both <= MOST


@pytest.mark.parametrize("metric", ["accuracy", "auc"])
def test_the_noise_of_pairs_alone_tells_two_trainings_apart(metric: str) -> None:
    """The rule of before, by which two trainings of one method differ."""
    found = count_found(World(metric, 70, (3, 3), 2.5, alike=True), N_TRIALS)
    assert found.pairs_alone > MOST


@pytest.mark.parametrize("metric", ["accuracy", "auc"])
def test_a_large_difference_is_found(metric: str) -> None:
    """20 points between methods whose trainings spread by 2.5."""
    assert count_found(World(metric, 70, (3, 3), 2.5, difference=20), 100).both > 90


@pytest.mark.parametrize("metric", ["accuracy", "auc"])
def test_the_simulation_has_the_boards_resamples(metric: str) -> None:
    score = np.random.default_rng(0).random((2, 7, 4))
    rows = make_rows(np.tile(SIGN > 0, 7).astype(int), score[1].ravel(), cluster=np.repeat(range(7), 4))
    board = {"accuracy": resample_accuracy, "auc": resample_auc}[metric](rows, resample(7, N_RESAMPLES))
    np.testing.assert_allclose(resample_metric(metric, score)[1], board, atol=1e-12)
