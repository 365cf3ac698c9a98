"""From a built set to a leaderboard, through the command line."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open

from benchmark.metrics.catalogue import METRICS
from ffpms.dataset.built_set import BuiltSet
from ffpms.sources.corpora.ffpp import FAKES
from tests.conftest import Command
from tests.helpers.corpus import FEW, write_splits
from tests.helpers.tiny_set import CONFIG, make_set

QUICK = ("--backbone", "tiny", "--epochs", 1)
LABELS = {name: f"{name} [backbone=tiny, epochs=2]" for name in ("s-mil", "xn-avg")}
"""Names of the rows of ``runs``."""


@pytest.fixture(scope="module")
def runs(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods, two seeds, by the installed console script."""
    out = tmp_path_factory.mktemp("runs")
    command = [str(Path(sys.executable).with_name("ffpms")), "bench", "--methods", "smil,xn-avg", "--seeds", "0,1"]
    command += ["--data", str(built), "--out", str(out), "--backbone", "tiny", "--epochs", "2", "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "| s-mil" in done.stdout
    return out


def _epoch_of(weights: Path) -> int:
    with safe_open(weights, "np") as file:
        return int(file.metadata()["epoch"].split()[0])


def test_run_folders_have_their_files(runs: Path) -> None:
    folders = [path.parent for path in runs.glob("*/config.toml")]
    assert len(folders) == 4
    for folder in folders:
        expected = (
            "DONE best.safetensors config.toml data.json environment.json fewer_scores.parquet grid_scores.parquet "
        )
        expected += "history.csv scores.parquet segments.parquet val_scores.parquet"
        last = "" if _epoch_of(folder / "best.safetensors") == 2 else "last.safetensors"
        shared = "best.xn-max.safetensors history.xn-max.csv" if folder.name.startswith("xn-avg") else ""
        assert sorted(p.name for p in folder.iterdir()) == sorted(f"{expected} {shared} {last}".split())
        assert len(pd.read_csv(folder / "history.csv")) == 2


def test_a_run_has_the_rate_grid_of_its_test_bags(runs: Path) -> None:
    grids = [pd.read_parquet(path) for path in runs.glob("*/grid_scores.parquet")]
    assert len(grids) == 4
    for grid in grids:
        assert len(grid) == 16 * 5 * 21
        scores = grid.groupby(["bag_id", "n_fake"])["score"].nunique().unstack()
        assert (scores[[0, 20]] == 1).all(axis=None), "no fake frame, or no real one: the same in all draws"
        assert (scores[10] > 1).any()


def test_a_run_has_the_true_segments_of_its_test_bags(runs: Path, tables: dict[str, pd.DataFrame]) -> None:
    videos, frames = tables["videos"], tables["frames"]
    test = videos[(videos["split"] == "test") & videos["status"].isin(["ok", "no_face"])]["bag_id"]
    fake = frames[frames["bag_id"].isin(test) & (frames["label"] == 1)]
    for path in runs.glob("*/segments.parquet"):
        stored = pd.read_parquet(path).to_dict("records")
        slots = {(s["bag_id"], slot) for s in stored for slot in range(s["start"], s["end"])}
        assert slots == set(zip(fake["bag_id"], fake["slot"], strict=True))
    assert len(list(runs.glob("*/segments.parquet"))) == 4


def test_the_leaderboard_has_the_rows_it_should(runs: Path, tables: dict[str, pd.DataFrame]) -> None:
    board = pd.read_csv(runs / "leaderboard.csv", keep_default_na=True)
    head = board[board["fake_rate_bucket"] == "all"]
    metrics = [name for name, metric in METRICS.items() if metric.protocol in ("", "activitynet")]
    expected = {(m, k, v) for m in LABELS.values() for k in ("all", *FAKES) for v in metrics}
    assert set(zip(head["method"], head["manipulation"], head["metric"], strict=True)) == expected
    assert len(head) == len(expected)
    assert board["value"].between(0, 1).all()
    assert set(board["seeds"]) == {"0;1"}
    assert set(board["source"]) == {"ours"}
    assert (board.loc[board["metric"] == "accuracy", "threshold"] == 0.5).all()
    test = tables["videos"][(tables["videos"]["split"] == "test") & (tables["videos"]["manipulation"] == "DF")]
    percents = sorted({int(r) for r in (test["fake_rate"] * 100).round()})
    buckets = board[(board["manipulation"] == "DF") & (board["fake_rate_bucket"] != "all")]["fake_rate_bucket"].unique()
    assert list(buckets) == [f"{p}-{p + 5}%" for p in percents]
    assert "5-10%" in buckets, "a video fake at 1 of 20 frames has its row"
    counts = head.set_index(["method", "manipulation", "metric"])["n_videos"]
    assert counts[LABELS["s-mil"], "DF", "accuracy"] == 8


def test_every_number_can_be_recomputed_from_the_scores(runs: Path) -> None:
    board = pd.read_csv(runs / "leaderboard.csv")
    values = []
    for folder in runs.glob("s-mil-*"):
        scores = pd.read_parquet(folder / "scores.parquet")
        video = scores[(scores["level"] == "video") & scores["manipulation"].isin(["original", "NT"])]
        right = (video["score"] >= 0.5) == (video["y_true"] == 1)
        values.append(right.groupby(video["y_true"]).mean().mean())
        frames = scores[scores["level"] == "frame"]
        np.testing.assert_allclose(frames.groupby("bag_id")["weight"].sum(), 1, atol=1e-6)
        logit = np.log(frames["score"] / (1 - frames["score"])) * frames["weight"]
        pooled = 1 / (1 + np.exp(-logit.groupby(frames["bag_id"]).sum()))
        stored = scores[scores["level"] == "video"].set_index("bag_id")["score"]
        np.testing.assert_allclose(pooled, stored.loc[pooled.index], atol=1e-6)
    row = board.query(
        "method == @LABELS['s-mil'] and manipulation == 'NT' and metric == 'accuracy' and fake_rate_bucket == 'all'"
    )
    assert row["value"].item() == pytest.approx(np.mean(values), abs=1e-6)


def test_the_leaderboard_is_recomputed_from_the_scores_alone(ffpms: Command, runs: Path, tmp_path: Path) -> None:
    stored = tmp_path / "runs"
    for folder in (path.parent for path in runs.glob("*/DONE")):
        (stored / folder.name).mkdir(parents=True)
        for name in ("config.toml", *(path.name for path in folder.glob("*.parquet")), "DONE"):
            shutil.copy(folder / name, stored / folder.name)
    assert ffpms("leaderboard", stored).exit_code == 0
    assert (stored / "leaderboard.csv").read_bytes() == (runs / "leaderboard.csv").read_bytes()
    assert len(pd.read_csv(stored / "comparisons.csv")) == 3 * 5


def test_scores_that_come_back_as_another_tools_are_ours(
    ffpms: Command, built: Path, runs: Path, tmp_path: Path
) -> None:
    """The stored scores of a run, handed in as a file, give the run's own numbers."""
    folder = next(runs.glob("s-mil-*"))
    for name in ("scores", "val_scores"):
        scores = pd.read_parquet(folder / f"{name}.parquet")
        scores[["bag_id", "slot", "track_id", "score"]].to_csv(tmp_path / f"{name}.csv", index=False)
    files = ("--scores", tmp_path / "scores.csv", "--val-scores", tmp_path / "val_scores.csv")
    result = ffpms("evaluate", *files, "--name", "theirs", "--data", built, "--out", tmp_path / "runs")
    assert result.exit_code == 0, result.stderr
    shutil.copytree(folder, tmp_path / "runs" / folder.name)
    assert ffpms("leaderboard", tmp_path / "runs").exit_code == 0
    board = pd.read_csv(tmp_path / "runs" / "leaderboard.csv").drop(columns=["seeds", "run_ids", "standing", "same_as"])
    ours, theirs = (own.drop(columns="method") for _, own in board.groupby("method"))
    pd.testing.assert_frame_equal(ours.reset_index(drop=True), theirs.reset_index(drop=True))


def test_bench_again_trains_nothing_and_writes_the_same_bytes(ffpms: Command, built: Path, runs: Path) -> None:
    before = (runs / "leaderboard.csv").read_bytes()
    flags = ("--methods", "smil,xn-avg", "--seeds", "0,1", "--backbone", "tiny", "--epochs", 2)
    result = ffpms("bench", *flags, "--data", built, "--out", runs)
    assert result.exit_code == 0
    assert result.stderr.count("done already") == 4
    assert (runs / "leaderboard.csv").read_bytes() == before


def test_the_same_command_elsewhere_gives_the_same_leaderboard(
    ffpms: Command, built: Path, runs: Path, tmp_path: Path
) -> None:
    flags = ("--methods", "smil,xn-avg", "--seeds", "0,1", "--backbone", "tiny", "--epochs", 2, "--threads", 1)
    assert ffpms("bench", *flags, "--data", built, "--out", tmp_path).exit_code == 0
    assert (tmp_path / "leaderboard.csv").read_bytes() == (runs / "leaderboard.csv").read_bytes()


def test_training_on_each_manipulation(ffpms: Command, built: Path, tmp_path: Path) -> None:
    flags = ("--methods", "xn-avg", "--train-on", "each", "--backbone", "tiny", "--epochs", 1, "--quiet")
    assert ffpms("bench", *flags, "--data", built, "--out", tmp_path).exit_code == 0
    board = pd.read_csv(tmp_path / "leaderboard.csv")
    assert set(board["manipulation"]) == set(FAKES)
    assert set(board["method"]) == {"xn-avg [backbone=tiny, epochs=1]"}


def test_a_method_that_fails_is_named_and_the_others_go_on(
    ffpms: Command, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmark.trials import trial

    original = trial.fit

    def breaks(model, *arguments):  # type: ignore[no-untyped-def]
        if model.detector.supervision == "frame":
            raise RuntimeError("CUDA out of memory")
        original(model, *arguments)

    monkeypatch.setattr(trial, "fit", breaks)
    flags = ("--methods", "xn-avg,smil", "--backbone", "tiny", "--epochs", 1)
    result = ffpms("bench", *flags, "--data", built, "--out", tmp_path)
    assert result.exit_code == 1
    assert "out of memory" in result.stderr
    assert set(pd.read_csv(tmp_path / "leaderboard.csv")["method"]) == {"s-mil [backbone=tiny, epochs=1]"}
    (row,) = pd.read_csv(tmp_path / "failures.csv").to_dict("records")
    assert (row["method"], row["seed"], row["dataset"]) == ("xn-avg", 0, "Minicorpus-10-custom")
    assert "backbone=tiny" in row["settings"]
    assert BuiltSet.load(built).sha256.startswith(row["data"])
    assert row["reason"].startswith("CUDA out of memory; the same command goes on after its last epoch")
    assert row["reason"].endswith("--micro-batch 2 needs less, but begins training anew"), "of 32 faces, in videos of 8"
    assert f"| {row['run_id']} | Minicorpus-10-custom | {row['reason']} |" in result.stdout
    monkeypatch.undo()
    assert ffpms("bench", *flags, "--data", built, "--out", tmp_path).exit_code == 0
    assert not (tmp_path / "failures.csv").exists(), "what went well since is no failure"


@pytest.fixture
def copied(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path / "data")
    return tmp_path / "data"


def test_tables_that_are_not_what_was_built_are_refused(ffpms: Command, copied: Path, tmp_path: Path) -> None:
    frames = pd.read_parquet(copied / "frames.parquet").assign(label=0)
    frames.to_parquet(copied / "frames.parquet")
    result = ffpms("bench", "--methods", "smil", "--data", copied, "--out", tmp_path / "runs", *QUICK)
    assert result.exit_code == 2
    assert "frames.parquet: is not what was built" in result.stderr


def test_a_crop_that_is_not_what_was_built_is_said_before_training(
    ffpms: Command, copied: Path, tmp_path: Path
) -> None:
    for crop in (copied / "crops" / "000").rglob("*.png"):
        crop.write_bytes(next((copied / "crops" / "001").rglob("*.png")).read_bytes())
    result = ffpms("bench", "--methods", "smil", "--data", copied, "--out", tmp_path / "runs", *QUICK)
    assert result.exit_code == 2
    assert "not the crop that was built; delete" in result.stderr
    assert not list((tmp_path / "runs").glob("*/config.toml"))


def test_a_set_without_a_test_split_is_refused_before_training(ffpms: Command, tmp_path: Path) -> None:
    data = make_set(tmp_path / "data", config=replace(CONFIG, splits=("train", "val")))
    result = ffpms("bench", "--methods", "smil", "--data", data, "--out", tmp_path / "runs", *QUICK)
    assert result.exit_code == 2
    assert "no real and fake test bags with faces; build with --split test,val,train" in result.stderr
    assert not (tmp_path / "runs").exists()


def test_a_split_of_which_no_video_could_be_used_is_counted(ffpms: Command, tmp_path: Path) -> None:
    data = make_set(tmp_path / "data", faces=False)
    result = ffpms("bench", "--methods", "smil", "--data", data, "--out", tmp_path / "runs", *QUICK)
    assert result.exit_code == 2
    assert "train bags with faces; of 6 bags 6 are not ok, most often no_face; see README.md there" in result.stderr
    assert not (tmp_path / "runs").exists()


def test_runs_of_other_code_are_not_averaged_in(
    ffpms: Command, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmark.trials import identity

    command = ("bench", "--methods", "smil", "--data", built, "--out", tmp_path, *QUICK)
    assert ffpms(*command).exit_code == 0
    monkeypatch.setattr(identity, "code_sha256", lambda method: "f" * 64)
    assert ffpms(*command).exit_code == 0
    methods = set(pd.read_csv(tmp_path / "leaderboard.csv")["method"])
    assert len(methods) == 2
    assert any(method.endswith("code=ffffffff]") for method in methods)


def test_a_copied_run_is_not_counted_twice(ffpms: Command, built: Path, runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs, tmp_path / "runs")
    folder = next((tmp_path / "runs").glob("s-mil-*"))
    shutil.copytree(folder, folder.with_name("copy"))
    flags = ("--methods", "smil", "--seeds", "0,1", "--backbone", "tiny", "--epochs", 2)
    result = ffpms("bench", *flags, "--data", built, "--out", tmp_path / "runs")
    assert result.exit_code == 0
    assert f"left out: {folder.with_name('copy')}: is a copy of {folder.name}" in result.stderr
    assert (tmp_path / "runs" / "leaderboard.csv").read_bytes() == (runs / "leaderboard.csv").read_bytes()


def test_test_bags_that_could_not_be_built_are_said(ffpms: Command, whole_copy: Path, tmp_path: Path) -> None:
    (whole_copy / "manipulated_sequences/FaceSwap/c40/videos/006_007.mp4").unlink()
    write_splits(tmp_path / "few", FEW)
    flags = ("--ff-root", whole_copy, "--splits", tmp_path / "few", "--out", tmp_path / "data", "--size", 32)
    assert ffpms("build", *flags, "--workers", 1).exit_code == 0
    result = ffpms("bench", "--methods", "smil", "--data", tmp_path / "data", "--out", tmp_path / "runs", *QUICK)
    assert "1 of 10 bags could not be built and are not scored (FS_006_007, ...)" in result.stderr
