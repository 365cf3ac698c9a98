"""``ffpms build`` under stress: workers, kills, repeats, and everything that can be wrong with a tree."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import Command
from tests.corpus import PAIRS, encode, portrait, write_splits

REAL = "original_sequences/youtube/c40/videos"
SMALL = ("--size", 32, "--split", "test")


def content(folder: Path) -> dict[str, str]:
    """Hash of every file but the report, which has the seconds."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "build.json")
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def flags(tree: Path, out: Path, *more: object) -> tuple[object, ...]:
    return ("build", "--ff-root", tree, "--splits", tree / "splits", "--out", out, *SMALL, *more)


@pytest.fixture(scope="module")
def reference(ffpms: Command, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The test split, built with one worker and no interruption."""
    out = tmp_path_factory.mktemp("reference") / "data"
    assert ffpms(*flags(tree, out, "--workers", 1)).exit_code == 0
    return content(out)


@pytest.fixture
def copy(tree: Path, tmp_path: Path) -> Path:
    """The test pairs of the tree, to be damaged."""
    target = tmp_path / "tree"
    kept = {f"{i}" for pair in PAIRS["test"] for i in pair}
    for path in tree.rglob("*.mp4"):
        if path.stem[:3] in kept:
            (target / path.relative_to(tree)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target / path.relative_to(tree))
    write_splits(target / "splits", PAIRS)
    return target


def status_of(out: Path) -> dict[str, str]:
    videos = pd.read_parquet(out / "videos.parquet")
    return dict(zip(videos["bag_id"], videos["status"], strict=True))


def test_workers_change_no_byte(ffpms: Command, tree: Path, tmp_path: Path, reference: dict[str, str]) -> None:
    assert ffpms(*flags(tree, tmp_path / "data", "--workers", 3)).exit_code == 0
    assert content(tmp_path / "data") == reference


def test_killed_and_resumed_gives_the_same_bytes(
    ffpms: Command, tree: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    """SIGKILL as soon as some, but not all, shards are there."""
    out = tmp_path / "data"
    command = [str(Path(sys.executable).with_name("ffpms")), *map(str, flags(tree, out, "--workers", 1))]
    process = subprocess.Popen(command, start_new_session=True)
    while process.poll() is None and len(list(out.glob("crops/*/shard.json"))) < 2:
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "videos.parquet").exists(), "the kill came too late to test anything"
    assert ffpms(*flags(tree, out)).exit_code == 0
    assert content(out) == reference


def test_again_does_nothing_but_say_so(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    assert ffpms(*flags(tree, out)).exit_code == 0
    times = {p: p.stat().st_mtime_ns for p in out.rglob("*")}
    result = ffpms(*flags(tree, out))
    assert result.exit_code == 0
    assert "complete already, nothing to do" in result.output
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*")} == times


def test_a_limit_is_a_first_look_that_the_full_build_goes_on_from(
    ffpms: Command, tree: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    out = tmp_path / "data"
    assert ffpms(*flags(tree, out, "--limit", 2)).exit_code == 0
    assert len(pd.read_parquet(out / "videos.parquet")) == 10
    first = (out / "crops" / "006" / "shard.json").stat().st_mtime_ns
    assert ffpms(*flags(tree, out)).exit_code == 0
    assert content(out) == reference
    assert (out / "crops" / "006" / "shard.json").stat().st_mtime_ns == first


@pytest.mark.usefixtures("ffmpeg_on_path")
def test_the_reference_decoder_gives_the_same_crops(
    ffpms: Command, tree: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    """All but the pair checks' last digits: those look at luma, which the program does not hand over."""
    assert ffpms(*flags(tree, tmp_path / "data", "--decoder", "ffmpeg")).exit_code == 0
    checks = ("shard.json", "sources.parquet", "README.md")
    built = content(tmp_path / "data")
    assert {k: v for k, v in built.items() if not k.endswith(checks)} == {
        k: v for k, v in reference.items() if not k.endswith(checks)
    }


def test_an_output_folder_with_something_else_is_refused(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    result = ffpms(*flags(tree, tmp_path))
    assert result.exit_code == 2
    assert "holds something else" in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]
    assert ffpms(*flags(tree, tmp_path / "thesis.tex")).exit_code == 2


def test_other_settings_in_the_same_folder_are_refused(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    assert ffpms(*flags(tree, tmp_path / "data", "--limit", 2)).exit_code == 0
    before = content(tmp_path / "data")
    result = ffpms(*flags(tree, tmp_path / "data", "--limit", 2, "--margin", 1.5))
    assert result.exit_code == 2
    assert "margin 1.3, not 1.5" in result.stderr
    assert content(tmp_path / "data") == before


def test_the_official_splits_do_not_fit_this_tree_and_that_is_said(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    result = ffpms("build", "--ff-root", tree, "--out", tmp_path / "data")
    assert result.exit_code == 2
    assert "give --splits" in result.stderr
    assert not (tmp_path / "data").exists()


def test_a_missing_real_video_costs_its_own_bags_only(ffpms: Command, copy: Path, tmp_path: Path) -> None:
    (copy / REAL / "006.mp4").unlink()
    result = ffpms(*flags(copy, tmp_path / "data"))
    assert result.exit_code == 0
    assert f"{REAL}/006.mp4: not found" in result.stderr
    status = status_of(tmp_path / "data")
    assert status["original_006"] == "missing"
    assert {v for k, v in status.items() if k.endswith("006_007")} == {"no_counterpart"}
    assert {v for k, v in status.items() if "006_007" not in k and k != "original_006"} == {"ok"}


def test_a_missing_fake_costs_itself_only_and_can_be_retried(
    ffpms: Command, copy: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    lost = copy / "manipulated_sequences/FaceSwap/c40/videos/008_009.mp4"
    kept = lost.rename(tmp_path / "kept.mp4")
    assert ffpms(*flags(copy, tmp_path / "data")).exit_code == 0
    assert {k for k, v in status_of(tmp_path / "data").items() if v != "ok"} == {"FS_008_009"}
    kept.rename(lost)
    assert "nothing to do" in ffpms(*flags(copy, tmp_path / "data")).output
    assert ffpms(*flags(copy, tmp_path / "data", "--retry-failed")).exit_code == 0
    assert content(tmp_path / "data") == reference


def test_a_missing_manipulation_takes_one_line(ffpms: Command, copy: Path, tmp_path: Path) -> None:
    shutil.rmtree(copy / "manipulated_sequences/FaceSwap")
    result = ffpms(*flags(copy, tmp_path / "data"))
    assert result.stderr.splitlines() == [
        "manipulated_sequences/FaceSwap/c40/videos: 4 FS videos of the test split not found; download them"
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


REASONS = {
    "empty": ("unreadable", "empty file"),
    "cut": ("unreadable", "cannot be read"),
    "text": ("unreadable", "cannot be read"),
    "short": ("too_short", "15 frames, fewer than the 20"),
    "crf": ("wrong_compression", "encoded at crf 23 in a c40 folder"),
}


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
    assert {k: v for k, v in status_of(tmp_path / "data").items() if v != "ok"} == {"DF_006_007": "misaligned"}


def test_the_real_video_as_a_fake_is_no_fake(ffpms: Command, copy: Path, tmp_path: Path) -> None:
    shutil.copy(copy / REAL / "006.mp4", copy / "manipulated_sequences/Deepfakes/c40/videos/006_007.mp4")
    result = ffpms(*flags(copy, tmp_path / "data"))
    assert "is original_006 itself" in result.stderr
    assert {k: v for k, v in status_of(tmp_path / "data").items() if v != "ok"} == {"DF_006_007": "duplicate"}


def test_what_lies_beside_a_fake_changes_none_of_its_crops(
    ffpms: Command, tree: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    assert ffpms(*flags(tree, tmp_path / "data", "--manipulations", "Deepfakes")).exit_code == 0
    alone = {name: sha for name, sha in content(tmp_path / "data").items() if name.endswith(".webp")}
    assert len(alone) > 100
    assert alone.items() <= reference.items()


@pytest.mark.parametrize("damage", ["frames.parquet", "crops/006/DF_006_007", "crops/008/shard.json"])
def test_a_damaged_set_is_mended_by_the_same_command(
    ffpms: Command, tree: Path, tmp_path: Path, reference: dict[str, str], damage: str
) -> None:
    out = tmp_path / "data"
    assert ffpms(*flags(tree, out)).exit_code == 0
    if (out / damage).is_dir():
        shutil.rmtree(out / damage)
    else:
        (out / damage).write_bytes(b"junk")
    result = ffpms(*flags(tree, out))
    assert result.exit_code == 0
    assert "nothing to do" not in result.output
    assert content(out) == reference


@pytest.mark.parametrize("report", ["", "[]", "{}", '{"complete": true}', '{"complete"'])
def test_a_damaged_report_is_one_line(ffpms: Command, tree: Path, tmp_path: Path, report: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "build.json").write_text(report)
    for command in (flags(tree, tmp_path / "data"), ("bench", "--methods", "smil", "--data", tmp_path / "data")):
        result = ffpms(*command)
        assert result.exit_code == 2
        assert "build.json" in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_a_full_set_is_not_cut_down_by_a_limit(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    assert ffpms(*flags(tree, tmp_path / "data")).exit_code == 0
    result = ffpms(*flags(tree, tmp_path / "data", "--limit", 2))
    assert result.exit_code == 2
    assert "--limit None, not 2" in result.stderr


def test_another_tree_is_not_mixed_in(ffpms: Command, tree: Path, copy: Path, tmp_path: Path) -> None:
    assert ffpms(*flags(tree, tmp_path / "data", "--limit", 2)).exit_code == 0
    result = ffpms(*flags(copy, tmp_path / "data"))
    assert result.exit_code == 2
    assert "--ff-root" in result.stderr


def test_nothing_usable_is_an_error(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    result = ffpms(*flags(tree, tmp_path / "data", "--frames", 200))
    assert result.exit_code == 2
    assert "not one bag could be built" in result.stderr.splitlines()[-1]


def test_a_decoder_that_is_not_there_is_said_at_once(
    ffpms: Command, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    result = ffpms(*flags(tree, tmp_path / "data", "--decoder", "ffmpeg", "--workers", 1))
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ffmpeg: no such program on the PATH")


def test_workers_end_with_a_killed_build(tree: Path, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("ffpms")), *map(str, flags(tree, tmp_path / "data", "--workers", 2))]
    process = subprocess.Popen(command)
    while process.poll() is None and not (children := _children(process.pid)):
        time.sleep(0.01)
    time.sleep(1.0)
    children = _children(process.pid)
    process.kill()
    process.wait()
    assert children
    deadline = time.monotonic() + 20
    while any(_is_alive(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(_is_alive(child) for child in children)


def _children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_bench_counts_a_faceless_video_as_undecided(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "tree"
    shutil.copytree(tree, damaged)
    broken(damaged / REAL / "006.mp4", "faceless")
    build = ("build", "--ff-root", damaged, "--splits", damaged / "splits", "--out", tmp_path / "data", "--size", 32)
    assert ffpms(*build).exit_code == 0
    bench = ("bench", "--methods", "smil", "--data", tmp_path / "data", "--out", tmp_path / "runs")
    assert ffpms(*bench, "--backbone", "tiny", "--epochs", 1, "--quiet").exit_code == 0
    (path,) = (tmp_path / "runs").glob("*/scores.parquet")
    scores = pd.read_parquet(path)
    faceless = scores[scores["status"] == "no_face"]
    assert set(faceless["level"]) == {"video"}
    assert len(faceless) == 1 + 4
    assert (faceless["score"] == 0.5).all()
