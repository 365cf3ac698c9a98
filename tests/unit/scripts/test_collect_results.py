"""Collected results: a set's name tells at which compression a run was scored."""

import pytest

from scripts.collect_results import find_level


@pytest.mark.parametrize(
    ("dataset", "level"),
    [
        ("Minicorpus-1000-c23-custom", "c23"),
        ("Minicorpus-24-c0", "raw"),
        ("Minicorpus-1000-custom", None),
        ("Minicorpus-24", None),
    ],
)
def test_the_set_of_segments_is_told_by_its_compression(dataset: str, level: str | None) -> None:
    assert find_level(dataset) == level
