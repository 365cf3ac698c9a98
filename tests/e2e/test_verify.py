"""``ffpms verify`` from the command line: sound trees and sets, broken ones, both together."""

import json
import shutil
from pathlib import Path

import pytest

from ffpms.sources.corpora.ffpp import FOLDERS
from tests.conftest import SEED, Command

pytestmark = pytest.mark.usefixtures("warm_worker")

REAL = "original_sequences/youtube/c40/videos"


def kinds(output: str) -> dict[str, str]:
    return {f["path"]: f["kind"] for f in json.loads(output)["findings"]}


def test_a_sound_tree_has_no_findings(ffpms: Command, tree: Path) -> None:
    result = ffpms("verify", "--ff-root", tree, "--splits", tree / "splits", "--workers", 2)
    assert result.exit_code == 0, result.output
    assert result.output == f"{tree}: official layout, c40, 50 files: no findings\n"


def test_a_sound_set_has_no_findings(ffpms: Command, tree: Path, built: Path) -> None:
    for flags in ((), ("--ff-root", tree)):
        result = ffpms("verify", built, "--workers", 1, *flags)
        assert result.exit_code == 0, result.output
    assert ffpms("verify", built, "--quiet", "--workers", 1).output == ""


def test_real_faces_are_sound_and_each_bad_file_is_found(
    ffpms: Command, grid_ff: Path, grid_ff_bad: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "tree"
    shutil.copytree(grid_ff, copy, copy_function=shutil.copyfile)
    flags = ("verify", "--ff-root", copy, "--splits", copy / "splits", "--workers", 1, "--json")
    sound = ffpms(*flags)
    assert sound.exit_code == 0, sound.output
    assert json.loads(sound.output) == {
        "ff_root": str(copy),
        "layout": "official",
        "compression": "c40",
        "n_files": 50,
        "findings": [],
    }
    bad = {"truncated_no_index": "unreadable", "truncated_tail": "truncated", "zero_bytes": "unreadable"}
    bad["mislabelled/original_sequences/youtube/c40/videos/000"] = "wrong_compression"
    expected = {}
    for i, (name, kind) in enumerate(bad.items()):
        shutil.copyfile(grid_ff_bad / f"{name}.mp4", copy / REAL / f"{2 * i:03d}.mp4")
        expected[f"{REAL}/{2 * i:03d}.mp4"] = kind
    result = ffpms(*flags)
    assert result.exit_code == 1
    assert expected.items() <= kinds(result.output).items()


def test_a_broken_tree_is_a_table_and_exit_1(ffpms: Command, whole_copy: Path) -> None:
    (whole_copy / REAL / "000.mp4").unlink()
    flags = ("verify", "--ff-root", whole_copy, "--splits", whole_copy / "splits", "--workers", 1)
    result = ffpms(*flags)
    assert result.exit_code == 1
    assert f"missing            {REAL}/000.mp4\n" in result.output
    assert "not found; download it\n" in result.output
    assert result.output.endswith(f"{whole_copy}: official layout, c40, 49 files: 1 finding (1 missing)\n")
    assert "1 finding" not in ffpms(*flags, "--quiet").output
    assert "missing" in ffpms(*flags, "--quiet").output


def test_the_set_and_its_tree_together(ffpms: Command, whole_copy: Path, built: Path) -> None:
    shutil.copyfile(whole_copy / REAL / "001.mp4", whole_copy / REAL / "000.mp4")
    result = ffpms("verify", built, "--ff-root", whole_copy, "--workers", 1, "--json")
    assert result.exit_code == 1
    assert kinds(result.output) == {f"{REAL}/000.mp4": "changed"}


def test_a_damaged_set_is_found_and_mended_by_the_build(
    ffpms: Command, tree: Path, built: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(built, data)
    crop = sorted((data / "crops").rglob("*.png"))[0]
    name = crop.relative_to(data).as_posix()
    crop.write_bytes(b"x" * crop.stat().st_size)
    (data / "frames.parquet").write_bytes(b"PAR1")
    found = ffpms("verify", data, "--workers", 1, "--json")
    assert found.exit_code == 1
    assert kinds(found.output) == {"frames.parquet": "unreadable"}
    build = ("build", "--ff-root", tree, "--splits", tree / "splits", "--size", 64, "--seed", SEED, "--out", data)
    assert ffpms(*build, "--workers", 1).exit_code == 0
    (finding,) = json.loads(ffpms("verify", data, "--workers", 1, "--json").output)["findings"]
    folder = "/".join(name.split("/")[:2])
    assert (finding["path"], finding["kind"]) == (name, "changed")
    assert finding["todo"] == f"delete the folder {folder}, then run the same 'ffpms build' again to repair it"
    shutil.rmtree(data / folder)
    assert ffpms(*build, "--workers", 1).exit_code == 0
    assert ffpms("verify", data, "--workers", 1).exit_code == 0


def test_a_flat_tree_builds_and_verifies(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    flat = tmp_path / "FaceForensics++_C40"
    shutil.copytree(tree / REAL, flat / "original")
    for folder in FOLDERS.values():
        shutil.copytree(tree / "manipulated_sequences" / folder / "c40" / "videos", flat / folder)
    flags = ("--ff-root", flat, "--splits", tree / "splits", "--workers", 1)
    result = ffpms("verify", *flags)
    assert result.output == f"{flat}: flat layout, c40, 50 files: no findings\n"
    out = tmp_path / "data"
    assert ffpms("build", *flags, "--out", out, "--size", 32, "--split", "val").exit_code == 0
    assert ffpms("verify", out, "--ff-root", flat, "--workers", 1).exit_code == 0
    for command in (("verify", *flags), ("build", *flags, "--out", tmp_path / "other")):
        refused = ffpms(*command, "--compression", "c23")
        assert refused.exit_code == 2
        assert "no c23 videos (found: c40); choose another --compression" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
