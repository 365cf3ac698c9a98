"""Training mixes: each is drawn from the seed alone, keeps its number of fakes, and needs no other pixels."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffpms.errors import ConfigError
from ffpms.protocol.plan import plan_slots, summarise_bags
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.remixing import MIXES, redraw

RECIPE = Recipe(manipulations=("DF", "NT"))
IDS = [f"{i:03d}" for i in range(400)]
PAIRS = {"train": list(zip(IDS[::2], IDS[1::2], strict=True))}


@pytest.fixture(scope="module")
def videos() -> pd.DataFrame:
    """The train bags of 200 pairs: 400 originals, and 400 fakes of each manipulation."""
    return summarise_bags(plan_slots(PAIRS, RECIPE, ("train",)), RECIPE)


def numbers(videos: pd.DataFrame, mix: str, recipe: Recipe = RECIPE, seed: int = 0) -> pd.Series:
    """The number of fake frames of each fake bag."""
    fake = pd.DataFrame(sorted(redraw(videos, recipe, seed, mix)), columns=["bag_id", "slot"])
    return fake.groupby("bag_id")["slot"].nunique()


@pytest.mark.parametrize("mix", MIXES)
def test_a_mix_is_drawn_from_the_seed_and_every_fake_stays_one(mix: str, videos: pd.DataFrame) -> None:
    again, other = redraw(videos, RECIPE, 0, mix), redraw(videos, RECIPE, 1, mix)
    assert redraw(videos, RECIPE, 0, mix) == again
    assert (again == other) is (mix == "whole")
    assert set(numbers(videos, mix).index) == set(videos.loc[videos["label"] == 1, "bag_id"])


def test_the_recipe_replaces_5_of_20_and_whole_none(videos: pd.DataFrame) -> None:
    assert set(numbers(videos, "recipe")) == {15}
    assert set(numbers(videos, "whole")) == {20}


def test_varied_has_each_number_of_1_to_19_as_often(videos: pd.DataFrame) -> None:
    for kind in RECIPE.manipulations:
        count = numbers(videos[videos["manipulation"] == kind], "varied").value_counts()
        assert sorted(count.index) == list(range(1, 20))
        assert count.max() - count.min() <= 1


def test_bernoulli_replaces_each_frame_with_probability_a_quarter(videos: pd.DataFrame) -> None:
    found = numbers(videos, "bernoulli")
    error = np.sqrt(0.25 * 0.75 / (20 * len(found)))
    assert abs(found.mean() / 20 - 0.75) < 4 * error
    assert found.var() == pytest.approx(20 * 0.75 * 0.25, rel=0.2), "numbers are binomial"


@given(st.integers(2, 4), st.floats(0.3, 0.49), st.integers(0, 2**31))
def test_bernoulli_keeps_a_fake_frame_however_few_there_are(n: int, fraction: float, seed: int) -> None:
    recipe = Recipe(frames_per_video=n, replaced=(1, 1), fraction=fraction, manipulations=("DF",))
    videos = summarise_bags(plan_slots({"train": PAIRS["train"][:20]}, recipe, ("train",)), recipe)
    found = numbers(videos, "bernoulli", recipe, seed)
    assert len(found) == 40
    assert found.between(1, n).all()


@pytest.mark.parametrize("mix", MIXES)
def test_fakes_in_one_segment_stay_in_one_in_any_mix(mix: str) -> None:
    recipe = Recipe(placement="contiguous", manipulations=("DF",))
    videos = summarise_bags(plan_slots({"train": PAIRS["train"][:10]}, recipe, ("train",)), recipe)
    fake = pd.DataFrame(sorted(redraw(videos, recipe, 0, mix)), columns=["bag_id", "slot"])
    assert (fake.groupby("bag_id")["slot"].diff().dropna() == 1).all()


def test_an_unknown_mix_is_named(videos: pd.DataFrame) -> None:
    with pytest.raises(ConfigError, match="mix: 'half' is unknown; choose recipe or whole or bernoulli or varied"):
        redraw(videos, RECIPE, 0, "half")
