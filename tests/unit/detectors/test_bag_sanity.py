"""One odd instance of 20: pools that look for it find it, those that average drown it. Figures: docs/pools.md."""

from functools import cache

import pytest

from tests.helpers.synthetic_bags import EPOCHS, Score, trial

BAR = 0.92
"""Over five seeds those that clear it have 0.934 or more, those that miss it 0.898 or less."""

EPOCHS_ENOUGH = {"transmil": 6}
"""It takes ten times as long as others, and over three seeds has 0.966 or more by then."""


@cache
def score_of(name: str) -> Score:
    return trial(name, seed=0, epochs=EPOCHS_ENOUGH.get(name, EPOCHS))


@pytest.mark.parametrize(
    "name",
    [
        *("s-mil", "s-mil-t", "mil", "max", "top-k", "lse", "abmil", "abmil-gated", "dsmil", "transmil"),
        *("sm-abmil", "clam", "dtfd"),
    ],
)
def test_one_of_twenty_is_found(name: str) -> None:
    score = score_of(name)
    assert score.accuracy > BAR
    assert score.auc > 0.97
    assert score.found > 0.9


@pytest.mark.parametrize("name", ["xn-avg", "mean", "s-mil-sum"])
def test_one_of_twenty_is_lost_in_a_mean(name: str) -> None:
    """Every face with its video's label; the mean embedding; a sum, which is the mean times the number of faces."""
    score = score_of(name)
    assert score.accuracy < BAR
    assert score.auc < 0.97


@pytest.mark.parametrize("name", ["s-mil", "abmil", "abmil-gated", "dsmil", "sm-abmil", "clam", "dtfd"])
def test_attention_lies_on_the_odd_one(name: str) -> None:
    weight = score_of(name).weight
    assert weight is not None
    assert weight > 0.5
