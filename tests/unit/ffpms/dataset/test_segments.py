"""True segments are read off the labels of all slots, whether or not they show a face."""

import pandas as pd
import pytest

from ffpms.dataset.segments import find_segments
from ffpms.parquet import check
from ffpms.schema import SEGMENT


def slots_of(**videos: list[int]) -> pd.DataFrame:
    """A row a slot of each video, with its label."""
    rows = [(bag, slot, label) for bag, labels in videos.items() for slot, label in enumerate(labels)]
    return pd.DataFrame(rows, columns=["bag_id", "slot", "label"])


@pytest.mark.parametrize(
    ("labels", "segments"),
    [
        ([0, 1, 1, 0], [(1, 3)]),
        ([1, 0, 1, 1], [(0, 1), (2, 4)]),
        ([1, 1, 1, 1], [(0, 4)]),
        ([0, 0, 0, 0], []),
    ],
)
def test_a_segment_is_a_run_of_fake_slots(labels: list[int], segments: list[tuple[int, int]]) -> None:
    found = find_segments(slots_of(a=labels))
    assert list(zip(found["start"], found["end"], strict=True)) == segments
    check(found, SEGMENT)


def test_no_segment_goes_on_in_the_next_video() -> None:
    found = find_segments(slots_of(b=[1, 1], a=[0, 1]))
    assert found.to_numpy().tolist() == [["a", 1, 2], ["b", 0, 2]]


def test_of_several_faces_in_a_slot_the_most_fake_counts() -> None:
    faces = pd.DataFrame({"bag_id": "a", "slot": [2, 1, 1, 0], "label": [1, 1, 0, 0]})
    assert find_segments(faces).to_numpy().tolist() == [["a", 1, 3]]
