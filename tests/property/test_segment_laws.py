"""Fake frames in several segments: how many there are at every level, and that no draw favours a place."""

import hashlib
from collections import Counter
from dataclasses import replace
from itertools import groupby, pairwise, permutations
from math import comb, factorial, prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffpms.errors import ConfigError
from ffpms.protocol.placement import fitting_segments, grow_segments
from ffpms.protocol.plan import plan_slots, summarise_bags
from ffpms.protocol.rate_grid import plan_grid
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.remixing import MIXES, redraw
from tests.helpers.tiny_set import TWO_TESTED

SPLITS = ("train", "val", "test")


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    n_frames = draw(st.integers(2, 30))
    segments = tuple(sorted(draw(st.tuples(*[st.integers(1, fitting_segments(n_frames))] * 2))))
    return Recipe(
        manipulations=("DF", "NT"),
        frames_per_video=n_frames,
        replaced=(1, n_frames - 1),
        fraction=draw(st.floats(0, 0.5)),
        placement="segments",
        segments=segments,  # type: ignore[arg-type]
        seed=draw(st.integers(0, 2**32)),
    )


def parts(fake: frozenset[int] | set[int], n_slots: int) -> list[tuple[bool, int]]:
    """Whether each run of slots is fake, and how long it is."""
    return [(own, len(list(slots))) for own, slots in groupby(slot in fake for slot in range(n_slots))]


def n_runs(fake: frozenset[int] | set[int], n_slots: int) -> int:
    return sum(own for own, _ in parts(fake, n_slots))


@given(recipes(), st.data())
def test_the_number_of_segments_is_the_drawn_one_as_far_as_frames_suffice(recipe: Recipe, data: st.DataObject) -> None:
    n_slots, drawn = recipe.frames_per_video, recipe.n_segments("bag")
    low, high = recipe.segments or (0, 0)
    assert low <= drawn <= high
    for n_fake in range(1, n_slots + 1):
        fake = recipe.fake_slots(n_fake, "bag")
        assert len(fake) == n_fake
        assert n_runs(fake, n_slots) == min(drawn, n_fake, n_slots - n_fake + 1)
        assert recipe.fake_slots(n_fake - 1, "bag") < fake, "levels are nested"


@settings(max_examples=15)
@given(recipes())
def test_the_plan_keeps_the_numbers_of_fake_frames_and_draws_them_in_segments(recipe: Recipe) -> None:
    slots = plan_slots(TWO_TESTED, recipe, SPLITS)
    random, videos = replace(recipe, placement="random", segments=None), summarise_bags(slots, recipe)
    assert videos["n_fake"].equals(summarise_bags(plan_slots(TWO_TESTED, random, SPLITS), random)["n_fake"])
    assert (videos[["segment_start", "segment_length"]] == -1).all(axis=None)
    for bag, own in slots[slots["label"] == 1].groupby("bag_id"):
        video = videos.set_index("bag_id").loc[bag]
        drawn = recipe.n_segments(video["split"], video["manipulation"], video["video_id"])
        found = n_runs(set(own["slot"]), recipe.frames_per_video)
        assert found == min(drawn, len(own), recipe.frames_per_video - len(own) + 1)


@settings(max_examples=15)
@given(recipes())
def test_no_bag_depends_on_another(recipe: Recipe) -> None:
    alone, joint = (plan_slots({"test": TWO_TESTED["test"][:n]}, recipe, ("test",)) for n in (1, 2))
    grids = [plan_grid(slots, recipe, 2).set_index("bag_id") for slots in (alone, joint)]
    assert grids[1].loc[grids[0].index.unique()].equals(grids[0])


