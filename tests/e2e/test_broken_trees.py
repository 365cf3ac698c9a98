"""Everything that can be wrong with a tree: a status, one line, and the rest is built."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import Command
from tests.helpers.building import REAL, content, flags, not_ok, status_of
from tests.helpers.corpus import FEW, encode, portrait, write_splits
from tests.helpers.odd_videos import flip_bytes

pytestmark = pytest.mark.usefixtures("warm_worker")


def test_a_missing_real_video_costs_its_own_bags_only(ffpms: Command, copy: Path, tmp_path: Path) -> None:
    (copy / REAL / "006.mp4").unlink()
    result = ffpms(*flags(copy, tmp_path / "data"))
    assert result.exit_code == 0
    assert f"{REAL}/006.mp4: not found" in result.stderr
    status = status_of(tmp_path / "data")
    assert status["original_006"] == "missing"
    assert {v for k, v in status.items() if k.endswith("006_007")} == {"no_counterpart"}
    assert {v for k, v in status.items() if "006_007" not in k and k != "original_006"} == {"ok"}


def test_a_missing_fake_costs_itself_only_and_is_built_once_it_is_there(
    ffpms: Command, copy: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    lost = copy / "manipulated_sequences/FaceSwap/c40/videos/008_009.mp4"
    kept = lost.rename(tmp_path / "kept.mp4")
    assert ffpms(*flags(copy, tmp_path / "data")).exit_code == 0
    assert not_ok(tmp_path / "data") == {"FS_008_009": "missing"}
    kept.rename(lost)
    assert ffpms(*flags(copy, tmp_path / "data")).exit_code == 0
    assert content(tmp_path / "data") == reference


def test_a_missing_manipulation_takes_one_line(ffpms: Command, copy: Path, tmp_path: Path) -> None:
    shutil.rmtree(copy / "manipulated_sequences/FaceSwap")
    result = ffpms(*flags(copy, tmp_path / "data"))
    assert result.stderr.splitlines() == [
        "manipulated_sequences/FaceSwap/c40/videos: 4 FS videos of the test split not found; "
        "run the same 'ffpms minicorpus' again, or name with --split what is there"
    ]


def broken(path: Path, how: str) -> None:
    """Puts something unusable in a video's place."""
    whole = path.read_bytes()
    frames = list(portrait())
    if how == "empty":
        path.write_bytes(b"")
    elif how == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "text":
        path.write_text("404 not found")
    elif how == "short":
        encode(path, frames[:15])
    elif how == "crf":
        encode(path, frames, crf=23)
    elif how == "faceless":
        encode(path, [np.full_like(f, 128) for f in frames])
    elif how == "damaged":
        flip_bytes(path)


REASONS = {
    "empty": ("unreadable", "empty file"),
    "cut": ("unreadable", "cannot be read"),
    "text": ("unreadable", "cannot be read"),
    "short": ("too_short", "15 frames, fewer than the 20"),
    "crf": ("wrong_compression", "encoded at crf 23 in a c40 folder"),
    "damaged": ("unreadable", "damaged: frame 0 is decoded with errors"),
}


def test_a_raw_folder_promises_crf_0(ffpms: Command, copy: Path, tmp_path: Path) -> None:
    for folder in list(copy.glob("*/*/c40")):
        folder.rename(folder.with_name("raw"))
    encode(copy / "original_sequences/youtube/raw/videos/006.mp4", list(portrait()), crf=0)
    result = ffpms(*flags(copy, tmp_path / "data", "--compression", "raw"))
    status = status_of(tmp_path / "data")
    assert {k for k, v in status.items() if v != "wrong_compression"} == {"original_006"}
    assert (
        "007.mp4: encoded at crf 40 in a raw folder; put the file of that folder's compression there" in result.stderr
    )


@pytest.mark.parametrize("how", REASONS)
def test_a_broken_real_video_is_a_status_and_one_line(ffpms: Command, copy: Path, tmp_path: Path, how: str) -> None:
    broken(copy / REAL / "006.mp4", how)
    result = ffpms(*flags(copy, tmp_path / "data"))
    status, reason = REASONS[how]
    assert result.exit_code == 0
    assert [line for line in result.stderr.splitlines() if line.startswith(f"{REAL}/006.mp4: {reason}")]
    assert len(result.stderr.splitlines()) == 1
    found = status_of(tmp_path / "data")
    assert found["original_006"] == status
    assert found["NT_006_007"] == "no_counterpart"
    assert sum(v == "ok" for v in found.values()) == 15
    frames = pd.read_parquet(tmp_path / "data" / "frames.parquet")
    lost = frames[frames["bag_id"] == "NT_006_007"]
    assert (lost["frame_index"] == -1).all()
    assert (lost["crop"] == "").all()
    assert lost["label"].nunique() == 2, "the labels of the recipe stay"


