"""``ffpms evaluate``: what of another tool's file is refused, in which words, and what becomes of one that is not."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

from benchmark.data import BuiltSet
from benchmark.folders import read_runs
from benchmark.leaderboard import tabulate
from benchmark.reference import Reference
from ffpms.schema import SCORE, check
from tests.conftest import Command
from tests.tiny_set import edit, make_set

Change = tuple[str, object]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2 originals and 4 fakes, of DF and F2F, in 4 slots, for test and again for val."""
    return make_set(tmp_path_factory.mktemp("set") / "data")


def predict(data: Path | None, split: str = "test", frames: bool = True) -> pd.DataFrame:
    """A tool that is right and not quite sure."""
    reference = Reference.of_set(BuiltSet.load(data), split) if data else Reference.of_v1(split)
    videos = reference.videos[["bag_id", "label"]].assign(slot="")
    faces = reference.frames[["bag_id", "slot", "label"]] if frames else None
    rows = pd.concat([videos, faces])
    score = 0.3 + 0.4 * rows["label"] + 0.01 * (np.arange(len(rows)) % 7)
    return rows.drop(columns="label").assign(score=score).reset_index(drop=True)


@pytest.fixture
def submit(ffpms: Command, data: Path, tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(rows: pd.DataFrame, *flags: object, name: str = "my-tool") -> Result:
        rows.to_csv(tmp_path / "mine.csv", index=False)
        return ffpms("evaluate", "--scores", tmp_path / "mine.csv", "--name", name, "--out", tmp_path / "runs", *flags)

    return run


def test_a_file_becomes_a_run_and_a_row(submit, data: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = submit(predict(data), "--data", data)
    assert result.exit_code == 0, result.stderr
    assert "| my-tool | 100.00 " in result.stdout
    (run,) = read_runs(tmp_path / "runs")
    assert sorted(path.name for path in (tmp_path / "runs" / run.run_id).iterdir()) == [
        "DONE",
        "config.toml",
        "scores.parquet",
    ]
    assert (run.method, run.manipulations, run.seed, run.external) == ("my-tool", ("DF", "F2F"), None, True)
    assert run.dataset == "FFPMS-custom"
    assert run.data_sha256 == BuiltSet.load(data).sha256
    check(run.scores, SCORE)
    frames = BuiltSet.load(data).frames
    stored = run.scores[run.scores["level"] == "frame"].merge(frames, on=["bag_id", "slot"])
    assert len(stored) == 24
    assert (stored["y_true"] == stored["label"]).all()
    board = pd.read_csv(tmp_path / "runs" / "leaderboard.csv")
    assert set(board["method"]) == {"my-tool"}
    assert board.query("metric == 'frame_auc'")["value"].eq(1).all()
    assert "accuracy_val" not in set(board["metric"])


def test_csv_parquet_and_any_order_are_the_same_run(  # type: ignore[no-untyped-def]
    ffpms: Command, submit, data: Path, tmp_path: Path
) -> None:
    rows = predict(data)
    assert submit(rows, "--data", data).exit_code == 0
    (written,) = (tmp_path / "runs").glob("*/scores.parquet")
    before = written.stat().st_mtime_ns
    assert submit(rows.sample(frac=1, random_state=0)[["score", "slot", "bag_id"]], "--data", data).exit_code == 0
    numbered = rows.assign(slot=pd.to_numeric(rows["slot"], errors="coerce"))
    numbered.to_parquet(tmp_path / "mine.dat")
    flags = ("--name", "my-tool", "--data", data, "--out", tmp_path / "runs")
    assert ffpms("evaluate", "--scores", tmp_path / "mine.dat", *flags).exit_code == 0
    assert submit(rows.assign(slot=rows["slot"].replace("", -1)), "--data", data).exit_code == 0
    assert len(list(read_runs(tmp_path / "runs"))) == 1
    assert written.stat().st_mtime_ns == before, "a finished run is not written again"
    rows.loc[0, "score"] = 0.32
    assert submit(rows, "--data", data).exit_code == 0
    labels = tabulate(list(read_runs(tmp_path / "runs")))["method"].unique()
    assert len(labels) == 2
    assert all(label.startswith("my-tool [scores=") for label in labels), "other scores are not averaged in"


def test_val_scores_choose_the_threshold(submit, data: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    predict(data, "val", frames=False).assign(score=lambda t: t["score"] / 2).to_csv(tmp_path / "val.csv", index=False)
    result = submit(predict(data), "--data", data, "--val-scores", tmp_path / "val.csv")
    assert result.exit_code == 0, result.stderr
    board = pd.read_csv(tmp_path / "runs" / "leaderboard.csv")
    threshold = board.query("metric == 'accuracy_val'")["threshold"].iloc[0]
    assert 0.15 < threshold < 0.4
    assert {"brier_scaled", "ece_scaled"} <= set(board["metric"])


def test_test_scores_do_not_pass_for_val_scores(submit, data: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    predict(data).to_csv(tmp_path / "val.csv", index=False)
    result = submit(predict(data), "--data", data, "--val-scores", tmp_path / "val.csv")
    assert result.exit_code == 2
    assert "val.csv: rows that are not of the val bags" in result.stderr
    assert not (tmp_path / "runs").exists()


def test_v1_needs_no_pixels(submit, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
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


def drop(rows: pd.DataFrame, *index: int) -> pd.DataFrame:
    return rows.drop(index=list(index))


def put(rows: pd.DataFrame, index: int, column: str, value: object) -> pd.DataFrame:
    changed = rows.astype(object)
    changed.loc[index, column] = value
    return changed


# Rows 0 to 5 are the videos, the first two originals; row 6 is slot 0 of the first.
WRONG = {
    "unknown id": (
        lambda r: put(r, 6, "bag_id", "DF_9"),
        ["rows that are not of the test bags", "frames without a score: 1 (original_004 0)"],
    ),
    "another split": (
        lambda r: pd.concat([r, r.head(1).assign(bag_id="original_000")]),
        ["not of the test bags of", "1 (original_000)"],
    ),
    "missing bag": (lambda r: drop(r, 0, 3), ["without a video score: 2 (original_004, DF_005_004)"]),
    "only frames": (lambda r: r.tail(-6), ["without a video score: 6 (original_004, original_005, DF_004_005, ...)"]),
    "twice": (
        lambda r: pd.concat([r, r.iloc[[0, 6]]]),
        ["score again what has a score: 2 (original_004, original_004 0)"],
    ),
    "nan": (lambda r: put(r, 2, "score", np.nan), ["scores that are no number: 1 (DF_004_005)"]),
    "text": (lambda r: put(r, 2, "score", "high"), ["scores that are no number: 1 (DF_004_005)"]),
    "infinite": (lambda r: put(r, 2, "score", "inf"), ["scores that are no number: 1 (DF_004_005)"]),
    "percent": (lambda r: r.assign(score=r["score"] * 100), ["scores outside [0, 1]: 30"]),
    "logits": (
        lambda r: r.assign(score=r["score"] * 8 - 4),
        ["scores outside [0, 1]: ", "give the probability of being fake"],
    ),
    "unknown slot": (
        lambda r: put(r, 7, "slot", 4),
        ["rows of a slot that their bag has not: 1 (original_004 4)", "frames without a score: 1 (original_004 1)"],
    ),
    "half a slot": (lambda r: put(r, 7, "slot", 1.5), ["slots that are no whole number: 1"]),
    "negative slot": (lambda r: put(r, 7, "slot", -2), ["slots that are no whole number: 1"]),
    "unknown track": (
        lambda r: r.assign(track_id=[""] * 6 + [7] * 24),
        ["rows of a slot or track_id that their bag has not: 24", "frames without a score: 24"],
    ),
    "no score column": (
        lambda r: r.rename(columns={"score": "prob"}),
        ["no column score (there are: bag_id, slot, prob)", "unknown columns prob"],
    ),
    "an index column": (lambda r: r.reset_index(), ["unknown columns index; it takes bag_id, slot, track_id, score"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_a_line_each(submit, data: Path, tmp_path: Path, name: str) -> None:  # type: ignore[no-untyped-def]
    change, said = WRONG[name]
    result = submit(change(predict(data)), "--data", data)
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert all(line.startswith(f"Error: {tmp_path}/mine.csv: ") and "; " in line for line in lines)
    for text in said:
        assert any(text in line for line in lines), lines
    assert len(lines) == len({line.split(":")[2] for line in lines}) <= 10
    assert not (tmp_path / "runs").exists()


def test_all_that_is_wrong_is_said_at_once(submit, data: Path) -> None:  # type: ignore[no-untyped-def]
    rows = pd.concat(
        [drop(put(predict(data), 7, "slot", 9), 1), pd.DataFrame([{"bag_id": "x", "slot": "", "score": 0.1}])]
    )
    lines = submit(pd.concat([rows, rows.head(1)]), "--data", data).stderr.splitlines()
    kinds = (
        "not of the test bags",
        "score again",
        "without a video score",
        "that their bag has not",
        "frames without a score",
    )
    assert [next(kind for kind in kinds if kind in line) for line in lines] == list(kinds)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"PAR1 and no more", b"a,b\n1,2\n1,2,3\n"])
def test_what_is_no_table_is_one_line(ffpms: Command, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    result = ffpms("evaluate", "--scores", tmp_path / "x.csv", "--name", "t", "--out", tmp_path / "runs")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "x.csv: neither CSV nor Parquet" in result.stderr


def test_a_file_that_is_not_there_is_one_line(ffpms: Command, tmp_path: Path) -> None:
    result = ffpms("evaluate", "--scores", tmp_path / "x.csv", "--name", "t", "--out", tmp_path / "runs")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"Error: {tmp_path}/x.csv: not found; give a CSV or Parquet file with bag_id, slot and score"
    ]


def test_a_set_that_is_not_there_is_one_line(submit, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = submit(pd.DataFrame(), "--data", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "nowhere: no built set" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["", "../up", "a/b", "-x", "x" * 65, "a b"])
def test_a_name_is_a_folder_name(submit, data: Path, name: str) -> None:  # type: ignore[no-untyped-def]
    result = submit(predict(data), "--data", data, name=name)
    assert result.exit_code == 2
    assert "is no name of" in result.stderr


def test_a_bag_without_a_face_may_be_left_out_and_counts_as_undecided(  # type: ignore[no-untyped-def]
    submit, data: Path, tmp_path: Path
) -> None:
    bare = make_set(tmp_path / "bare", faces=False)
    rows = predict(bare, frames=False)
    assert submit(rows.tail(-1), "--data", bare).exit_code == 0
    (run,) = read_runs(tmp_path / "runs")
    assert run.scores.set_index("bag_id").loc["original_004", "score"] == 0.5
    assert len(run.scores) == 6


def test_a_bag_that_could_not_be_built_is_not_counted(submit, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    damaged = make_set(tmp_path / "damaged")

    def lose(videos: pd.DataFrame) -> None:
        videos.loc[videos["bag_id"] == "DF_004_005", "status"] = "missing"

    edit(damaged, "videos", lose)
    rows = predict(damaged, frames=False)
    for given in (rows, rows[rows["bag_id"] != "DF_004_005"]):
        assert submit(given, "--data", damaged).exit_code == 0
    (run,) = read_runs(tmp_path / "runs")
    assert set(run.scores["bag_id"]) == set(rows["bag_id"]) - {"DF_004_005"}


def test_a_name_of_ours_is_told_apart(submit, data: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from tests.scores import run

    assert submit(predict(data), "--data", data, name="s-mil").exit_code == 0
    (theirs,) = read_runs(tmp_path / "runs")
    ours = run(data=theirs.data_sha256)
    assert set(tabulate([ours, theirs])["method"]) == {"s-mil", "s-mil [external]"}


def test_an_edited_folder_is_refused(submit, ffpms: Command, data: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert submit(predict(data), "--data", data).exit_code == 0
    (config,) = (tmp_path / "runs").glob("*/config.toml")
    about = tomllib.loads(config.read_text())
    assert about["external"]["method"] == "my-tool"
    config.write_text(config.read_text().replace("my-tool", "their-tool"))
    result = ffpms("leaderboard", tmp_path / "runs")
    assert result.exit_code == 2
    assert "or was edited" in result.stderr
