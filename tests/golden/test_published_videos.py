"""The published lengths and sizes of FaceForensics++ keep its rules, and fix FFPMS v1 to the frame."""

import numpy as np
import pandas as pd
import pytest

from ffpms.protocol.plan import frame_index
from ffpms.protocol.published import read_published
from ffpms.protocol.splits import read_pairs
from ffpms.protocol.v1_manifest import read_v1

FAKES = ("DF", "F2F", "FS", "NT")


@pytest.fixture(scope="module")
def fakes() -> pd.DataFrame:
    """Every fake beside its target and its source."""
    table = read_published()
    real = table[table["manipulation"] == "original"].set_index("video_id")
    rows = table[table["manipulation"] != "original"].reset_index(drop=True)
    ids = rows["video_id"].str.split("_", expand=True)
    target, source = (real.loc[ids[i]].reset_index() for i in (0, 1))
    return rows.join(target.add_prefix("target_")).join(source.add_prefix("source_"))


def test_it_has_every_video_of_the_official_splits() -> None:
    table = read_published()
    assert table.groupby("manipulation").size().to_dict() == dict.fromkeys(("original", *FAKES), 1000)
    for split, pairs in read_pairs().items():
        own = table[table["split"] == split]
        assert set(own.loc[own["manipulation"] == "original", "video_id"]) == {i for pair in pairs for i in pair}
        both_ways = {f"{a}_{b}" for pair in pairs for a, b in (pair, pair[::-1])}
        assert all(set(own.loc[own["manipulation"] == kind, "video_id"]) == both_ways for kind in FAKES)


def test_the_test_originals_have_73770_frames() -> None:
    table = read_published()
    assert table.loc[(table["manipulation"] == "original") & (table["split"] == "test"), "n_frames"].sum() == 73_770


def test_lengths_keep_the_rules_but_for_one(fakes: pd.DataFrame) -> None:
    shorter = fakes[["target_n_frames", "source_n_frames"]].min(axis=1)
    expected = shorter.mask(fakes["manipulation"] == "DF", fakes["target_n_frames"])
    expected = expected.mask(fakes["manipulation"] == "F2F", fakes["source_n_frames"])
    odd = fakes[fakes["n_frames"] != expected]
    assert odd[["manipulation", "video_id", "n_frames"]].to_numpy().tolist() == [["NT", "567_606", 337]]


def test_widths_are_floored_to_a_multiple_of_32(fakes: pd.DataFrame) -> None:
    narrowed = fakes["manipulation"].isin(["F2F", "NT"])
    expected = fakes["target_width"].mask(narrowed, fakes["target_width"] // 32 * 32)
    assert (fakes["width"] == expected).all()
    assert (fakes["height"] == fakes["target_height"]).all()
    assert (fakes["target_width"] % 64 // 32).any(), "64 would be wrong for some"


def test_v1_is_fixed_to_the_frame() -> None:
    """floor((s + 0.5) N / 20), where N is the shorter of the fake and its real counterpart."""
    frames = read_v1()
    length = read_published().set_index(["manipulation", "video_id"])["n_frames"]
    own = length[pd.MultiIndex.from_frame(frames[["manipulation", "video_id"]])].to_numpy()
    real = length[[("original", target) for target in frames["target_id"]]].to_numpy()
    shared = np.minimum(own, real)
    assert (frames["n_frames"] == shared).all()
    assert (frames["frame_index"] == frame_index(frames["slot"].to_numpy(), shared, 20)).all()
    assert (frames["frame_index"] < shared).all()
    assert (frames.groupby("bag_id")["frame_index"].diff().dropna() > 0).all()
