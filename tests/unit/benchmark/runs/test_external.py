"""``ffpms evaluate``: what becomes of another tool's scores."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest
import tomli_w

from benchmark.leaderboards.board import tabulate
from benchmark.runs.collection import read_runs
from ffpms.builder.config import BuildConfig
from ffpms.dataset.built_set import BuiltSet
from ffpms.parquet import check
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.v1_manifest import read_v1
from ffpms.schema import SCORE, UNKNOWN
from tests.conftest import Command
from tests.helpers.submissions import Submit, predict
from tests.helpers.tiny_set import edit, make_set


def test_a_file_becomes_a_run_and_a_row(submit: Submit, whole: Path, tmp_path: Path) -> None:
    result = submit(predict(whole), "--data", whole)
    assert result.exit_code == 0, result.stderr
    assert "| my-tool | 100.00 " in result.stdout
    (run,) = read_runs(tmp_path / "runs")
    assert sorted(path.name for path in (tmp_path / "runs" / run.run_id).iterdir()) == [
        "DONE",
        "config.toml",
        "scores.parquet",
        "segments.parquet",
    ]
    assert (run.method, run.manipulations, run.seed, run.external) == ("my-tool", ("DF", "F2F"), None, True)
    assert run.dataset == "FFPMS-custom"
    assert run.reasons == BuiltSet.load(whole).reasons
    line = "FFPMS-custom: --frames 4 is not v1's 20; its split files are not those of FaceForensics++; --manipulations "
    assert line in result.stdout
    assert line in (tmp_path / "runs" / "leaderboard.md").read_text()
    assert run.data_sha256 == BuiltSet.load(whole).sha256
    check(run.scores, SCORE)
    frames = BuiltSet.load(whole).frames
    stored = run.scores[run.scores["level"] == "frame"].merge(frames, on=["bag_id", "slot"])
    assert len(stored) == 24
    assert (stored["y_true"] == stored["label"]).all()
    board = pd.read_csv(tmp_path / "runs" / "leaderboard.csv")
    assert set(board["method"]) == {"my-tool"}
    assert board.query("metric == 'frame_auc'")["value"].eq(1).all()
    assert "accuracy_val" not in set(board["metric"])


def test_a_run_of_an_older_version_is_not_believed(submit: Submit, whole: Path, tmp_path: Path) -> None:
    """It wrote the name FFPMS without a look at the videos, and no reasons."""
    assert submit(predict(whole), "--data", whole).exit_code == 0
    (config,) = (tmp_path / "runs").glob("*/config.toml")
    now = config.read_text()
    about = tomllib.loads(now)
    del about["data"]["reasons"]
    config.write_text(tomli_w.dumps(about | {"data": about["data"] | {"name": "FFPMS"}}))
    (run,) = read_runs(tmp_path / "runs")
    assert run.dataset == "FFPMS-custom"
    assert run.reasons == ("an older ffpms named the set without a look at its videos; run it again",)
    assert submit(predict(whole), "--data", whole).exit_code == 0
    assert config.read_text() == now, "the name is written again"


@pytest.mark.parametrize("name", ["scores.parquet", "segments.parquet", "config.toml"])
def test_a_damaged_run_is_written_again(submit: Submit, whole: Path, tmp_path: Path, name: str) -> None:
    assert submit(predict(whole), "--data", whole).exit_code == 0
    (file,) = (tmp_path / "runs").glob(f"*/{name}")
    stored = file.read_bytes()
    file.write_bytes(stored[:-20])
    result = submit(predict(whole), "--data", whole)
    assert (result.exit_code, "left out" in result.stderr) == (0, False)
    assert file.read_bytes() == stored


def test_csv_parquet_and_any_order_are_the_same_run(
    ffpms: Command, submit: Submit, whole: Path, tmp_path: Path
) -> None:
    rows = predict(whole)
    assert submit(rows, "--data", whole).exit_code == 0
    (written,) = (tmp_path / "runs").glob("*/scores.parquet")
    before = written.stat().st_mtime_ns
    assert submit(rows.sample(frac=1, random_state=0)[["score", "slot", "bag_id"]], "--data", whole).exit_code == 0
    numbered = rows.assign(slot=pd.to_numeric(rows["slot"], errors="coerce"))
    numbered.to_parquet(tmp_path / "mine.dat")
    flags = ("--name", "my-tool", "--data", whole, "--out", tmp_path / "runs")
    assert ffpms("evaluate", "--scores", tmp_path / "mine.dat", *flags).exit_code == 0
    assert submit(rows.assign(slot=rows["slot"].where(rows["slot"] != "", -1)), "--data", whole).exit_code == 0
    assert len(read_runs(tmp_path / "runs")) == 1
    assert written.stat().st_mtime_ns == before, "a finished run is not written again"
    rows.loc[0, "score"] = 0.32
    assert submit(rows, "--data", whole).exit_code == 0
    labels = tabulate(read_runs(tmp_path / "runs"))["method"].unique()
    assert len(labels) == 2
    assert all(label.startswith("my-tool [scores=") for label in labels), "other scores are not averaged in"


def test_val_scores_choose_the_threshold(submit: Submit, whole: Path, tmp_path: Path) -> None:
    predict(whole, "val", frames=False).assign(score=lambda t: t["score"] / 2).to_csv(tmp_path / "val.csv", index=False)
    result = submit(predict(whole), "--data", whole, "--val-scores", tmp_path / "val.csv")
    assert result.exit_code == 0, result.stderr
    board = pd.read_csv(tmp_path / "runs" / "leaderboard.csv")
    threshold = board.query("metric == 'accuracy_val'")["threshold"].iloc[0]
    assert 0.15 < threshold < 0.4
    assert {"brier_scaled", "ece_scaled"} <= set(board["metric"])


def test_v1_needs_no_pixels(submit: Submit, tmp_path: Path) -> None:
    predict(None, "val").to_csv(tmp_path / "val.csv", index=False)
    result = submit(predict(None), "--val-scores", tmp_path / "val.csv")
    assert result.exit_code == 0, result.stderr
    (run,) = read_runs(tmp_path / "runs")
    assert run.dataset == "FFPMS"
    assert run.scores["level"].value_counts().to_dict() == {"frame": 14_000, "video": 700}
    board = pd.read_csv(tmp_path / "runs" / "leaderboard.csv")
    ours = board.query("source == 'ours' and metric == 'accuracy' and fake_rate_bucket == 'all'")
    assert ours.set_index("manipulation")["n_videos"].to_dict() == {
        "all": 700,
        "DF": 280,
        "F2F": 280,
        "FS": 280,
        "NT": 280,
    }
    assert set(board[board["source"] == "paper"]["method"]) >= {"s-mil", "i3d"}
    assert set(board.query("fake_rate_bucket == '5-10%' and metric == 'auc' and manipulation == 'DF'")["n_videos"]) <= {
        147,
        148,
    }


def test_a_bag_without_a_face_may_be_left_out_and_counts_as_undecided(submit: Submit, tmp_path: Path) -> None:
    bare = make_set(tmp_path / "bare", faces=False)
    rows = predict(bare, frames=False)
    assert submit(rows.tail(-1), "--data", bare).exit_code == 0
    (run,) = read_runs(tmp_path / "runs")
    assert run.scores.set_index("bag_id").loc["original_004", "score"] == 0.5
    assert len(run.scores) == 6


def segments_set(out: Path) -> Path:
    """Each fake shows its fake in two slots side by side; the second of them has no face."""
    recipe = Recipe(frames_per_video=4, replaced=(2, 2), manipulations=("DF",), placement="contiguous")
    data = make_set(out, config=BuildConfig(recipe, CropConfig(size=16)))

    def lose_the_end(frames: pd.DataFrame) -> None:
        ends = frames[frames["label"] == 1].groupby("bag_id")["slot"].idxmax()
        frames.loc[ends, ["status", "track_id", "crop"]] = ["no_face", UNKNOWN, ""]

    edit(data, "frames", lose_the_end)
    return data


def test_a_true_segment_includes_its_faceless_ends(submit: Submit, tmp_path: Path) -> None:
    """A tool that is right about every frame it sees overlaps half of each segment: IoU 0.5."""
    data = segments_set(tmp_path / "data")
    frames = BuiltSet.load(data).frames
    lost = frames[frames["status"] == "no_face"][["bag_id", "slot"]].astype(str)
    rows = predict(data).astype({"slot": str}).merge(lost, how="left", indicator=True)
    rows = rows[rows["_merge"] == "left_only"].drop(columns="_merge")
    assert submit(rows, "--data", data).exit_code == 0
    board = pd.read_csv(tmp_path / "runs" / "leaderboard.csv")
    whole = board[board["fake_rate_bucket"] == "all"].groupby("metric")["value"].first()
    assert whole["frame_auc"] == 1
    assert whole[["ap_at_iou_50", "ap_at_iou_75", "ap_at_iou_95"]].tolist() == [1, 0, 0]
    (run,) = read_runs(tmp_path / "runs")
    assert run.segments is not None
    assert (run.segments["end"] - run.segments["start"]).tolist() == [2, 2]


def test_several_segments_of_a_video_have_their_rows(submit: Submit, tmp_path: Path) -> None:
    """Those of v1 lie at random."""
    assert submit(predict(None)).exit_code == 0
    (run,) = read_runs(tmp_path / "runs")
    assert run.segments is not None
    assert (run.segments["end"] - run.segments["start"]).sum() == read_v1()["label"].sum()
    assert run.segments["bag_id"].value_counts().max() > 4
    board = pd.read_csv(tmp_path / "runs" / "leaderboard.csv")
    recall = board.query("metric == 'ar_at_50' and fake_rate_bucket == 'all' and manipulation == 'all'")
    assert recall["n_videos"].item() == 560
    assert recall["value"].item() > 0.9


def test_a_run_of_an_older_version_is_named_and_completed(
    ffpms: Command, submit: Submit, whole: Path, tmp_path: Path
) -> None:
    assert submit(predict(whole), "--data", whole).exit_code == 0
    board = tmp_path / "runs" / "leaderboard.csv"
    before = board.read_bytes()
    (stored,) = (tmp_path / "runs").glob("*/segments.parquet")
    stored.unlink()
    (stored.parent / "DONE").write_bytes(b"")
    result = ffpms("leaderboard", tmp_path / "runs", "--quiet")
    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert "1 of an older version do not say where true segments lie (my-tool-" in line
    assert not pd.read_csv(board)["metric"].str.contains("iou").any()
    assert submit(predict(whole), "--data", whole).exit_code == 0
    assert board.read_bytes() == before


@pytest.mark.parametrize("command", ["evaluate", "leaderboard"])
def test_segments_are_scored_by_the_protocol_asked_for(
    ffpms: Command, submit: Submit, whole: Path, tmp_path: Path, command: str
) -> None:
    flags = ("--protocol", "av-deepfake1m")
    assert submit(predict(whole), "--data", whole, *(flags if command == "evaluate" else ())).exit_code == 0
    if command == "leaderboard":
        assert ffpms("leaderboard", tmp_path / "runs", *flags).exit_code == 0
    names = pd.read_csv(tmp_path / "runs" / "leaderboard.csv")["metric"]
    assert {"av_deepfake1m_ap_at_iou_50", "av_deepfake1m_ar_at_5", "auc"} <= set(names)
    assert not {"ap_at_iou_50", "ar_at_5"} & set(names)


def test_a_bag_that_could_not_be_built_is_not_counted(submit: Submit, tmp_path: Path) -> None:
    damaged = make_set(tmp_path / "damaged")

    def lose(videos: pd.DataFrame) -> None:
        videos.loc[videos["bag_id"] == "DF_004_005", "status"] = "missing"

    edit(damaged, "videos", lose)
    rows = predict(damaged, frames=False)
    for given in (rows, rows[rows["bag_id"] != "DF_004_005"]):
        assert submit(given, "--data", damaged).exit_code == 0
    (run,) = read_runs(tmp_path / "runs")
    assert set(run.scores["bag_id"]) == set(rows["bag_id"]) - {"DF_004_005"}


def test_a_name_of_ours_is_told_apart(submit: Submit, whole: Path, tmp_path: Path) -> None:
    from tests.helpers.scores import run

    assert submit(predict(whole), "--data", whole, name="s-mil").exit_code == 0
    (theirs,) = read_runs(tmp_path / "runs")
    ours = run(data=theirs.data_sha256)
    assert set(tabulate([ours, theirs])["method"]) == {"s-mil", "s-mil [external]"}
