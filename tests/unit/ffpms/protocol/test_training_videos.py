"""How many training videos of FaceForensics++ a set lacks; no pixels."""

from typing import Any

import pandas as pd
import pytest

from ffpms.protocol.naming import SetName, name_mixed
from ffpms.protocol.plan import plan_slots, summarise_bags
from ffpms.protocol.published import CRF, read_published
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.set_settings import SetSettings
from ffpms.protocol.splits import read_pairs
from ffpms.protocol.training_videos import find_lacking
from ffpms.schema import bag_key

ALL = Recipe().manipulations


@pytest.fixture(scope="module")
def videos() -> pd.DataFrame:
    slots = plan_slots(read_pairs(), Recipe(), ("test", "val", "train"))
    return summarise_bags(slots, Recipe()).assign(status="ok")


@pytest.fixture(scope="module")
def sources() -> pd.DataFrame:
    """What a build measures of FaceForensics++'s own files."""
    rows = read_published().assign(crf=CRF["c40"], status="ok", error="")
    return rows.assign(source_video=list(map(bag_key, rows["manipulation"], rows["video_id"])))


def test_of_the_published_videos_none_is_lacking(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    assert find_lacking(videos, sources, "c40", ALL) == ()
    faceless = videos.assign(status=videos["status"].mask(videos["bag_id"] == "DF_071_054", "no_face"))
    assert find_lacking(faceless, sources, "c40", ALL) == ()


def test_a_set_named_ffpms_may_lack_nearly_all_of_them(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    """Its name is that of the test videos, so a detector that learnt from one pair is told apart here."""
    pair = {"071", "054"}
    lost = (videos["split"] == "train") & ~videos["target_id"].isin(pair)
    few = videos.assign(status=videos["status"].mask(lost, "missing"))
    assert name_mixed(SetSettings(), few, sources) == SetName("FFPMS")
    assert find_lacking(few, sources, "c40", ALL) == ("3590 of 3600 train videos",)
    assert find_lacking(few[~lost], sources, "c40", ("DF",)) == ("1436 of 1440 train videos",)


@pytest.mark.parametrize(
    "cells", [{"n_frames": 9}, {"width": 9}, {"height": 9}, {"crf": 23.0}, {"crf": float("nan")}], ids=str
)
def test_a_file_that_is_not_the_published_one_is_lacking(
    videos: pd.DataFrame, sources: pd.DataFrame, cells: dict[str, Any]
) -> None:
    ids = ("original_071", "F2F_071_054", "NT_567_606", "original_953")  # two of train, one of val, one of test
    odd = sources.copy()
    for column, value in cells.items():
        odd.loc[odd["source_video"].isin(ids), column] = value
    assert find_lacking(videos, odd, "c40", ALL) == ("2 of 3600 train videos", "1 of 700 val videos")
    assert find_lacking(videos, odd, "c40", ("DF",)) == ("1 of 1440 train videos",)


def test_a_file_that_was_never_measured_is_lacking(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    fewer = sources[sources["source_video"] != "original_071"]
    assert find_lacking(videos, fewer, "c40", ALL) == ("1 of 3600 train videos",)
