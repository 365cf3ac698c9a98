"""The rate grid: nested, exact at every level, independent of the company, one segment where the recipe says so."""

import hashlib
from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffpms.errors import ConfigError
from ffpms.parquet import check
from ffpms.protocol.plan import plan_frames, plan_slots, summarise_bags
from ffpms.protocol.rate_grid import mix_at_level, plan_grid
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.remixing import with_crops
from ffpms.schema import CROP, FRAME, GRID, bag_key
from tests.helpers.tiny_set import TWO_TESTED

SPLITS = ("train", "val", "test")

recipes = st.builds(
    Recipe,
    manipulations=st.sampled_from([("DF",), ("F2F", "NT")]),
    frames_per_video=st.integers(3, 24),
    replaced=st.just((1, 2)),
    placement=st.sampled_from(["random", "contiguous"]),
    seed=st.integers(0, 2**32),
)


def ranks(recipe: Recipe, n_draws: int = 2) -> dict[tuple[str, int], np.ndarray]:
    """(bag, draw) -> rank of each slot."""
    grid = plan_grid(plan_slots(TWO_TESTED, recipe, SPLITS), recipe, n_draws)
    return {key: rows.sort_values("slot")["rank"].to_numpy() for key, rows in grid.groupby(["bag_id", "draw"])}


def small_set(recipe: Recipe) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Videos, frames, crops and grid as a build writes them, with a number for each crop's pixels; one fake is
    missing."""
    slots = plan_slots(TWO_TESTED, recipe, SPLITS)
    names = list(dict.fromkeys(slots["bag_id"]))
    sources = pd.DataFrame({"source_video": names, "n_frames": 30, "status": "ok", "error": ""})
    lost = sources["source_video"] == names[-1]
    sources.loc[lost, ["n_frames", "status", "error"]] = [0, "missing", "not found"]
    frames = plan_frames(slots, sources, recipe)
    videos = summarise_bags(frames, recipe)
    real = frames.assign(bag_id="original_" + frames["target_id"])
    crops = pd.concat([frames, real]).query("frame_index >= 0")[["bag_id", "frame_index"]].drop_duplicates()
    crops = crops.rename(columns={"bag_id": "source_video"}).assign(status="ok", error="", track_id=0, n_bytes=1)
    crops["altered"] = ~crops["source_video"].str.startswith("original")
    crops["sha256"] = crops["crop"] = crops["source_video"] + "/" + crops["frame_index"].astype(str)
    crops = crops.reindex(columns=CROP.names)
    return videos, with_crops(frames.assign(track_id=0), crops)[FRAME.names], crops, plan_grid(slots, recipe)


@settings(deadline=None, max_examples=40)
@given(recipes)
def test_every_fake_bag_of_every_split_has_every_slot_in_every_draw(recipe: Recipe) -> None:
    slots = plan_slots(TWO_TESTED, recipe, SPLITS)
    fakes = slots.loc[slots["manipulation"] != "original", "bag_id"].unique()
    found = ranks(recipe, 3)
    assert list(found) == [(bag, draw) for bag in sorted(fakes) for draw in range(3)]
    for rank in found.values():
        assert sorted(rank) == list(range(recipe.frames_per_video))


@settings(deadline=None, max_examples=40)
@given(recipes)
def test_levels_are_nested_and_exact(recipe: Recipe) -> None:
    for rank in ranks(recipe).values():
        mixes = [set(np.flatnonzero(rank < level)) for level in range(recipe.frames_per_video + 1)]
        assert [len(fake) for fake in mixes] == list(range(recipe.frames_per_video + 1))
        assert all(few < many for few, many in pairwise(mixes))


@settings(deadline=None, max_examples=40)
@given(recipes)
def test_contiguous_slots_are_one_segment_at_every_level(recipe: Recipe) -> None:
    if recipe.placement == "contiguous":
        for rank in ranks(recipe).values():
            for level in range(1, recipe.frames_per_video + 1):
                assert np.ptp(np.flatnonzero(rank < level)) == level - 1


@settings(deadline=None, max_examples=40)
@given(recipes)
def test_no_bag_depends_on_another_bag_split_or_draw(recipe: Recipe) -> None:
    alone, joint = plan_slots({"test": TWO_TESTED["test"][:1]}, recipe, ("test",)), ranks(recipe)
    for key, rows in plan_grid(alone, recipe, 1).groupby(["bag_id", "draw"]):
        assert rows.sort_values("slot")["rank"].tolist() == joint[key].tolist()


@settings(deadline=None, max_examples=40)
@given(recipes)
def test_the_same_bytes_always(recipe: Recipe) -> None:
    slots = plan_slots(TWO_TESTED, recipe, SPLITS)
    assert check(plan_grid(slots, recipe), GRID).equals(check(plan_grid(slots, recipe), GRID))


@pytest.mark.parametrize(
    ("placement", "of_grid", "of_plan"),
    [
        ("random", "1f2413f16f0b53e7", "b30cebd728435c81"),
        ("contiguous", "df4881d7994c2c57", "2418cf2ff523e218"),
        ("segments", "722dda569e72db65", "8b116326b8bd034d"),
    ],
)
def test_bytes_are_pinned(placement: str, of_grid: str, of_plan: str) -> None:
    """A reader in another language must be able to hold their grid and their plan against these."""
    recipe = Recipe(placement=placement)
    slots = plan_slots(TWO_TESTED, recipe, SPLITS)
    for table, pinned in ((plan_grid(slots, recipe), of_grid), (slots, of_plan)):
        text = table.to_csv(index=False, lineterminator="\n")
        assert hashlib.sha256(text.encode()).hexdigest()[:16] == pinned


def test_a_rank_is_the_place_of_its_hash() -> None:
    grid = plan_grid(plan_slots(TWO_TESTED, Recipe(), SPLITS), Recipe())
    own = grid[(grid["bag_id"] == "FS_004_005") & (grid["draw"] == 3)].set_index("rank")["slot"].sort_index()
    hashes = {s: hashlib.sha256(f"ffpms-v1/2020/test/FS/004_005/grid/3/slot/{s}".encode()).digest() for s in range(20)}
    assert own.tolist() == sorted(range(20), key=hashes.__getitem__)


def test_draws_differ() -> None:
    found = ranks(Recipe(), 5)
    assert len({tuple(rank) for rank in found.values()}) == len(found)


def test_a_segment_of_any_length_starts_anywhere_equally_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over all orders of the draws, exactly."""
    recipe = Recipe(frames_per_video=6, replaced=(1, 5), placement="contiguous")
    starts = {level: Counter[int]() for level in range(1, 7)}
    for order in permutations(range(6)):
        monkeypatch.setattr(Recipe, "order", lambda *_, order=order: list(order))
        for level, count in starts.items():
            count[min(recipe.fake_slots(level, "bag"))] += 1
    for level, count in starts.items():
        assert sorted(count) == list(range(7 - level))
        assert len(set(count.values())) == 1


