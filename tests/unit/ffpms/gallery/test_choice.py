"""Which bags are shown: one by its name, with the nearest where there is none, or a few of each kind."""

from pathlib import Path

import pandas as pd
import pytest

import ffpms
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
from ffpms.gallery.choice import choose_few, find_bags, select


@pytest.fixture(scope="module")
def built_set(whole: Path) -> BuiltSet:
    return ffpms.load(whole)


def test_a_few_bags_are_of_each_manipulation_of_the_test_split(built_set: BuiltSet) -> None:
    videos = built_set.videos
    chosen = videos.set_index("bag_id").loc[choose_few(videos, 1)]
    assert set(chosen["split"]) == {"test"}
    assert list(dict.fromkeys(chosen["manipulation"])) == ["original", "DF", "F2F"]
    test = videos[(videos["split"] == "test") & (videos["status"] == "ok")]
    assert len(chosen) == 3
    assert sorted(choose_few(videos, 9)) == sorted(test["bag_id"]), "no more than there are"


def test_those_of_a_manipulation_go_from_the_lowest_to_the_highest_fake_rate() -> None:
    rates = [0.95, 0.05, 0.5, 0.2, 0.7, 0.3]
    videos = pd.DataFrame({"bag_id": [f"DF_{rate}" for rate in rates], "fake_rate": rates})
    videos = videos.assign(manipulation="DF", split="test", status="ok")
    assert choose_few(videos, 3) == ["DF_0.05", "DF_0.3", "DF_0.95"]


def test_a_set_without_a_test_split_shows_the_next(built_set: BuiltSet) -> None:
    videos = built_set.videos[built_set.videos["split"] != "test"]
    assert set(videos.set_index("bag_id").loc[choose_few(videos), "split"]) == {"val"}


def test_a_set_without_pixels_shows_its_bags_all_the_same(built_set: BuiltSet) -> None:
    assert len(choose_few(built_set.videos.assign(status="missing"), 1)) == 3


def test_a_bag_that_does_not_exist_is_one_line_with_the_nearest(built_set: BuiltSet) -> None:
    assert find_bags(built_set, ["DF_004_005", "F2F_004_005", "DF_004_005"]) == ["DF_004_005", "F2F_004_005"]
    with pytest.raises(ConfigError, match=r"has no 'DF_004_00'; did you mean DF_004_005, "):
        find_bags(built_set, ["DF_004_00"])
    with pytest.raises(ConfigError, match=r"did you mean DF_004_005, F2F_004_005\?"):
        find_bags(built_set, ["004_005"])
    with pytest.raises(ConfigError, match=r"did you mean original_004\?"):
        find_bags(built_set, ["004"])


def test_a_split_or_manipulation_that_is_not_there_is_one_line(built_set: BuiltSet) -> None:
    assert set(select(built_set, "val", ("DF", "original"))["manipulation"]) == {"DF", "original"}
    pd.testing.assert_frame_equal(select(built_set, None, ()), built_set.videos)
    with pytest.raises(ConfigError, match=r"split: .* has no dev; choose from "):
        select(built_set, "dev", None)
    with pytest.raises(ConfigError, match=r"manipulation: .* has no XX; choose from original, DF, F2F"):
        select(built_set, None, ("XX",))
