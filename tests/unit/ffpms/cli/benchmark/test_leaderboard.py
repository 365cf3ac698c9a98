"""``ffpms leaderboard``: from run folders to files, without torch."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pandas as pd
import pytest
from PIL import Image

import benchmark
from benchmark.leaderboards.board import make_board
from benchmark.metrics.protocols import PROTOCOLS
from benchmark.runs.collection import describe_left_out, read_collection, read_runs
from benchmark.runs.folder import GRID_SCORES, SCORES, SEGMENTS, finish
from benchmark.runs.perturbed import write_perturbed
from ffpms import cli
from ffpms.parquet import write_table
from ffpms.schema import PERTURBED_LEVELS, PERTURBED_SCORE, SCORE, Split
from tests.conftest import Command
from tests.helpers.bars import count_bars
from tests.helpers.run_folders import store
from tests.helpers.scores import names, run, scores, segments_of

FILES = {"comparisons.csv", *(f"leaderboard.{suffix}" for suffix in ("csv", "md", "tex", "json", "html"))}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored")
    for one in (run(0), run(1), run(0, "xn-avg")):
        store(one, folder, grid=True)
    return folder


@pytest.fixture
def runs(stored: Path, tmp_path: Path) -> Path:
    """Three runs, to be damaged."""
    return Path(shutil.copytree(stored, tmp_path / "runs"))


def test_what_is_stored_is_what_is_read(runs: Path) -> None:
    read = {(one.method, one.seed): one for one in read_runs(runs)}
    assert set(read) == {("s-mil", 0), ("s-mil", 1), ("xn-avg", 0)}
    one = read["s-mil", 1]
    pd.testing.assert_series_equal(one.scores["score"], run(1).scores["score"])
    pd.testing.assert_series_equal(one.val["score"], run(1).val["score"])
    assert len(one.grid) == 32 * 3 * 21


def test_all_files_are_written_and_the_short_tables_printed(ffpms: Command, runs: Path) -> None:
    result = ffpms("leaderboard", runs)
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in runs.iterdir() if path.is_file()} == FILES
    assert result.stdout.count("###") == 3
    expected = make_board(read_runs(runs))
    pd.testing.assert_frame_equal(
        pd.read_csv(runs / "leaderboard.csv")[["method", "metric", "value"]],
        expected.cells[["method", "metric", "value"]],
        atol=1e-6,
        check_dtype=False,
    )
    assert len(pd.read_csv(runs / "comparisons.csv")) == 9


def test_its_rows_have_a_bar(ffpms: Command, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = count_bars(monkeypatch, "ffpms.cli.benchmark.leaderboard.progress")
    assert ffpms("leaderboard", runs, "--quiet").output == ""
    assert seen == [(True, "row", 2)]


def test_robustness_is_printed_and_what_is_incomplete(ffpms: Command, runs: Path) -> None:
    folder = next(runs.glob("xn-avg-*"))
    one = run(0, "xn-avg")
    videos = one.scores[one.scores["level"] == "video"].assign(run_id=folder.name, method=one.method, dataset="x")
    parts = [videos.assign(kind="jpeg", level=level, amount=0.0) for level in PERTURBED_LEVELS[:3]]
    write_perturbed(folder, pd.concat(parts)[PERTURBED_SCORE.names])
    printed = ffpms("leaderboard", runs).stdout
    written = (runs / "robustness.md").read_text()
    assert printed.endswith(f"\n\n{written}\nHere: {printed.rpartition('Here: ')[2]}")
    assert "jpeg (xn-avg lacks level 4, 5). To complete them, the same `ffpms bench` with `--perturb jpeg`" in written
    assert ffpms("leaderboard", runs, "--quiet").stdout == ""


def test_the_same_again_is_the_same_bytes(ffpms: Command, runs: Path, tmp_path: Path) -> None:
    assert ffpms("leaderboard", runs).exit_code == 0
    assert ffpms("leaderboard", runs, "--out", tmp_path / "again").exit_code == 0
    for name in FILES:
        assert (runs / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_the_protocols_of_the_flag_are_those_there_are() -> None:
    (flag,) = [option for option in cli.main.commands["leaderboard"].params if option.name == "protocol"]
    assert isinstance(flag.type, click.Choice)
    assert tuple(flag.type.choices) == PROTOCOLS
    assert flag.default == PROTOCOLS[0]


def test_formats_and_json(ffpms: Command, runs: Path, tmp_path: Path) -> None:
    result = ffpms("leaderboard", runs, "--format", "md", "--out", tmp_path / "out", "--json")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["leaderboard.md"]
    assert set(json.loads(result.stdout)) == {"cells", "comparisons"}


@pytest.mark.parametrize("grid", [True, False])
def test_the_curve_is_drawn_with_its_numbers_beside(ffpms: Command, runs: Path, tmp_path: Path, grid: bool) -> None:
    if not grid:
        for path in runs.rglob(GRID_SCORES):
            path.unlink()
            finish(path.parent)
    result = ffpms("leaderboard", runs, "--curve", tmp_path / "made" / "curve.png", "--quiet")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    assert Image.open(tmp_path / "made" / "curve.png").size[0] > 600
    curve = pd.read_csv(tmp_path / "made" / "curve.csv")
    assert set(curve["metric"]) == ({"accuracy", "auc", "tpr"} if grid else {"accuracy", "auc"})
    assert set(curve["method"]) == {"s-mil", "xn-avg"}


def test_each_set_has_a_curve_of_its_own(ffpms: Command, runs: Path, tmp_path: Path) -> None:
    store(run(0, data="another"), runs, grid=True)
    assert ffpms("leaderboard", runs, "--curve", tmp_path / "curve.png", "--quiet").exit_code == 0
    curves = {path.stem: pd.read_csv(path) for path in tmp_path.glob("curve*.csv")}
    assert set(curves) == {"curve-FFPMS-custom-abc", "curve-FFPMS-custom-another"}
    for curve in curves.values():
        assert not curve.duplicated(["method", "low", "high", "metric"]).any()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--format", "pdf"), "format: pdf; choose from csv,md,latex,json,html"),
        (("--format", ","), "format: none"),
        (("--curve", "curve.jpeg2"), "no name of a .png, .pdf or .svg file"),
    ],
)
def test_bad_flags_are_one_line(ffpms: Command, runs: Path, flags: tuple[str, ...], said: str) -> None:
    result = ffpms("leaderboard", runs, *flags)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_no_run_is_said_with_the_folder(ffpms: Command, tmp_path: Path) -> None:
    said = {
        tmp_path: "no finished run in it; make one with 'ffpms bench' or 'ffpms evaluate'",
        tmp_path / "nowhere": "no such folder; give the one that 'ffpms bench' wrote to, such as runs",
    }
    for folder, reason in said.items():
        result = ffpms("leaderboard", folder)
        assert (result.exit_code, result.stderr) == (2, f"Error: {folder}: {reason}\n")
    assert list(tmp_path.iterdir()) == []


def _half(folder: Path) -> None:
    for name in ("config.toml", *SCORES.values()):
        (folder / name).unlink()


def _link_to_nothing(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(folder.parent / "elsewhere")


def _edited(folder: Path, **changes: object) -> None:
    scores = pd.read_parquet(folder / SCORES[Split.TEST]).assign(**changes)
    write_table(scores, SCORE, folder / SCORES[Split.TEST])


SCORED_AGAIN = "run the same 'ffpms bench' again, or delete the folder"
ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty config": (lambda f: (f / "config.toml").write_text(""), "config.toml is damaged"),
    "no TOML": (lambda f: (f / "config.toml").write_text("= 1"), "config.toml is damaged"),
    "other TOML": (lambda f: (f / "config.toml").write_text("[train]\nseed = 1\n"), "config.toml is damaged"),
    "no text": (lambda f: (f / "config.toml").write_bytes(b"\xff\xfe\x00"), "config.toml is damaged"),
    "no config": (lambda f: (f / "config.toml").unlink(), "config.toml is not in it; copy all of the run"),
    "half copied": (_half, "config.toml is not in it; copy all of the run"),
    "no val scores": (lambda f: (f / "val_scores.parquet").unlink(), f"val_scores.parquet: not found; {SCORED_AGAIN}"),
    "no scores": (lambda f: (f / "scores.parquet").unlink(), f"/scores.parquet: not found; {SCORED_AGAIN}"),
    "empty scores": (lambda f: (f / "scores.parquet").write_bytes(b""), "/scores.parquet: no whole Parquet file"),
    "cut segments": (lambda f: (f / SEGMENTS).write_bytes(b"PAR1"), f"{SEGMENTS}: no whole Parquet file"),
    "no number": (lambda f: _edited(f, score=float("nan")), "/scores.parquet: has no score in [0, 1] and label"),
    "scores of another": (lambda f: _edited(f, run_id="s-mil-0"), "/scores.parquet: has scores of s-mil-0;"),
    "older columns": (lambda f: pd.DataFrame({"bag": [1]}).to_parquet(f / "scores.parquet"), "no column"),
    "renamed": (lambda f: f.rename(f.with_name("copy")), "; give it that name back, or move it away"),
    "link": (_link_to_nothing, "a link to what is not there; mount its target, or delete the link"),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_run_is_left_out_in_one_line_and_the_others_are_read(runs: Path, kind: str) -> None:
    folder = next(path for path in runs.iterdir() if path.name.startswith("xn-avg"))
    spoil, said = ODD[kind]
    spoil(folder)
    with pytest.warns(UserWarning, match="left out: ") as warned:
        assert [run.method for run in read_runs(runs)] == ["s-mil", "s-mil"]
    (line,) = (str(one.message) for one in warned)
    assert line.startswith(f"left out: {runs}/")
    assert said in line


def test_odd_runs_do_not_cost_the_leaderboard(ffpms: Command, runs: Path) -> None:
    (runs / "odd-1").mkdir()
    (runs / "odd-1" / "DONE").touch()
    folder = next(path for path in runs.iterdir() if path.name.startswith("xn-avg"))
    (folder / "scores.parquet").write_bytes(b"")
    (runs / "odd-2").mkdir()
    (runs / "odd-2" / "DONE").touch()
    (runs / "odd-2" / "config.toml").write_text("deep = " + "[" * 20_000)
    result = ffpms("leaderboard", runs)
    assert result.exit_code == 0
    assert [line[:10] for line in result.stderr.splitlines()] == ["left out: "] * 3
    assert names(pd.read_csv(runs / "leaderboard.csv")["method"]) == {"s-mil"}


def test_a_copied_run_counts_once(ffpms: Command, runs: Path) -> None:
    """As a folder of another name, and as a link of another name."""
    assert ffpms("leaderboard", runs).exit_code == 0
    expected = (runs / "leaderboard.csv").read_bytes()
    folder = next(path for path in runs.iterdir() if path.name.startswith("s-mil"))
    shutil.copytree(folder, runs / "a-copy")
    (runs / "a-link").symlink_to(folder)
    result = ffpms("leaderboard", runs)
    assert result.exit_code == 0
    assert sorted(result.stderr.splitlines()) == [
        f"left out: {runs / 'a-copy'}: is a copy of {folder.name} or was edited; move it away",
        f"left out: {runs / 'a-link'}: is the run {folder.name} once more; delete the link",
    ]
    assert (runs / "leaderboard.csv").read_bytes() == expected


def test_what_holds_nothing_of_a_run_is_passed_over(runs: Path) -> None:
    for name in ("faces", "table1", "empty/below"):
        (runs / name).mkdir(parents=True)
    for name in ("notes.txt", "faces/faces-1.npy", "table1/index.md", "DONE", "FAILED"):
        (runs / name).write_text("")
    found = read_collection(runs)
    assert (len(found.runs), found.failures, found.left_out, found.unfinished) == (3, [], {}, [])


def test_unfinished_runs_are_one_line(runs: Path) -> None:
    folders = sorted(path.parent for path in runs.glob("*/DONE"))
    for folder in folders[:2]:
        (folder / "DONE").unlink()
    own = ", ".join(folder.name for folder in folders[:2])
    assert describe_left_out(runs, read_collection(runs)) == [
        f"left out: {runs}: 2 not finished ({own}); the same 'ffpms bench' goes on with them"
    ]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_run_that_may_not_be_read_is_left_out(runs: Path) -> None:
    folder = next(path for path in runs.iterdir() if path.name.startswith("xn-avg"))
    folder.chmod(0)
    found = read_collection(runs)
    folder.chmod(0o755)
    assert len(found.runs) == 2
    assert found.left_out == {folder.name: f"{folder}: Permission denied; make it readable, or move it away"}


def test_a_folder_of_failures_alone_is_a_board_too(ffpms: Command, runs: Path) -> None:
    """By the same rule as in Python."""
    for folder in (path.parent for path in runs.glob("*/DONE")):
        (folder / "DONE").unlink()
        (folder / "FAILED").write_text("out of memory\n\nTraceback (most recent call last):\n  ...\n")
    result = ffpms("leaderboard", runs)
    assert result.exit_code == 0, result.stderr
    assert set(pd.read_csv(runs / "failures.csv")["reason"]) == {"out of memory"}
    assert list(make_board(runs).failures["reason"]) == ["out of memory"] * 3


def test_a_run_is_no_folder_of_runs(ffpms: Command, runs: Path) -> None:
    folder = next(path for path in runs.iterdir())
    result = ffpms("leaderboard", folder)
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: {folder}: is a run itself; give the folder that it is in: {runs}\n",
    )


def test_where_all_are_odd_it_is_an_error(ffpms: Command, runs: Path) -> None:
    for path in runs.rglob("config.toml"):
        path.write_text("")
    result = ffpms("leaderboard", runs)
    assert result.exit_code == 2
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["left out"] * 3 + ["Error"]
    assert "no finished run in it" in result.stderr.splitlines()[-1]


def test_the_scoring_wing_needs_no_torch_and_no_decoder() -> None:
    """The contracts of setup.cfg follow our own imports; this sees what those of libraries bring along."""
    wings = ("runs", "metrics", "stats", "leaderboards", "figures", "report")
    root = Path(benchmark.__file__).parent
    files = [path.relative_to(root.parent) for wing in wings for path in (root / wing).rglob("*.py")]
    modules = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files]
    heavy = "{'torch', 'timm', 'detectors', 'sklearn', 'matplotlib', 'av', 'dlib', 'ffmpeg', 'isal', 'PIL'}"
    code = (
        f"import sys, {', '.join(modules)}, ffpms.cli.benchmark.leaderboard; print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_segments_lead_where_a_set_is_about_them(ffpms: Command, tmp_path: Path) -> None:
    table = scores(3, contiguous=True)
    store(replace(run(), scores=table, segments=segments_of(table)), tmp_path)
    printed = ffpms("leaderboard", tmp_path).stdout
    assert printed.startswith("### Segments proposed: average precision (%) by IoU, FFPMS-custom")
    assert printed.count("###") == 6
    assert printed.count("| random scores (no method)") == 3
    assert printed.count('The row "random scores (no method)" is chance') == 1
