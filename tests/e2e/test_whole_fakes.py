"""Fakes that stand alone: built from the embedded corpus with ``--whole``, verified, remixed and shown."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

import ffpms as package
from ffpms.gallery.bags import Mark, show_bags
from ffpms.protocol.listing import is_alone
from ffpms.verify.built_set import verify_data
from tests.conftest import Command, Once
from tests.helpers.building import flags
from tests.helpers.tiny_set import edit, put, said

SET = ("--limit", 2, "--manipulations", "DF,F2F", "--whole")


@pytest.fixture(scope="module")
def whole(ffpms: Command, tree: Path, once: Once) -> Path:
    def build(out: Path) -> None:
        result = ffpms(*flags(tree, out, *SET))
        assert result.exit_code == 0, result.output

    return once("whole", build)


def test_each_fake_is_a_bag_of_its_own_frames(whole: Path) -> None:
    assert verify_data(whole).findings == []
    videos = pd.read_parquet(whole / "videos.parquet")
    fakes = videos[videos["label"] == 1]
    assert sorted(fakes["bag_id"]) == [f"{kind}_{ids}" for kind in ("DF", "F2F") for ids in ("006_007", "007_006")]
    assert (fakes["target_id"] == fakes["bag_id"]).all()
    assert (fakes[["n_fake", "fake_rate", "status"]] == [20, 1.0, "ok"]).all(axis=None)
    frames = pd.read_parquet(whole / "frames.parquet")
    assert not frames["replaced"].any()
    assert (frames["source_video"] == frames["bag_id"]).all()
    assert set(frames["label"] == frames["bag_id"].str.startswith("original")) == {False}


def test_nothing_replaces_their_frames_later(whole: Path) -> None:
    data = package.load(whole)
    assert data.pure("test", ("DF", "F2F"), fake=False) == []
    assert data.grid.empty
    for mix in ("recipe", "whole", "bernoulli", "varied"):
        assert [bag.fake_rate for bag in data.bags("test", "DF", seed=3, mix=mix)] == [0, 0, 1, 1]
    unmixed = package.load(whole, unmixed=True)
    pd.testing.assert_frame_equal(unmixed.videos, data.videos)


def test_they_have_no_real_video_below_them(whole: Path) -> None:
    data = package.load(whole)
    assert is_alone(data.videos).sum() == 4
    (bag,) = show_bags(data, ["DF_006_007"])
    faces = [face for _, own in bag.people for face in own]
    assert {(face.mark, face.real) for face in faces} == {(Mark.FAKE, "")}


def test_the_card_and_the_name_say_so(whole: Path) -> None:
    card = (whole / "README.md").read_text()
    assert "4 fake bags have no real counterpart" in card
    assert "- whole: all frames are fake in bags that were taken as they are (4)" in card
    assert "- which:" not in card
    assert "--whole is not v1's" in package.load(whole).reasons


def test_the_same_command_resumes_and_a_mixed_one_is_refused(ffpms: Command, tree: Path, whole: Path) -> None:
    assert "complete already" in ffpms(*flags(tree, whole, *SET)).output
    result = ffpms(*flags(tree, whole, *SET[:-1]))
    assert (result.exit_code, "was built with --whole, not no --whole" in result.output) == (2, True)


def test_nobody_can_say_how_to_mix_them(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    result = ffpms(*flags(tree, tmp_path / "data", *SET, "--placement", "segments", "--segments", 2))
    said = "Error: --placement segments, --segments 2-2: --whole mixes no fake; leave out one or the other\n"
    assert (result.exit_code, result.stderr) == (2, said)
    assert not (tmp_path / "data").exists()


BAG = "DF_006_007"
LAWS = {
    "label": ("frames", put({"label": 0}, bag_id=BAG, slot=3), "label is not 1 exactly where"),
    "replaced": ("frames", put({"replaced": True}, bag_id=BAG, slot=3), "label is not 1 exactly where"),
    "no fake frame": ("videos", put({"n_fake": 0}, bag_id=BAG), "n_fake is not what the recipe allows"),
    "shown": ("frames", put({"source_video": "original_006"}, bag_id=BAG, slot=3), "source_video is not the bag's own"),
    "box": ("crops", put({"box_x": 1.0}, source_video=BAG), "crop is not as crops.parquet has it"),
    "beyond the end": ("frames", put({"frame_index": 999}, bag_id=BAG, slot=19), "frame_index is not below"),
}


@pytest.mark.parametrize("law", LAWS)
def test_each_law_of_theirs_is_held(law: str, whole: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(whole, tmp_path / "data"))
    table, change, reason = LAWS[law]
    edit(data, table, change)
    assert reason in said(data)
