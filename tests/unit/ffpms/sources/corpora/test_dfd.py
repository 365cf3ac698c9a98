"""DeepFakeDetection: a tree of empty files becomes a listing; no pixels."""

from pathlib import Path

import pytest

from ffpms.errors import ConfigError
from ffpms.protocol.recipe import Recipe
from ffpms.sources.registry import recognise
from tests.helpers.empty_trees import ACTORS, empty_tree, listed, splits


def test_deepfakedetection_is_test_by_actors(tmp_path: Path) -> None:
    listing = listed(empty_tree(tmp_path, ACTORS), "dfd", Recipe(compression="c23"))
    _, _, mixed, alone = listing.videos
    assert (mixed.target_id, mixed.source_id, mixed.pair_id) == ("01__exit_phone_room", "02", "01")
    assert alone.is_alone, "its scene is not there"
    assert set(splits(listing).values()) == {"test"}
    assert recognise(tmp_path).name == "dfd"
    with pytest.raises(ConfigError, match="no c40 videos of actors; choose another --compression"):
        listed(tmp_path, "dfd")
