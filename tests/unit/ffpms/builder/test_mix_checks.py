"""Settings of the mix that do nothing are refused or told, in one line."""

from typing import Any

import pytest

from ffpms.builder.config import BuildConfig
from ffpms.builder.mix_checks import note_mix
from ffpms.errors import ConfigError
from ffpms.protocol.listing import list_pairs
from ffpms.protocol.plan import plan_videos
from ffpms.protocol.recipe import Recipe
from tests.helpers.corpus import PAIRS

IDLE = [
    ({"placement": "segments", "segments": (2, 2)}, "--placement segments, --segments 2-2"),
    ({"placement": "contiguous"}, "--placement contiguous"),
    ({"replaced": (2, 5)}, "--replace 2-5"),
    ({"fraction": 0.5}, "--replace-fraction 0.5"),
]


def notes(alone: bool = False, **changes: Any) -> list[str]:
    recipe = Recipe(**changes)
    videos = [video.standing_alone() if alone else video for video in list_pairs(PAIRS, recipe.manipulations)]
    return list(note_mix(plan_videos(videos, recipe, ("train", "test")), recipe))


@pytest.mark.parametrize(("changes", "flags"), IDLE)
def test_whole_fakes_are_not_mixed_in_another_way(changes: dict[str, Any], flags: str) -> None:
    with pytest.raises(ConfigError, match=f"^{flags}: --whole mixes no fake; leave out one or the other$"):
        BuildConfig(Recipe(**changes), whole=True)
    assert BuildConfig(Recipe(**changes)).whole is False


@pytest.mark.parametrize(("changes", "flags"), IDLE)
def test_a_mix_of_fakes_that_all_stand_alone_is_told(changes: dict[str, Any], flags: str) -> None:
    assert notes(alone=True, **changes) == [f"{flags}: without effect, for no fake of this set is mixed; leave it out"]
    assert notes(**changes) == []


@pytest.mark.parametrize("count", [10, 20, 64])
def test_the_usual_mix_needs_no_word(count: int) -> None:
    usual = {"frames_per_video": count, "replaced": (1, count - 1)}
    assert notes(**usual) == notes(alone=True, **usual) == []
    assert BuildConfig(Recipe(**usual, seed=7), whole=True).whole


def test_segments_that_no_fake_of_a_split_can_have_are_told() -> None:
    many = {"frames_per_video": 64, "replaced": (1, 63), "placement": "segments"}
    todo = "ask for fewer, or change how many are replaced"
    assert notes(**many, segments=(20, 30)) == [f"--segments 20-30: a fake has at most 17 in train; {todo}"]
    assert notes(**many, segments=(1, 17)) == []
    few = many | {"replaced": (1, 4)}
    assert notes(**few, segments=(6, 6)) == [f"--segments 6-6: a fake has at most 5 in test; {todo}"]