@pytest.mark.parametrize(("n_slots", "n_segments"), [(6, 1), (7, 2), (7, 3), (7, 4)])
def test_lengths_and_gaps_have_the_law_of_the_page_exactly(n_slots: int, n_segments: int) -> None:
    """Over all orders of the draws: P(lengths) ~ prod l_i, P(gaps) ~ prod of those between two segments."""
    k, orders = n_segments, factorial(n_slots)
    grown = [grow_segments(order, k) for order in permutations(range(n_slots))]
    for n_fake in range(k, n_slots - k + 2):
        lengths, gaps, places = Counter[tuple[int, ...]](), Counter[tuple[int, ...]](), Counter[frozenset[int]]()
        for order in grown:
            fake = frozenset(order[:n_fake])
            own = [(False, 0)] * (0 in fake) + parts(fake, n_slots) + [(False, 0)] * (n_slots - 1 in fake)
            lengths[tuple(length for is_fake, length in own if is_fake)] += 1
            gaps[tuple(length for is_fake, length in own if not is_fake)] += 1
            places[fake] += 1
        assert len(lengths) == comb(n_fake - 1, k - 1)
        for one, number in lengths.items():
            assert number * comb(n_fake + k - 1, 2 * k - 1) == orders * prod(one), one
        for one, number in gaps.items():
            assert number * comb(n_slots - n_fake + k, 2 * k - 1) == orders * prod(one[1:-1]), one
        mirrored = Counter({frozenset(n_slots - 1 - slot for slot in fake): n for fake, n in places.items()})
        assert mirrored == places, "the end of a video is as its beginning"
        assert len(places) == comb(n_fake - 1, k - 1) * comb(n_slots - n_fake + 1, k), "each arrangement can be drawn"


def test_one_segment_is_the_contiguous_placement_slot_by_slot() -> None:
    several = Recipe(placement="segments", segments=(1, 1))
    for bag in range(50):
        assert several.fake_order("test", bag) == Recipe(placement="contiguous").fake_order("test", bag)


def test_each_number_of_segments_is_drawn_alike_often_and_by_its_hash() -> None:
    recipe = Recipe(placement="segments", segments=(2, 4), seed=7)
    numbers = Counter(recipe.n_segments("test", "DF", bag) for bag in range(3000))
    assert sorted(numbers) == [2, 3, 4]
    assert max(numbers.values()) - min(numbers.values()) < 150, "1000 each, give or take five standard deviations"
    hashes = {k: hashlib.sha256(f"ffpms-v1/7/test/DF/0/segments/{k}".encode()).digest() for k in (2, 3, 4)}
    assert recipe.n_segments("test", "DF", 0) == min(hashes, key=hashes.__getitem__)


@settings(max_examples=30)
@given(recipes())
def test_the_rate_grid_has_the_segments_of_each_draw_at_every_level(recipe: Recipe) -> None:
    n_slots = recipe.frames_per_video
    grid = plan_grid(plan_slots({"test": TWO_TESTED["test"][:1]}, recipe, ("test",)), recipe, 2)
    for (bag, draw), own in grid.groupby(["bag_id", "draw"]):
        drawn = recipe.n_segments("test", *str(bag).split("_", 1), "grid", draw)
        by_rank = own.sort_values("rank")["slot"].tolist()
        counts = [n_runs(set(by_rank[:level]), n_slots) for level in range(n_slots + 1)]
        assert counts == [min(drawn, level, n_slots - level + 1) for level in range(n_slots + 1)]
        assert all(abs(few - many) <= 1 for few, many in pairwise(counts))


@pytest.mark.parametrize("mix", MIXES)
def test_every_training_mix_keeps_its_numbers_and_is_in_segments(mix: str) -> None:
    pairs = {"train": [(f"{2 * i:03d}", f"{2 * i + 1:03d}") for i in range(12)]}
    several, random = (Recipe(manipulations=("DF",), placement=placement) for placement in ("segments", "random"))
    videos = summarise_bags(plan_slots(pairs, several, ("train",)), several)
    numbers = [Counter(bag for bag, _ in redraw(videos, recipe, 5, mix)) for recipe in (several, random)]
    assert numbers[0] == numbers[1]
    fake = redraw(videos, several, 5, mix)
    for bag in numbers[0]:
        assert n_runs({slot for own, slot in fake if own == bag}, 20) <= 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"segments": (1, 3)}, "--placement random takes none; add --placement segments"),
        ({"placement": "contiguous", "segments": (1, 1)}, "--placement contiguous takes none"),
        ({"placement": "segments", "segments": (0, 3)}, "0-3 does not lie in 1-10, which fit into 20 frames"),
        ({"placement": "segments", "segments": (1, 11)}, "1-11 does not lie in 1-10"),
        ({"placement": "segments", "segments": (3, 2)}, "3-2 does not lie"),
        ({"placement": "segments", "frames_per_video": 4, "replaced": (1, 3)}, "1-3 does not lie in 1-2"),
        ({"placement": "segments", "segments": 2}, r"2 is no lowest and highest number, such as \(1, 3\)"),
        ({"placement": "segments", "segments": (1.5, 2)}, "1.5 is not a whole number"),
    ],
)
def test_segments_that_cannot_be_are_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=f"^segments: {said}"):
        Recipe(**wrong)  # type: ignore[arg-type]
