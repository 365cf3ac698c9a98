"""``ffpms build``: workers, repeats, settings, and a set that was damaged."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Command
from tests.helpers.building import content, flags

pytestmark = pytest.mark.usefixtures("warm_worker")


def test_workers_change_no_byte(ffpms: Command, tree: Path, tmp_path: Path, reference: dict[str, str]) -> None:
    assert ffpms(*flags(tree, tmp_path / "data", "--workers", 3)).exit_code == 0
    assert content(tmp_path / "data") == reference


def test_again_does_nothing_but_say_so(ffpms: Command, tree: Path, out: Path) -> None:
    times = {p: p.stat().st_mtime_ns for p in out.rglob("*")}
    result = ffpms(*flags(tree, out))
    assert result.exit_code == 0
    assert "complete already, nothing to do" in result.output
    why = (
        "Minicorpus-10-custom: it is rendered, so its numbers say nothing about deepfakes; "
        "videos of 24-27 frames are not the corpus's 60-90; its split files are not those of its tree"
    )
    assert result.output.splitlines()[-1] == why
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
    assert "--margin 1.3, not --margin 1.5" in result.stderr
    assert content(tmp_path / "data") == before


def test_the_official_splits_do_not_fit_this_tree_and_that_is_said(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    result = ffpms("build", "--ff-root", tree, "--out", tmp_path / "data")
    assert result.exit_code == 2
    assert "give --splits" in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "damage", ["frames.parquet", "crops/006/DF_006_007", "crops/008/shard.json", "crops/007/original_007/*.png"]
)
def test_a_damaged_set_is_mended_by_the_same_command(
    ffpms: Command, tree: Path, out: Path, reference: dict[str, str], damage: str
) -> None:
    path = next(out.glob(damage))
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.write_bytes(b"junk")
    result = ffpms(*flags(tree, out))
    assert result.exit_code == 0
    assert "nothing to do" not in result.output
    assert content(out) == reference


@pytest.mark.parametrize("lost", [["README.md"], ["bags.jpg"], ["README.md", "bags.jpg"]])
def test_a_lost_card_is_written_again_and_nothing_else(
    ffpms: Command, tree: Path, out: Path, reference: dict[str, str], lost: list[str]
) -> None:
    for name in lost:
        (out / name).unlink()
    times = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file() and p.name not in ("README.md", "bags.jpg")}
    result = ffpms(*flags(tree, out))
    assert f"complete but for {' and '.join(lost)}" in result.output
    assert content(out) == reference
    assert {p: p.stat().st_mtime_ns for p in times} == times


@pytest.mark.parametrize("report", ["", "[]", "{}", '{"complete": true}', '{"complete"'])
def test_a_damaged_report_is_one_line(ffpms: Command, tree: Path, tmp_path: Path, report: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "build.json").write_text(report)
    for command in (flags(tree, tmp_path / "data"), ("bench", "--methods", "smil", "--data", tmp_path / "data")):
        result = ffpms(*command)
        assert result.exit_code == 2
        assert "build.json" in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_a_full_set_is_not_cut_down_by_a_limit(ffpms: Command, tree: Path, out: Path) -> None:
    result = ffpms(*flags(tree, out, "--limit", 2))
    assert result.exit_code == 2
    assert "was built with no --limit, not --limit 2; use the same" in result.stderr


def test_other_settings_are_said_as_they_are_typed(ffpms: Command, tree: Path, out: Path) -> None:
    result = ffpms(*flags(tree, out, "--replace", "2-9", "--split", "val", "--landmarks"))
    assert result.exit_code == 2
    for said in (
        "--replace 1-19, not --replace 2-9",
        "--split test, not --split val",
        "no --landmarks, not --landmarks",
    ):
        assert said in result.stderr


def test_a_decoder_that_is_not_there_is_said_at_once(
    ffpms: Command, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    result = ffpms(*flags(tree, tmp_path / "data", "--decoder", "ffmpeg"))
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ffmpeg: no such program on the PATH")
