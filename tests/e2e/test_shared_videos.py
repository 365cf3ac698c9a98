"""Real faces and broken files, where the shared data lie beside the project."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Command
from tests.helpers.building import not_ok

pytestmark = pytest.mark.usefixtures("warm_worker")

REAL = "original_sequences/youtube/c40/videos"
FLAGS = ("--size", 32, "--split", "train", "--limit", 2, "--workers", 1)


@pytest.fixture
def grid(grid_ff: Path, tmp_path: Path) -> Path:
    shutil.copytree(grid_ff, tmp_path / "tree", copy_function=shutil.copyfile)
    return tmp_path / "tree"


def test_real_faces_are_all_found(ffpms: Command, grid_ff: Path, tmp_path: Path) -> None:
    flags = ("--ff-root", grid_ff, "--splits", grid_ff / "splits", "--out", tmp_path / "data", "--size", 32)
    assert ffpms("build", *flags).exit_code == 0
    frames = pd.read_parquet(tmp_path / "data" / "frames.parquet")
    assert len(frames) == 50 * 20
    assert (frames["status"] == "ok").all()
    sources = pd.read_parquet(tmp_path / "data" / "sources.parquet")
    narrow = sources["manipulation"].isin(["F2F", "NT"])
    assert set(sources.loc[narrow, "shift_x"]) == {-20.0}
    lengths = sources.set_index("source_video")["n_frames"]
    expected = {"original_000": 75, "DF_000_001": 75, "F2F_000_001": 66, "FS_000_001": 66, "F2F_007_006": 105}
    assert {k: lengths[k] for k in expected} == expected


@pytest.mark.parametrize(
    ("file", "status", "said"),
    [
        ("truncated_no_index", "unreadable", "cannot be read"),
        ("truncated_tail", "truncated", "cut short (17 of 75 frames"),
        ("zero_bytes", "unreadable", "empty file"),
        ("mislabelled/original_sequences/youtube/c40/videos/000", "wrong_compression", "crf 23 in a c40 folder"),
        ("no_face", "no_face", ""),
        ("face_vanishes", "misaligned", "4 of 4 fakes do not fit it"),
        ("two_faces", "misaligned", "4 of 4 fakes do not fit it"),
        ("rotated_90", "ok", ""),
        ("variable_frame_rate", "misaligned", "4 of 4 fakes do not fit it"),
    ],
)
def test_each_bad_file_as_a_real_video(
    ffpms: Command, grid: Path, grid_ff_bad: Path, tmp_path: Path, file: str, status: str, said: str
) -> None:
    shutil.copyfile(grid_ff_bad / f"{file}.mp4", grid / REAL / "000.mp4")
    result = ffpms("build", "--ff-root", grid, "--splits", grid / "splits", "--out", tmp_path / "data", *FLAGS)
    assert result.exit_code == 0
    assert said in result.stderr
    videos = pd.read_parquet(tmp_path / "data" / "videos.parquet").set_index("bag_id")["status"]
    assert videos["original_000"] == status
    assert (videos[[b for b in videos.index if b.endswith("001_000")]] == "ok").all(), "the other target is untouched"
    assert len(pd.read_parquet(tmp_path / "data" / "frames.parquet")) == 10 * 20


def test_slots_after_a_face_has_gone_keep_its_last_box(
    ffpms: Command, grid: Path, grid_ff_bad: Path, tmp_path: Path
) -> None:
    shutil.copyfile(grid_ff_bad / "face_vanishes.mp4", grid / REAL / "000.mp4")
    ffpms(
        "build", "--ff-root", grid, "--splits", grid / "splits", "--out", tmp_path / "data", *FLAGS, "--keep-unverified"
    )
    frames = pd.read_parquet(tmp_path / "data" / "frames.parquet")
    own = frames[frames["bag_id"] == "original_000"].set_index("frame_index")["status"]
    assert (own[own.index <= 37] == "ok").all()
    assert (own[own.index > 37] == "interpolated").all()


@pytest.mark.parametrize("file", ["no_face", "two_faces"])
def test_a_bad_file_as_a_fake_is_misaligned(
    ffpms: Command, grid: Path, grid_ff_bad: Path, tmp_path: Path, file: str
) -> None:
    shutil.copyfile(grid_ff_bad / f"{file}.mp4", grid / "manipulated_sequences/Deepfakes/c40/videos/000_001.mp4")
    result = ffpms("build", "--ff-root", grid, "--splits", grid / "splits", "--out", tmp_path / "data", *FLAGS)
    assert len(result.stderr.splitlines()) == 1
    assert not_ok(tmp_path / "data") == {"DF_000_001": "misaligned"}
