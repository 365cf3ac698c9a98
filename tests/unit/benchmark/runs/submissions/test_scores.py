"""``ffpms evaluate``: what of another tool's file is refused, and in which words."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.runs.submissions.scores import read_submission
from tests.conftest import Command
from tests.helpers.submissions import Submit, check_refused, predict


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
    "a bag that is not there": (
        lambda r: r[r["bag_id"] != "DF_005_004"],
        ["without a row: 1 (DF_005_004); give each a row with an empty slot, and one for each frame"],
    ),
    "bags of another set alone": (lambda r: r.assign(bag_id="x_" + r["bag_id"]), ["rows that are not of the test"]),
    "a frame that is no number": (
        lambda r: put(r, 9, "score", np.nan),
        ["scores that are no number: 1 (original_004 3)"],
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
        [
            "rows of a slot that their bag has not: 1 (original_004 4); frames.parquet",
            "frames without a score: 1 (original_004 1)",
        ],
    ),
    "half a slot": (lambda r: put(r, 7, "slot", 1.5), ["slots that are no whole number: 1"]),
    "negative slot": (lambda r: put(r, 7, "slot", -2), ["slots that are no whole number: 1"]),
    "unknown track": (
        lambda r: r.assign(track_id=[""] * 6 + [7] * 24),
        ["rows of a slot or track_id that their bag has not: 24", "frames without a score: 24"],
    ),
    "no score column": (
        lambda r: r.rename(columns={"score": "prob"}),
        ["no column score (there are: bag_id, slot, prob); it takes bag_id, slot, track_id, score (or logit)"],
    ),
    "an index column": (lambda r: r.reset_index(), ["unknown columns index; it takes bag_id, slot, track_id, score"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_a_line_each(submit: Submit, whole: Path, tmp_path: Path, name: str) -> None:
    change, said = WRONG[name]
    lines = check_refused(submit(change(predict(whole)), "--data", whole), tmp_path, said)
    assert len(lines) == len({line.split(":")[2] for line in lines}) <= 10


@pytest.mark.parametrize("name", ["a bag that is not there", "bags of another set alone", "a frame that is no number"])
def test_what_follows_from_a_line_is_not_said(submit: Submit, whole: Path, tmp_path: Path, name: str) -> None:
    change, said = WRONG[name]
    assert len(check_refused(submit(change(predict(whole)), "--data", whole), tmp_path, said)) == 1


def test_a_video_of_a_file_without_frames_lacks_none(submit: Submit, whole: Path, tmp_path: Path) -> None:
    result = submit(predict(whole, frames=False).tail(-1), "--data", whole)
    (line,) = check_refused(result, tmp_path, ["without a row: 1 (original_004)"])
    assert line.endswith("; give each a row with an empty slot")


def test_all_that_is_wrong_is_said_at_once(submit: Submit, whole: Path) -> None:
    rows = pd.concat(
        [drop(put(predict(whole), 7, "slot", 9), 1), pd.DataFrame([{"bag_id": "x", "slot": "", "score": 0.1}])]
    )
    lines = submit(pd.concat([rows, rows.head(1)]), "--data", whole).stderr.splitlines()
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


def test_a_number_is_read_to_its_last_bit(tmp_path: Path) -> None:
    """As Parquet has it, though an older pandas rounds what it reads from text; and some read what Python does not."""
    scores = np.random.default_rng(0).random(100)
    texts = [*map(repr, scores.tolist()), "+0e 0"]
    pd.DataFrame({"bag_id": "a", "score": texts}).to_csv(tmp_path / "mine.csv", index=False)
    rows, _ = read_submission(tmp_path / "mine.csv")
    assert rows["score"].tolist()[:-1] == scores.tolist()
    assert rows["score"].fillna(0.0).iloc[-1] == 0.0


def test_a_file_that_is_not_there_is_one_line(ffpms: Command, tmp_path: Path) -> None:
    result = ffpms("evaluate", "--scores", tmp_path / "x.csv", "--name", "t", "--out", tmp_path / "runs")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"Error: {tmp_path}/x.csv: not found; give a CSV or Parquet file with bag_id, slot and score"
    ]


def test_a_folder_is_no_file(ffpms: Command, tmp_path: Path) -> None:
    result = ffpms("evaluate", "--scores", tmp_path, "--name", "t", "--out", tmp_path / "runs")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {tmp_path}: a folder, no file; give a CSV or Parquet file with bag_id")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("hello" * 100, "no column bag_id and score (there are: 'hellohello"),
        ("\x1b[31mred", "no column bag_id and score (there are: '\\x1b[31mred'); it takes bag_id, slot"),
        (",".join(f"c{n}" for n in range(999)), "(there are: c0, c1, c2, c3, c4, c5, c6, c7, ...); it takes bag_id"),
    ],
)
def test_a_strange_header_is_one_short_line(ffpms: Command, tmp_path: Path, header: str, said: str) -> None:
    (tmp_path / "x.csv").write_text(f"{header}\n1\n")
    (line,) = ffpms("evaluate", "--scores", tmp_path / "x.csv", "--name", "t").stderr.splitlines()
    assert said in line
    assert len(line) < len(str(tmp_path)) + 300


def test_a_bag_that_no_line_shows_is_quoted(submit: Submit, whole: Path, tmp_path: Path) -> None:
    rows = put(predict(whole), 6, "bag_id", "\x1b[31m" + "x" * 99)
    lines = check_refused(submit(rows, "--data", whole), tmp_path, [": 1 ('\\x1b[31mxxx"])
    assert all(line.isprintable() and len(line) < len(str(tmp_path)) + 300 for line in lines)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_columns_are_separated_by_commas(ffpms: Command, whole: Path, tmp_path: Path, mark: str) -> None:
    predict(whole).to_csv(tmp_path / "x.csv", index=False, sep=mark)
    flags = ("--data", whole, "--scores", tmp_path / "x.csv", "--name", "t", "--out", tmp_path / "runs")
    (line,) = ffpms("evaluate", *flags).stderr.splitlines()
    assert line.endswith(f"separate columns by commas, not by {mark!r}")


def test_a_set_that_is_not_there_is_one_line(submit: Submit, tmp_path: Path) -> None:
    result = submit(pd.DataFrame(), "--data", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "nowhere: no built set" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["", "../up", "a/b", "-x", "x" * 65, "a b"])
def test_a_name_is_a_folder_name(submit: Submit, whole: Path, name: str) -> None:
    result = submit(predict(whole), "--data", whole, name=name)
    assert result.exit_code == 2
    assert "is no name of" in result.stderr


def test_test_scores_do_not_pass_for_val_scores(submit: Submit, whole: Path, tmp_path: Path) -> None:
    predict(whole).to_csv(tmp_path / "val.csv", index=False)
    result = submit(predict(whole), "--data", whole, "--val-scores", tmp_path / "val.csv")
    assert result.exit_code == 2
    assert "val.csv: rows that are not of the val bags" in result.stderr
    assert not (tmp_path / "runs").exists()


def test_an_edited_folder_is_refused(submit: Submit, ffpms: Command, whole: Path, tmp_path: Path) -> None:
    assert submit(predict(whole), "--data", whole).exit_code == 0
    (config,) = (tmp_path / "runs").glob("*/config.toml")
    about = tomllib.loads(config.read_text())
    assert about["external"]["method"] == "my-tool"
    config.write_text(config.read_text().replace("my-tool", "their-tool"))
    result = ffpms("leaderboard", tmp_path / "runs")
    assert result.exit_code == 2
    assert "or was edited" in result.stderr


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_a_file_that_cannot_be_opened_is_not_called_damaged(
    ffpms: Command, whole: Path, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / ("a" * 300 + suffix)
    result = ffpms("evaluate", "--scores", path, "--name", "my-tool", "--data", whole)
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: {path}: cannot be read (File name too long); give a shorter path\n",
    )
