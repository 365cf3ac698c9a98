"""Which seconds of its video a slot stands for, and that they are the same in float32."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.slot_times import exact_below, slot_times
from ffpms.errors import ConfigError
from tests.helpers.tiny_set import edit, put


def test_times_are_those_of_the_frames_that_a_bag_is_sampled_from(data: Path) -> None:
    """A fake of 40 frames whose real video has 30, at its own 25 frames a second: 1.2 s in 4 slots."""
    edit(data, "sources", put({"fps": 25.0}, manipulation="DF"))
    edit(data, "sources", put({"fps": 10.0, "n_frames": 30}, source_video="original_004"))
    times = slot_times(BuiltSet.load(data)).set_index("bag_id")
    assert times.loc["DF_004_005", ["n_frames", "fps", "n_slots", "duration_s"]].tolist() == [30, 25, 4, 1.2]
    assert times.loc["original_004", ["n_frames", "duration_s"]].tolist() == [30, 3]
    assert times["slot_s"][["DF_004_005", "original_004"]].tolist() == pytest.approx([0.3, 0.75], rel=1e-5)


def test_segments_of_a_set_are_told_in_slots_and_seconds(data: Path) -> None:
    """A bag of 4 slots, of which 0, 2 and 3 are fake: 40 frames at 25 a second are 0.4 s a slot."""
    edit(data, "sources", lambda sources: sources.assign(fps=25.0))
    edit(data, "frames", put({"label": 0}, bag_id="DF_004_005", slot=1))
    for slot in (0, 2, 3):
        edit(data, "frames", put({"label": 1}, bag_id="DF_004_005", slot=slot))
    found = BuiltSet.load(data).segments("test")
    own = found[found["bag_id"] == "DF_004_005"]
    assert own[["start", "end"]].to_numpy().tolist() == [[0, 1], [2, 4]]
    assert own[["start_s", "end_s"]].to_numpy() == pytest.approx(np.array([[0, 0.4], [0.8, 1.6]]), rel=1e-5)
    assert set(found["bag_id"]) == {"DF_004_005", "DF_005_004", "F2F_004_005", "F2F_005_004"}, "no other split"
    edit(data, "sources", put({"fps": float("nan")}, source_video="DF_004_005"))
    lost = BuiltSet.load(data).segments("test").set_index("bag_id")["end_s"].isna()
    assert lost["DF_004_005"].all()
    assert not lost["F2F_004_005"].any()
    edit(data, "videos", put({"status": "too_short"}, bag_id="F2F_004_005"))
    assert "F2F_004_005" not in set(BuiltSet.load(data).segments("test")["bag_id"]), "it was not built"
    with pytest.raises(ConfigError, match="split: dev is unknown"):
        BuiltSet.load(data).segments("dev")


@pytest.mark.parametrize("fps", [0.0, float("nan")])
def test_without_a_rate_there_are_no_seconds(data: Path, fps: float) -> None:
    edit(data, "sources", lambda sources: sources.assign(fps=25.0))
    edit(data, "sources", put({"fps": fps}, source_video="DF_004_005"))
    times = slot_times(BuiltSet.load(data)).set_index("bag_id")
    assert times["slot_s"].isna()["DF_004_005"]
    assert times["slot_s"].notna().sum() == len(times) - 1


@given(st.integers(1, 10**6), st.sampled_from([12.5, 23.976, 24, 25, 30_000 / 1001, 50, 60]), st.integers(1, 600))
def test_multiples_are_exact_in_float32_and_close(n_frames: int, fps: float, number: int) -> None:
    step = n_frames / fps / number
    found = float(exact_below(step, number))
    multiples = np.arange(2 * number + 1) * found
    assert (multiples.astype(np.float32) == multiples).all()
    assert (multiples / found == np.arange(2 * number + 1)).all()
    assert step * (1 - number / 2**21) <= found <= step
    assert number * found <= n_frames / fps * (1 + 1e-12)


PLACES = st.lists(st.integers(0, 20), min_size=2, max_size=2, unique=True).map(sorted)


@given(st.integers(20, 10**4), st.sampled_from([12.5, 23.976, 24, 25, 30_000 / 1001, 50, 60]), PLACES, PLACES)
def test_an_iou_of_seconds_in_float32_is_that_of_slots(
    n_frames: int, fps: float, one: list[int], other: list[int]
) -> None:
    step = float(exact_below(n_frames / fps / 20, 20))
    in_slots, in_seconds = (iou(np.array([one, other], np.float32) * np.float32(by)) for by in (1, step))
    assert in_slots == in_seconds


def iou(edges: np.ndarray) -> np.float32:
    """Intersection over union of two segments, each step in the type of their edges."""
    start, end = edges.T
    shared = max(end.min() - start.max(), np.float32(0))
    return np.float32(shared / ((end - start).sum() - shared))


def test_a_set_that_was_built_knows_its_seconds(built_set: BuiltSet) -> None:
    """The frame of a slot is the one that its bag's video shows at the middle of the slot."""
    times = slot_times(built_set)
    assert set(times["fps"]) == {25, 30}
    frames = built_set.frames.merge(times, on="bag_id")
    middle_s = (frames["slot"] + 0.5) * frames["slot_s"]
    assert ((middle_s * frames["fps"] - frames["frame_index"]).between(-0.01, 1)).all()