@settings(deadline=None, max_examples=40)
@given(recipes, st.integers(0, 4), st.data())
def test_a_mix_shows_the_right_crops(recipe: Recipe, draw: int, data: st.DataObject) -> None:
    level = data.draw(st.integers(0, recipe.frames_per_video))
    videos, frames, crops, grid = small_set(recipe)
    mix = mix_at_level(videos, frames, crops, grid, draw, level)
    check(mix, FRAME)
    assert mix[["bag_id", "slot", "frame_index"]].equals(frames[["bag_id", "slot", "frame_index"]])
    made = ~mix["bag_id"].str.startswith("original")
    assert (mix[made].groupby("bag_id")["label"].sum() == level).all()
    assert not mix.loc[~made, ["label", "replaced"]].any(axis=None)
    assert (mix.loc[made, "replaced"] == (mix.loc[made, "label"] == 0)).all()
    target = mix["bag_id"].map(dict(zip(videos["bag_id"], videos["target_id"], strict=True)))
    shown = mix["bag_id"].where(~mix["replaced"], bag_key("original", "") + target)
    usable = mix["frame_index"] >= 0
    assert (mix["crop"] == (shown + "/" + mix["frame_index"].astype(str)).where(usable, "")).all()


@settings(deadline=None, max_examples=40)
@given(recipes)
def test_a_mix_keeps_the_status_of_a_bag_that_cannot_be_used(recipe: Recipe) -> None:
    videos, frames, crops, grid = small_set(recipe)
    mix = mix_at_level(videos, frames, crops, grid, 0, 2)
    pd.testing.assert_series_equal(mix["status"], frames["status"])
    lost = mix[mix["status"] == "missing"]
    assert lost["bag_id"].nunique() == 1
    assert set(lost["error"]) == {"not found"}


@pytest.mark.parametrize(("draw", "level"), [(5, 3), (-1, 3), (0, 21), (0, -1)])
def test_a_mix_that_the_grid_does_not_have_is_refused(draw: int, level: int) -> None:
    with pytest.raises(ConfigError, match="draws 0 to 4 and levels 0 to 20"):
        mix_at_level(*small_set(Recipe()), draw, level)


def test_a_grid_without_fakes_is_empty_and_says_so() -> None:
    videos, frames, crops, grid = small_set(Recipe())
    assert plan_grid(plan_slots(TWO_TESTED, Recipe(), ()), Recipe()).empty
    with pytest.raises(ConfigError, match="no fake bag"):
        mix_at_level(videos, frames, crops, grid.iloc[:0], 0, 1)