def test_a_real_video_without_a_face_is_no_face(ffpms: Command, copy: Path, tmp_path: Path) -> None:
    broken(copy / REAL / "006.mp4", "faceless")
    assert ffpms(*flags(copy, tmp_path / "data")).exit_code == 0
    found = status_of(tmp_path / "data")
    assert found["original_006"] == "no_face"
    assert sum(v == "ok" for v in found.values()) == 15


def test_a_fake_of_another_video_is_misaligned(ffpms: Command, copy: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    encode(
        copy / "manipulated_sequences/Deepfakes/c40/videos/006_007.mp4",
        [np.kron(noise, np.ones((30, 40, 1), np.uint8))] * 26,
    )
    result = ffpms(*flags(copy, tmp_path / "data"))
    assert "does not show what original_006 shows" in result.stderr
    assert not_ok(tmp_path / "data") == {"DF_006_007": "misaligned"}


def test_the_real_video_as_a_fake_is_no_fake(ffpms: Command, copy: Path, tmp_path: Path) -> None:
    shutil.copy(copy / REAL / "006.mp4", copy / "manipulated_sequences/Deepfakes/c40/videos/006_007.mp4")
    result = ffpms(*flags(copy, tmp_path / "data"))
    assert "is original_006 itself" in result.stderr
    assert not_ok(tmp_path / "data") == {"DF_006_007": "duplicate"}


def test_the_real_video_in_another_file_is_no_fake(ffpms: Command, copy: Path, tmp_path: Path) -> None:
    fake = copy / "manipulated_sequences/Deepfakes/c40/videos/006_007.mp4"
    fake.write_bytes((copy / REAL / "006.mp4").read_bytes() + (8).to_bytes(4, "big") + b"free")
    result = ffpms(*flags(copy, tmp_path / "data"))
    assert "006_007.mp4: shows original_006 unchanged; put the file of this name there" in result.stderr
    assert not_ok(tmp_path / "data") == {"DF_006_007": "duplicate"}


def test_two_fakes_that_are_one_file_are_both_refused(ffpms: Command, copy: Path, tmp_path: Path) -> None:
    own, other = (copy / f"manipulated_sequences/{m}/c40/videos/006_007.mp4" for m in ("Deepfakes", "FaceSwap"))
    shutil.copy(own, other)
    result = ffpms(*flags(copy, tmp_path / "data"))
    assert "is FS_006_007 too, byte for byte; one of the two is not what its name says" in result.stderr
    assert not_ok(tmp_path / "data") == {"DF_006_007": "duplicate", "FS_006_007": "duplicate"}


def test_what_lies_beside_a_fake_changes_none_of_its_crops(
    ffpms: Command, tree: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    assert ffpms(*flags(tree, tmp_path / "data", "--manipulations", "Deepfakes")).exit_code == 0
    alone = {name: sha for name, sha in content(tmp_path / "data").items() if name.endswith(".png")}
    assert len(alone) > 100
    assert alone.items() <= reference.items()


def test_nothing_usable_is_an_error(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    result = ffpms(*flags(tree, tmp_path / "data", "--frames", 200))
    assert result.exit_code == 2
    assert "not one bag could be built" in result.stderr.splitlines()[-1]


def test_bench_counts_a_faceless_video_as_undecided(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "tree"
    shutil.copytree(tree, damaged)
    write_splits(damaged / "splits", FEW)
    for n, path in enumerate([damaged / REAL / "006.mp4", *damaged.glob("manipulated_sequences/*/c40/videos/006_*")]):
        encode(path, [np.full_like(frame, 128 + 9 * n) for frame in portrait()])
    build = ("build", "--ff-root", damaged, "--splits", damaged / "splits", "--out", tmp_path / "data", "--size", 32)
    assert ffpms(*build, "--workers", 1).exit_code == 0
    bench = ("bench", "--methods", "smil", "--data", tmp_path / "data", "--out", tmp_path / "runs")
    assert ffpms(*bench, "--backbone", "tiny", "--epochs", 1, "--quiet").exit_code == 0
    (path,) = (tmp_path / "runs").glob("*/scores.parquet")
    scores = pd.read_parquet(path)
    faceless = scores[scores["status"] == "no_face"]
    assert set(faceless["level"]) == {"video"}
    assert len(faceless) == 1 + 4
    assert (faceless["score"] == 0.5).all()
