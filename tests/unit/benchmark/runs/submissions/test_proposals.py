"""``ffpms evaluate`` of proposed segments: what is refused, what is stored, and which scores they give."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import Result

from benchmark.leaderboards.board import tabulate
from benchmark.runs.collection import read_runs
from benchmark.runs.external import read_scores
from benchmark.runs.ground_truth import GroundTruth
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.slot_times import slot_times
from ffpms.parquet import check
from ffpms.schema import PROPOSAL, SCORE
from tests.conftest import Command
from tests.helpers.timed_sets import FACELESS, make_timed_set
from tests.helpers.tiny_set import edit, make_set, put

Proposals = dict[str, Any]
Submit = Callable[..., Result]
SLOT_S = 0.4
"""Of each video, which has 40 frames at 25 a second, in 4 slots."""


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = make_set(tmp_path_factory.mktemp("timed") / "data")
    edit(data, "sources", lambda sources: sources.assign(fps=25.0))
    return data


@pytest.fixture
def submit(ffpms: Command, timed: Path, tmp_path: Path) -> Submit:
    """``submit(proposals)``: the proposals, or a text, as a tool's file."""

    def run(proposals: object, *flags: object, data: Path | None = timed, name: str = "mine.json") -> Result:
        text = proposals if isinstance(proposals, str) else json.dumps(proposals)
        (tmp_path / name).write_text(text)
        flags = (*flags, *(("--data", data) if data else ()), "--out", tmp_path / "runs")
        return ffpms("evaluate", "--scores", tmp_path / name, "--name", "my-tool", *flags)

    return run


def propose(timed: Path) -> Proposals:
    """A tool that finds something in the middle of every test video."""
    videos = BuiltSet.load(timed).videos
    return {f"{bag}.mp4": [[0.5, 0.4, 1.2]] for bag in videos.loc[videos["split"] == "test", "bag_id"]}


