"""Tests of differences, against what can be worked out by hand."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_ind

from benchmark.stats.significance import Component, holm, mcnemar, over_pairs, over_trainings, welch


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (5, 0, 2 / 32),
        (0, 5, 2 / 32),
        (3, 3, 1.0),
        (1, 7, 2 * (1 + 8) / 256),
        (10, 0, 2 / 1024),
    ],
)
def test_mcnemar_by_hand(wins: int, losses: int, p: float) -> None:
    assert mcnemar(wins, losses) == pytest.approx(p, abs=1e-15)


@pytest.mark.parametrize(("wins", "losses"), [(12, 30), (140, 101), (1, 400)])
def test_mcnemar_is_the_binomial_test(wins: int, losses: int) -> None:
    assert mcnemar(wins, losses) == pytest.approx(binomtest(wins, wins + losses).pvalue, rel=1e-9)


def test_holm_by_hand() -> None:
    """Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1: 0.04, 0.06, 0.06, and 0.06, for it never falls."""
    assert holm(np.array([0.03, 0.01, 0.04, 0.02])) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm(np.array([0.5, 0.4])) == pytest.approx([0.8, 0.8])
    assert holm(np.array([0.9, 0.8, 0.001])) == pytest.approx([1, 1, 0.003])
    assert holm(np.array([])).shape == (0,)


def test_holm_leaves_out_what_was_not_compared() -> None:
    found = holm(np.array([0.01, np.nan, 0.02]))
    assert found[[0, 2]] == pytest.approx([0.02, 0.02])
    assert np.isnan(found[1])


def bootstrap_p(difference: float, samples: np.ndarray, n_pairs: int) -> float:
    """Of the pairs' noise alone: the p of two trained models."""
    return welch(difference, over_pairs(samples, n_pairs)).p


def test_bootstrap_p_is_that_of_the_difference_in_its_standard_errors() -> None:
    """With many pairs 1.96 of them are 5 %; with 6, sqrt(6 / 5) 2.5706, which is Student's of 5 degrees of freedom."""
    samples = np.array([-1.0, 0, 1])
    assert samples.std(ddof=1) == 1
    assert bootstrap_p(1.959964, samples, 1_000_000) == pytest.approx(0.05, abs=1e-6)
    assert bootstrap_p(-1.959964, samples, 1_000_000) == pytest.approx(0.05, abs=1e-6)
    assert bootstrap_p(math.sqrt(6 / 5) * 2.570582, samples, 6) == pytest.approx(0.05, abs=1e-6)
    assert bootstrap_p(0, samples, 70) == 1
    assert bootstrap_p(10, samples, 70) < 1e-13, "no floor, or Holm would let nothing through"


def test_bootstrap_p_of_what_does_not_vary_or_is_not_there() -> None:
    assert bootstrap_p(0, np.zeros(100), 70) == 1
    assert bootstrap_p(0.1, np.full(100, 0.1), 3) == 1 / 4, "three coins fall alike in one of four throws"
    assert math.isnan(bootstrap_p(0.1, np.array([0.1]), 70))
    assert math.isnan(bootstrap_p(0.1, np.full(9, np.nan), 70))
    assert math.isnan(bootstrap_p(0.1, np.arange(9.0), 1))


@pytest.mark.parametrize("n_pairs", [3, 6, 70])
def test_equal_methods_are_found_different_as_often_as_the_level_says(n_pairs: int) -> None:
    """Of 400 experiments without a difference some 20 have p < 0.05; more than 35 are as good as impossible."""
    draw, found = np.random.default_rng(0), 0
    for _ in range(400):
        a, b = draw.normal(size=(2, n_pairs))
        again = draw.integers(0, n_pairs, (300, n_pairs))
        found += bootstrap_p(float((a - b).mean()), (a - b)[again].mean(axis=1), n_pairs) < 0.05
    assert 6 < found < 35


def test_the_noise_of_trainings_is_that_of_their_mean() -> None:
    assert over_trainings(np.array([0.8, 0.9, 1.0])) == (pytest.approx(0.01 / 3), 2)
    assert over_trainings(np.full(5, 0.7)) == (0, 4)


def test_components_add_up_and_so_do_their_degrees_as_welch_and_satterthwaite_say() -> None:
    """Trainings alone are Welch's t-test, which scipy has."""
    a, b = np.array([0.71, 0.78, 0.74]), np.array([0.80, 0.83, 0.79, 0.86, 0.81])
    found = welch(a.mean() - b.mean(), Component(0.0, 69), over_trainings(a), over_trainings(b))
    expected = ttest_ind(a, b, equal_var=False)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert found[:2] == pytest.approx(tuple(expected.confidence_interval(0.95)), rel=1e-9)
    wider = welch(a.mean() - b.mean(), Component(0.001, 69), over_trainings(a), over_trainings(b))
    assert wider.low < found.low < found.high < wider.high
    assert wider.p > found.p


def test_the_interval_holds_0_where_p_is_above_5_percent() -> None:
    for difference in np.linspace(0, 0.2, 41):
        found = welch(difference, Component(0.001, 5), Component(0.0004, 2), Component(0.0, 2))
        assert (found.low > 0) == (found.p < 0.05)


def test_trainings_that_are_all_alike_leave_the_noise_of_the_pairs() -> None:
    alike = over_trainings(np.full(3, 0.1 + 0.2))
    pairs = Component(0.001, 69)
    assert welch(0.05, pairs, alike, alike) == pytest.approx(welch(0.05, pairs))
    assert welch(0.05, Component(0.0, 69), alike, alike) == (0.05, 0.05, 2**-69)
    assert welch(0.0, Component(0.0, 69), alike, alike) == (0, 0, 1)


def test_what_has_no_pairs_to_draw_is_not_tested() -> None:
    assert np.isnan(welch(0.1, over_pairs(np.arange(9.0), 1), Component(0.001, 2))).all()
