"""What is chosen on val: from val rows only, the best there is, and always the same."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchmark.leaderboards.board import tabulate
from benchmark.metrics.accuracy import accuracy
from benchmark.metrics.calibration import fit_temperature, scale
from benchmark.metrics.val_scores import ValScores, choose_threshold
from ffpms.errors import ManifestError
from tests.helpers.scores import run

TEST_PAIRS = frozenset({"t0", "t1"})


def val(rows: list[tuple[int, float]]) -> ValScores:
    return ValScores(pd.DataFrame(rows, columns=["y_true", "score"]).assign(pair_id="v0"), TEST_PAIRS)


def test_test_rows_are_refused() -> None:
    one = run()
    with pytest.raises(ManifestError, match="pairs of the test are among them"):
        ValScores.of(replace(one, val=one.scores))
    leaked = pd.concat([one.val, one.scores.tail(1).assign(level="video")])
    with pytest.raises(ManifestError, match="pairs of the test are among them"):
        tabulate([replace(one, val=leaked)])
    with pytest.raises(ManifestError, match="no test pairs"):
        ValScores(one.val, frozenset())


def test_only_val_decides() -> None:
    """Other test scores, the same threshold; other val scores, another."""
    one = run()

    def threshold(of):  # type: ignore[no-untyped-def]
        return tabulate([of]).query("metric == 'accuracy_val'")["threshold"].unique().tolist()

    changed = replace(one, scores=one.scores.assign(score=1 - one.scores["score"]))
    assert threshold(changed) == threshold(one)
    moved = replace(one, val=one.val.assign(score=one.val["score"] / 4))
    assert threshold(moved) != threshold(one)


def test_without_both_classes_there_is_nothing_to_choose_on() -> None:
    one = run()
    assert ValScores.of(replace(one, val=one.val[:0])) is None
    assert ValScores.of(replace(one, val=one.val[one.val["y_true"] == 0])) is None


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20).map(lambda k: k / 20)), min_size=2, max_size=30))
def test_no_threshold_is_better_on_val(rows: list[tuple[int, float]]) -> None:
    label, score = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    assume(0 < label.sum() < len(label))
    chosen = choose_threshold(val(rows))
    best = max(accuracy(label, score, t) for t in np.r_[0, np.arange(1, 42) / 40 - 0.0125, 1.1])
    assert accuracy(label, score, chosen) == pytest.approx(best)


@pytest.mark.parametrize(
    ("rows", "threshold"),
    [
        ([(0, 0.2), (1, 0.8)], 0.5),  # any in (0.2, 0.8]: the one nearest to 0.5
        ([(0, 0.6), (1, 0.8)], 0.7),
        ([(0, 0.1), (1, 0.2), (0, 0.3), (1, 0.9)], 0.5),  # 0.15 and 0.6 are as good, and 0.5 too
        ([(1, 0.5), (0, 0.5)], 0.5),
        ([(0, 0.4), (0, 0.4), (1, 0.45), (0, 0.5), (0, 0.55), (1, 0.58)], 0.565),  # 0.425 is as good, and farther off
        ([(0, 0.1), (1, 0.3), (0, 0.7), (1, 0.9)], 0.2),  # 0.8 is as good and as near: the lower
        ([(1, 0.1), (0, 0.9)], 0.0),  # nothing is better than to call all fake
    ],
)
def test_ties_go_to_the_one_nearest_to_a_half(rows: list[tuple[int, float]], threshold: float) -> None:
    assert choose_threshold(val(rows)) == pytest.approx(threshold)
    assert choose_threshold(val(rows[::-1])) == pytest.approx(threshold)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_temperature_that_was_put_in_is_found(temperature: float) -> None:
    draw = np.random.default_rng(0)
    logit = draw.normal(0, 2, 20_000)
    label = (draw.random(20_000) < 1 / (1 + np.exp(-logit))).astype(int)
    score = 1 / (1 + np.exp(-logit * temperature))
    found = fit_temperature(val(list(zip(label.tolist(), score.tolist(), strict=True))))
    assert found == pytest.approx(temperature, rel=0.05)
    moderate = np.abs(logit * temperature) < 25
    assert scale(score, temperature)[moderate] == pytest.approx(1 / (1 + np.exp(-logit[moderate])), abs=1e-6)


def test_scores_of_0_and_1_have_a_temperature_too() -> None:
    assert 0 < fit_temperature(val([(1, 1.0), (0, 0.0), (1, 0.0), (0, 1.0), (1, 1.0), (0, 0.0)])) <= 100
    assert scale(np.array([0.0, 0.5, 1.0]), 2.0) == pytest.approx([1e-6, 0.5, 1 - 1e-6])
