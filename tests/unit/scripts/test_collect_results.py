"""Collected results: a set's name tells at which compression a run was scored, and one set of each counts."""

import re
from dataclasses import replace

import pytest

from ffpms.errors import ConfigError
from scripts.collect_results import check_levels, find_level
from tests.helpers.scores import run


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


def test_two_sets_of_a_compression_are_refused() -> None:
    own = run(0, "s-mil")
    first, other = (
        replace(own, origin=own, dataset="Minicorpus-1000-c23-custom", data_sha256=mark * 64) for mark in "ab"
    )
    segments = replace(own, origin=own, dataset="Minicorpus-1000-custom", data_sha256="c" * 64)
    check_levels([own, first, first, segments])
    folders = "RUN/on-Minicorpus-1000-c23-custom-aaaaaaaa and RUN/on-Minicorpus-1000-c23-custom-bbbbbbbb"
    line = f"{folders}: 2 sets of c23; remove these folders of all but one set"
    with pytest.raises(ConfigError, match=re.escape(line)):
        check_levels([own, first, other, segments])