BAG = "DF_004_005.mp4"
WRONG: dict[str, tuple[object, str]] = {
    "unknown file": ({"DF_9.mp4": []}, "files that are not of the test bags of DATA: 1 (DF_9.mp4); take ids from"),
    "of another split": ({"original_000.mp4": []}, "not of the test bags of DATA: 1 (original_000.mp4)"),
    "twice": ({"DF_004_005": []}, "files that are there twice: 1 (DF_004_005); keep one of them"),
    "no list": ({BAG: {"0": 1}}, "files that have no list: 1 (DF_004_005.mp4); give each a list of [confidence,"),
    "a number": ({BAG: 0.5}, "files that have no list: 1"),
    "null": ({BAG: None}, "files that have no list: 1"),
    "one proposal": ({BAG: [0.5, 0.4, 1.2]}, "files whose list is flat: 1 (DF_004_005.mp4); write it as [[conf"),
    "texts": ({BAG: ["0.5"]}, "files whose list is flat: 1 (DF_004_005.mp4)"),
    "mixed": ({BAG: [[0.5, 0.4, 1.2], 0.5, 0.4]}, "not three numbers: 2 (DF_004_005.mp4); write each as [confidence,"),
    "two numbers": ({BAG: [[0.4, 1.2]]}, "proposals that are not three numbers: 1 (DF_004_005.mp4); write each as"),
    "text": ({BAG: [["0.5", 0.4, 1.2]]}, "not three numbers: 1"),
    "nan": ({BAG: [[float("nan"), 0.4, 1.2]]}, "not three numbers: 1"),
    "infinite": ({BAG: [[0.5, 0.4, float("inf")]]}, "not three numbers: 1"),
    "huge": ({BAG: [[0.5, 0.4, 10**400]]}, "not three numbers: 1"),
    "true": ({BAG: [[True, 0.4, 1.2]]}, "not three numbers: 1"),
    "percent": ({BAG: [[50, 0.4, 1.2]]}, "confidences outside [0, 1]: 1 (DF_004_005.mp4); scale them"),
    "logit": ({BAG: [[-0.1, 0.4, 1.2]]}, "confidences outside [0, 1]: 1"),
    "backwards": ({BAG: [[0.5, 1.2, 0.4]]}, "proposals that end before or where they begin: 1 (DF_004_005.mp4)"),
    "no length at 0": ({BAG: [[0.1, 0, 0]]}, "proposals that end before or where they begin: 1"),
    "no length": ({BAG: [[0.5, 0.4, 0.4]]}, "proposals that end before or where they begin: 1"),
    "below 0": (
        {BAG: [[0.5, -0.1, 0.4]]},
        "proposals that begin before their video: 1 (DF_004_005.mp4); count seconds",
    ),
    "too long": ({BAG: [[0.5, 0.4, 1.65]]}, "beyond the end of their video: 1 (DF_004_005.mp4 at 1.65 of 1.60 s)"),
    "frames": ({BAG: [[0.5, 10, 30]]}, "beyond the end of their video: 1 (DF_004_005.mp4 at 30 of 1.60 s)"),
    "after the end": ({BAG: [[0.5, 1.61, 1.63]]}, "beyond the end of their video: 1"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_said_in_a_line(submit: Submit, timed: Path, tmp_path: Path, kind: str) -> None:
    changes, said = WRONG[kind]
    assert isinstance(changes, dict)
    result = submit(propose(timed) | changes)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: {tmp_path}/mine.json: ")
    assert said.replace("DATA", str(timed)) in line
    assert not (tmp_path / "runs").exists()


def test_each_kind_has_its_line(submit: Submit, timed: Path) -> None:
    mine = propose(timed)
    del mine["original_004.mp4"]
    mine |= {"DF_9": [], BAG: [[7, 0.4, 1.2]], "DF_005_004.mp4": [[0.5, 3, 2], [0.5, 1]]}
    lines = submit(mine).stderr.splitlines()
    said = ["not of the test", "that are not there: 1 (original_004); give each a list, []", "not three numbers"]
    said += ["confidences outside", "end before or where they begin", "beyond the end"]
    assert len(lines) == len(said)
    assert all(any(text in line for line in lines) for text in said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON (Expecting value"),
        ('{"a": [', "no JSON (Expecting value"),
        ("[]", "no JSON object of files; write {file: [[confidence, start_s, end_s], ...]}"),
        ("[" * 20_000, "no JSON (maximum recursion depth"),
        ("0.5", "no JSON object of files"),
    ],
)
def test_what_is_no_json_object_is_one_line(submit: Submit, tmp_path: Path, text: str, said: str) -> None:
    result = submit(text)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: {tmp_path}/mine.json: {said}")


def test_a_file_that_is_not_there_is_one_line(ffpms: Command, timed: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        result = ffpms("evaluate", "--scores", path, "--name", "my-tool", "--data", timed, "--out", tmp_path / "runs")
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1


def test_a_name_twice_in_json_is_not_passed_over(submit: Submit, timed: Path) -> None:
    text = json.dumps(propose(timed))
    result = submit(text[:-1] + f', "{BAG}": []}}')
    assert "files that are there twice: 1 (DF_004_005.mp4)" in result.stderr


def test_seconds_need_the_built_set(submit: Submit, timed: Path, tmp_path: Path) -> None:
    result = submit(propose(timed), data=None)
    assert result.exit_code == 2
    said = "has times in seconds, so the videos must be known; add --data with their built set"
    assert result.stderr == f"Error: {tmp_path}/mine.json: {said}\n"


def test_videos_of_unknown_rate_are_named(submit: Submit, data: Path) -> None:
    edit(data, "sources", lambda sources: sources.assign(fps=25.0))
    edit(data, "sources", put({"fps": float("nan")}, manipulation="DF"))
    result = submit(propose(data), data=data)
    (line,) = result.stderr.splitlines()
    assert "files whose length in seconds is not known: 2 (DF_004_005.mp4, DF_005_004.mp4); sources.parquet" in line
    assert submit(propose(data) | {BAG: [], "DF_005_004.mp4": []}, data=data).exit_code == 0


def test_the_run_has_the_proposals_and_scores_made_of_them(submit: Submit, timed: Path, tmp_path: Path) -> None:
    """Slots are 0.4 s long, so that their middles are at 0.2, 0.6, 1.0 and 1.4 s."""
    mine = propose(timed) | {BAG: [[0.3, 0.0, 1.61], [0.8, 0.6, 1.0], [0.8, 0.1, 0.3]], "F2F_004_005.mp4": []}
    result = submit(mine)
    assert result.exit_code == 0, result.stderr
    (run,) = read_runs(tmp_path / "runs")
    check(run.scores, SCORE)
    assert run.proposals is not None
    check(run.proposals, PROPOSAL)
    own = run.proposals[run.proposals["bag_id"] == "DF_004_005"]
    assert own["confidence"].tolist() == [0.8, 0.8, 0.3], "in the file's order where they are equal"
    assert own["start"].tolist() == pytest.approx([0.6 / SLOT_S, 0.1 / SLOT_S, 0], rel=1e-5)
    assert own["end"].tolist() == pytest.approx([1.0 / SLOT_S, 0.3 / SLOT_S, 4], rel=1e-5)
    assert own["end"].max() == 4, "what ends within a frame after the last slot ends with it"
    bags = run.scores[run.scores["bag_id"] == "DF_004_005"]
    assert bags["slot"].tolist() == [-1, 0, 1, 2, 3]
    assert bags["score"].tolist() == [0.8, 0.8, 0.8, 0.3, 0.3], "1.0 s is not in [0.6, 1.0)"
    assert set(run.scores.loc[run.scores["bag_id"] == "F2F_004_005", "score"]) == {0}
    about = tomllib.loads((tmp_path / "runs" / run.run_id / "config.toml").read_text())
    assert about["scores_from_proposals"]["videos"].startswith("highest confidence")
    assert about["external"]["proposals"] == run.settings["proposals"] != run.settings["scores"]


def test_metrics_come_from_the_proposals_and_not_from_the_scores(submit: Submit, timed: Path, tmp_path: Path) -> None:
    """True segments and nothing else are proposed; the scores of frames would propose whole videos too."""
    data = BuiltSet.load(timed)
    slot_s = slot_times(data).set_index("bag_id")["slot_s"]
    mine: Proposals = {file: [] for file in propose(timed)}
    for bag, slot in data.frames.loc[data.frames["label"] == 1, ["bag_id", "slot"]].itertuples(index=False):
        if f"{bag}.mp4" in mine:
            mine[f"{bag}.mp4"].append([1, slot * slot_s[bag], (slot + 1) * slot_s[bag]])
    assert submit(mine).exit_code == 0
    (run,) = read_runs(tmp_path / "runs")
    assert run.segments is not None
    singles = (run.segments["end"] - run.segments["start"] == 1).mean()
    board = tabulate([run]).query("manipulation == 'all' and fake_rate_bucket == 'all'").set_index("metric")["value"]
    assert board["ar_at_50"] == pytest.approx(singles + _found_in_part(run.segments))
    assert board["frame_auc"] == 1


def _found_in_part(segments: pd.DataFrame) -> float:
    """A slot of a segment of two has an IoU of 0.5, the first of ten thresholds; of three it has less."""
    return float((segments["end"] - segments["start"] == 2).mean()) / 10


def test_equal_frames_with_other_proposals_are_another_run_and_row(submit: Submit, timed: Path, tmp_path: Path) -> None:
    """Both cover the same middles of slots."""
    mine = propose(timed)
    for end_s in (1.2, 1.1, 1.2):
        assert submit(mine | {BAG: [[0.5, 0.4, end_s]]}).exit_code == 0
    runs = read_runs(tmp_path / "runs")
    assert len({run.settings["proposals"] for run in runs}) == len(runs) == 2
    assert len({run.settings["scores"] for run in runs}) == 1
    cells = tabulate(runs)
    assert all(label.startswith("my-tool [proposals=") for label in cells["method"].unique())
    assert not cells["same_as"].any()


def test_order_and_form_of_the_file_do_not_count(submit: Submit, timed: Path, tmp_path: Path) -> None:
    mine = propose(timed) | {BAG: [[0.5, 0.4, 1.2], [0.7, 0, 0.4]]}
    assert submit(mine).exit_code == 0
    (written,) = (tmp_path / "runs").glob("*/proposals.parquet")
    before = written.stat().st_mtime_ns
    turned = {file.removesuffix(".mp4"): own[::-1] for file, own in reversed(mine.items())}
    assert submit(json.dumps(turned, indent=1), name="mine.txt").exit_code == 0
    assert submit("\ufeff" + json.dumps(mine)).exit_code == 0
    assert len(read_runs(tmp_path / "runs")) == 1
    assert written.stat().st_mtime_ns == before, "a finished run is not written again"


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-9])])
def test_lost_or_damaged_proposals_are_noticed(
    submit: Submit, ffpms: Command, timed: Path, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    assert submit(propose(timed)).exit_code == 0
    (written,) = (tmp_path / "runs").glob("*/proposals.parquet")
    stored = written.read_bytes()
    spoil(written)
    result = ffpms("leaderboard", tmp_path / "runs")
    assert "proposals.parquet: " in result.stderr
    assert "run the same 'ffpms evaluate' again, or delete the folder" in result.stderr
    assert submit(propose(timed)).exit_code == 0
    assert written.read_bytes() == stored


def test_changed_proposals_are_noticed(submit: Submit, ffpms: Command, timed: Path, tmp_path: Path) -> None:
    assert submit(propose(timed)).exit_code == 0
    (written,) = (tmp_path / "runs").glob("*/proposals.parquet")
    pd.read_parquet(written).assign(confidence=1.0).to_parquet(written)
    assert "proposals.parquet: lost, or not what was written" in ffpms("leaderboard", tmp_path / "runs").stderr


def test_a_bag_without_a_face_may_be_left_out_and_one_with_proposals_counts(submit: Submit, tmp_path: Path) -> None:
    data = make_timed_set(tmp_path / "data")
    mine = {file: [[0.5, 0.0, 0.5]] for file in propose(data)}
    truth = GroundTruth.of_set(BuiltSet.load(data), "test")
    del mine[f"{FACELESS}.mp4"]
    for own, score in (({FACELESS: [[0.9, 0.2, 0.6]]}, 0.9), ({FACELESS: [[-1, 0, 0]]}, 0.0), ({}, 0.5)):
        (tmp_path / "mine.json").write_text(json.dumps(mine | own))
        found, problems = read_scores(tmp_path / "mine.json", truth)
        assert found is not None, problems
        assert found.scores.loc[found.scores["bag_id"] == FACELESS, "score"].tolist() == [score]


def test_val_scores_may_be_proposals_too(submit: Submit, timed: Path, tmp_path: Path) -> None:
    videos = BuiltSet.load(timed).videos.query("split == 'val'")
    val = {bag: [[0.2 + 0.6 * label, 0.1, 1.2]] for bag, label in zip(videos["bag_id"], videos["label"], strict=True)}
    (tmp_path / "val.json").write_text(json.dumps(val))
    result = submit(propose(timed), "--val-scores", tmp_path / "val.json")
    assert result.exit_code == 0, result.stderr
    (run,) = read_runs(tmp_path / "runs")
    assert sorted(set(run.val["score"])) == pytest.approx([0, 0.2, 0.8])
    assert "accuracy_val" in set(pd.read_csv(tmp_path / "runs" / "leaderboard.csv")["metric"])


def test_nothing_at_all_may_be_found(submit: Submit, timed: Path, tmp_path: Path) -> None:
    result = submit({file: [] for file in propose(timed)})
    assert result.exit_code == 0, result.stderr
    board = pd.read_csv(tmp_path / "runs" / "leaderboard.csv").query("fake_rate_bucket == 'all'")
    assert set(board[board["metric"].isin(["ap_at_iou_50", "ar_at_50"])]["value"]) == {0}
