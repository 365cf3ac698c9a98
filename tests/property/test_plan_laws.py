"""Law 1 of docs/design.md: the plan is pure, labels follow from it, and indices are shared, increasing and in range."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffpms.errors import ConfigError
from ffpms.protocol.plan import frame_index, plan_frames, plan_slots, shared_length, summarise_bags, too_short
from ffpms.protocol.published import fix_frames, published_videos
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import read_pairs

recipes = st.builds(
    Recipe,
    frames_per_video=st.integers(5, 30),
    replaced=st.tuples(st.integers(1, 2), st.integers(2, 4)),
    fraction=st.floats(0, 0.5),
    placement=st.sampled_from(["random", "contiguous"]),
    seed=st.integers(0, 2**32),
)


def pairs_of(n: int) -> dict[str, list[tuple[str, str]]]:
    ids = [f"{i:03d}" for i in range(6 * n)]
    pairs = list(zip(ids[::2], ids[1::2], strict=True))
    return {"train": pairs[:n], "val": pairs[n : 2 * n], "test": pairs[2 * n :]}


def plan(recipe: Recipe, n: int = 2) -> pd.DataFrame:
    return plan_slots(pairs_of(n), recipe, ("train", "val", "test"))


@given(recipes)
def test_same_recipe_same_rows(recipe: Recipe) -> None:
    pd.testing.assert_frame_equal(plan(recipe), plan(recipe))


@given(recipes)
def test_fake_bags_keep_real_and_fake_frames_and_originals_stay_real(recipe: Recipe) -> None:
    videos = summarise_bags(plan(recipe), recipe)
    fake = videos["manipulation"] != "original"
    low, high = recipe.replaced
    tested = videos[fake & (videos["split"] != "train")]
    assert tested["n_fake"].between(recipe.frames_per_video - high, recipe.frames_per_video - low).all()
    trained = videos[fake & (videos["split"] == "train")]
    assert (trained["n_fake"] == recipe.frames_per_video - recipe.n_replaced_in_train).all()
    assert (videos.loc[~fake, "n_fake"] == 0).all()


@given(recipes)
def test_bag_label_is_the_largest_frame_label(recipe: Recipe) -> None:
    slots = plan(recipe)
    videos = summarise_bags(slots, recipe).set_index("bag_id")
    assert (slots.groupby("bag_id")["label"].max() == videos["label"].loc[sorted(videos.index)]).all()
    assert (videos["label"] == (videos["n_fake"] > 0)).all()


@given(recipes, st.integers(1, 12))
def test_levels_are_stratified(recipe: Recipe, n: int) -> None:
    videos = summarise_bags(plan(recipe, n), recipe)
    tested = videos[(videos["split"] == "test") & (videos["label"] == 1)]
    levels = range(recipe.replaced[0], recipe.replaced[1] + 1)
    for _, own in tested.groupby("manipulation"):
        uses = [int((recipe.frames_per_video - own["n_fake"] == level).sum()) for level in levels]
        assert max(uses) - min(uses) <= 1


@given(st.integers(1, 100), st.integers(0, 3000))
def test_indices_are_increasing_and_in_range(count: int, extra: int) -> None:
    n = count + extra
    index = frame_index(np.arange(count), n, count)
    assert (np.diff(index) > 0).all()
    assert index[0] >= 0
    assert index[-1] < n
    assert index.tolist() == [int((2 * s + 1) * n // (2 * count)) for s in range(count)]


@given(recipes, st.randoms(use_true_random=False))
def test_a_fake_and_its_real_counterpart_share_their_indices(recipe: Recipe, random: np.random.Generator) -> None:
    slots = plan(recipe)
    names = {*slots["bag_id"], *("original_" + slots["target_id"])}
    lengths = {name: random.randint(recipe.frames_per_video, 500) for name in sorted(names)}
    sources = pd.DataFrame({"source_video": lengths.keys(), "n_frames": lengths.values(), "status": "ok", "error": ""})
    frames = plan_frames(slots, sources, recipe)
    real = ("original_" + frames["target_id"]).map(lengths)
    shared = np.minimum(frames["bag_id"].map(lengths), real)
    assert (frames["frame_index"] < shared).all()
    count, slot = recipe.frames_per_video, frames["slot"].to_numpy()
    backwards = frames["manipulation"] == "F2F"
    last = backwards & (frame_index(np.full(len(frames), count - 1), shared, count) == real - 1)
    usable = ~last | (shared > count)
    assert (frames["frame_index"] == frame_index(slot, shared - last, count))[usable].all()
    assert (frames.loc[~usable, ["frame_index", "status"]] == [-1, "too_short"]).all(axis=None)
    assert (frames["frame_index"] < real - backwards).all(), "Face2Face is out of step at the last"
    swapped = frames["replaced"]
    assert (frames.loc[swapped, "source_video"] == "original_" + frames.loc[swapped, "target_id"]).all()
    assert (frames.loc[~swapped, "source_video"] == frames.loc[~swapped, "bag_id"]).all()


@given(st.integers(1, 100), st.integers(1, 400), st.integers(1, 400))
def test_every_sampled_moment_of_a_face2face_is_its_real_video_s(count: int, n_fake: int, n_real: int) -> None:
    """Its frame n shows real frame n up to n_real - 2, then 2 n_real - 3 - n, whatever ``--frames`` is."""
    shared = shared_length("F2F", n_fake, n_real, count)
    index = frame_index(np.arange(count), shared, count)
    shown = np.where(index <= n_real - 2, index, 2 * n_real - 3 - index)
    assert too_short(shared, count) or (shown == index).all()
    assert shared >= min(n_fake, n_real) - 1


def test_20_samples_of_a_published_video_never_touch_its_last_frame() -> None:
    videos = published_videos()
    for name, fake in videos.items():
        if fake.manipulation == "F2F":
            n_real = videos[f"original_{name.split('_')[1]}"].n_frames
            assert shared_length("F2F", fake.n_frames, n_real, 20) == min(fake.n_frames, n_real)
    assert shared_length("F2F", 287, 287, 144) == 286, "at 144 of 287 frames they would"


def test_more_samples_than_published_frames_are_no_frames() -> None:
    recipe = Recipe(frames_per_video=400, replaced=(1, 399))
    frames = fix_frames(plan_slots(read_pairs(), recipe, ("test",)), recipe)
    short = frames["n_frames"] == 0
    assert short.any()
    assert (frames["status"] == "too_short").equals(short)
    assert (frames.loc[short, "frame_index"] == -1).all()
    assert (frames[~short].groupby("bag_id")["frame_index"].diff().dropna() > 0).all()


@given(recipes, st.data())
def test_slots_are_nested_and_one_segment_where_asked(recipe: Recipe, data: st.DataObject) -> None:
    few, many = sorted(data.draw(st.tuples(*[st.integers(0, recipe.frames_per_video)] * 2)))
    assert recipe.fake_slots(few, "bag") <= recipe.fake_slots(many, "bag")
    slots = sorted(recipe.fake_slots(many, "bag"))
    assert len(slots) == many
    if recipe.placement == "contiguous" and many:
        assert slots == list(range(slots[0], slots[0] + many))


@settings(deadline=None)
@given(recipes)
def test_a_bag_names_its_segment_and_has_none_where_slots_are_random(recipe: Recipe) -> None:
    slots = plan(recipe)
    videos = summarise_bags(slots, recipe).set_index("bag_id")
    whole = (recipe.placement == "contiguous") & (videos["label"] == 1)
    assert (videos.loc[~whole, ["segment_start", "segment_length"]] == -1).all(axis=None)
    for bag, video in videos[whole].iterrows():
        own = slots[slots["bag_id"] == bag]
        end = video["segment_start"] + video["segment_length"]
        assert own["slot"][own["label"] == 1].tolist() == list(range(video["segment_start"], end))


def test_a_draw_is_the_hash_it_is_said_to_be() -> None:
    """SHA-256 of ffpms-v1/2020/test/DF/953_974/slot/0, so that anyone can check a label in any language."""
    import hashlib

    expected = hashlib.sha256(b"ffpms-v1/2020/test/DF/953_974/slot/0").digest()
    assert Recipe().draw("test", "DF", "953_974", "slot", 0) == expected


def test_leaving_out_a_manipulation_changes_no_label_of_another() -> None:
    alone = plan(Recipe(manipulations=("FS",)))
    joint = plan(Recipe())
    pd.testing.assert_frame_equal(
        alone[alone["manipulation"] == "FS"].reset_index(drop=True),
        joint[joint["manipulation"] == "FS"].reset_index(drop=True),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"replaced": (0, 19)},
        {"replaced": (1, 20)},
        {"replaced": (5, 3)},
        {"fraction": 1.0},
        {"fraction": 0.99},
        {"frames_per_video": 1},
        {"placement": "middle"},
        {"manipulations": ("original",)},
        {"manipulations": ("DF", "DF")},
        {"manipulations": ("D/F",)},
        {"manipulations": ("DF_2",)},
        {"manipulations": ("",)},
        {"manipulations": ()},
    ],
)
def test_a_recipe_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Recipe(**wrong)  # type: ignore[arg-type]
