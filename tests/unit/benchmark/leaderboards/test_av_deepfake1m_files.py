"""``ffpms leaderboard --to av-deepfake1m``: what is written, read again, and scored by the real evaluator."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.leaderboards.av_deepfake1m_files import find_proposed, write_segments
from benchmark.metrics import av_deepfake1m as theirs
from benchmark.metrics import temporal_localisation as ours
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.score_arrays import read_rows
from benchmark.metrics.segments import Segments, overlap, read_segments
from benchmark.runs.external import read_scores
from benchmark.runs.folder import Run
from benchmark.runs.ground_truth import GroundTruth
from benchmark.runs.submissions.scores import Submission
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.slot_times import slot_times
from ffpms.dataset.unmixed import unmix
from ffpms.schema import SCORE
from tests.conftest import Command
from tests.helpers.run_folders import run_of_set, store
from tests.helpers.segments import IOUS, load_evaluator
from tests.helpers.timed_sets import FACELESS, make_timed_set, random_run
from tests.helpers.tiny_set import edit

OF_SEGMENTS = {name for name, metric in METRICS.items() if metric.level == "segment"}


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> BuiltSet:
    return BuiltSet.load(make_timed_set(tmp_path_factory.mktemp("timed") / "data"))


def write(run: Run, data: BuiltSet, out: Path) -> tuple[Path, Path]:
    """The submission and the metadata of a run."""
    (submission, metadata), left_out = write_segments([run], {data.sha256: data}, out)
    assert left_out == []
    return submission, metadata


def read_again(path: Path, data: BuiltSet) -> Submission:
    found, problems = read_scores(path, GroundTruth.of_set(data, "test"))
    assert problems == []
    assert found is not None
    return found


def test_the_files_of_another_set_stand_beside_those_of_the_own(timed: BuiltSet, tmp_path: Path) -> None:
    run = run_of_set(timed)
    other = replace(run, dataset="Celeb-DF-v2", origin=run)
    files, _ = write_segments([run, other], {timed.sha256: timed}, tmp_path)
    assert [file.name for file in files[::2]] == ["s-mil-0.json", f"s-mil-0-on-Celeb-DF-v2-{timed.sha256[:8]}.json"]


def test_files_by_hand(timed: BuiltSet, tmp_path: Path) -> None:
    """A real bag of two scores, a fake of one segment found at once, and a bag without a face."""
    run = run_of_set(timed)
    score = run.scores["y_true"].where(run.scores["level"] == "frame", 0.5)
    run = replace(run, scores=run.scores.assign(score=score))
    submission, metadata = write(run, timed, tmp_path)
    assert (submission.name, metadata.name) == ("s-mil-0.json", "s-mil-0_metadata.json")
    assert submission.parent == tmp_path / "av-deepfake1m"
    slot_s = slot_times(timed).set_index("bag_id")["slot_s"]
    proposals, entries = json.loads(submission.read_text()), json.loads(metadata.read_text())
    assert [entry["file"] for entry in entries] == list(proposals) == sorted(proposals)
    assert proposals["original_004.mp4"] == [[0.0, 0.0, 20 * slot_s["original_004"]]]
    by_file = {entry["file"]: entry for entry in entries}
    segments = timed_segments(timed, "F2F_005_004", slot_s)
    assert [own[1:] for own in proposals["F2F_005_004.mp4"] if own[0] == 1.0] == segments
    assert by_file["F2F_005_004.mp4"] == {
        "file": "F2F_005_004.mp4",
        "original": "original_005.mp4",
        "split": "test",
        "modify_type": "visual_modified",
        "audio_model": "",
        "fake_segments": segments,
        "audio_fake_segments": [],
        "visual_fake_segments": segments,
        "video_frames": slot_times(timed).set_index("bag_id").loc["F2F_005_004", "n_frames"],
        "audio_frames": 0,
        "duration": slot_times(timed).set_index("bag_id").loc["F2F_005_004", "duration_s"],
    }
    about = by_file["original_004.mp4"]
    assert (about["modify_type"], about["fake_segments"], about["original"]) == ("real", [], None)


def timed_segments(data: BuiltSet, bag: str, slot_s: pd.Series) -> list[list[float]]:
    labels = data.frames[data.frames["bag_id"] == bag].sort_values("slot")["label"].to_list()
    edges = np.flatnonzero(np.diff([0, *labels, 0])).reshape(-1, 2)
    return [[start * slot_s[bag], end * slot_s[bag]] for start, end in edges.tolist()]


def test_what_is_written_is_read_as_it_was(timed: BuiltSet, tmp_path: Path) -> None:
    for steps in (2, 4, 10**6):
        run = random_run(timed, steps, steps)
        submission, _ = write(run, timed, tmp_path)
        found = read_again(submission, timed)
        again = replace(run, scores=whole(found, run), proposals=found.proposals)
        same(find_proposed(run), find_proposed(again))
        assert write(again, timed, tmp_path / "again")[0].read_bytes() == submission.read_bytes()


def whole(found: Submission, run: Run) -> pd.DataFrame:
    return found.scores.assign(run_id=run.run_id, method=run.method, dataset=run.dataset)[SCORE.names]


def same(one: Segments | None, other: Segments | None) -> None:
    assert one is not None
    assert other is not None
    names = (np.array(part.rows.bag_names)[part.rows.bag].tolist() for part in (one, other))
    assert next(names) == next(names)
    for own, read in ((one.start, other.start), (one.end, other.end), (one.rows.score, other.rows.score)):
        assert own.tolist() == read.tolist()


@pytest.mark.parametrize("protocol", ["activitynet", "av-deepfake1m"])
def test_a_round_trip_gives_the_same_metrics(ffpms: Command, timed: BuiltSet, tmp_path: Path, protocol: str) -> None:
    runs, flags = tmp_path / "runs", ("--protocol", protocol, "--data", timed.root)
    run_id = store(random_run(timed, 5, steps=5), runs).name
    result = ffpms("leaderboard", runs, "--to", "av-deepfake1m", *flags)
    assert result.exit_code == 0, result.stderr
    submission = runs / "av-deepfake1m" / f"{run_id}.json"
    assert result.stdout.endswith(f", {submission.parent}\n")
    result = ffpms("evaluate", "--scores", submission, "--name", "again", *flags, "--out", runs)
    assert result.exit_code == 0, result.stderr
    cells = pd.read_csv(runs / "leaderboard.csv")
    cells = cells[cells["metric"].isin(OF_SEGMENTS)]
    columns = ["manipulation", "fake_rate_bucket", "metric", "value", "ci_low", "ci_high", "n_videos"]
    own, again = (cells[cells["method"].str.startswith(name)][columns] for name in ("s-mil", "again"))
    assert len(own) > 100
    assert own["value"].between(0.05, 0.95).any()
    pd.testing.assert_frame_equal(own.reset_index(drop=True), again.reset_index(drop=True), check_exact=True)


def evaluate(evaluator: Any, files: tuple[Path, Path]) -> tuple[list[float], list[float]]:
    """AP at each IoU and AR of each number of proposals, by the package avdeepfake1m."""
    named = {"proposals_path": str(files[0]), "labels_path": str(files[1])}
    named |= {"file_key": "file", "value_key": "fake_segments"}
    ap = evaluator.ap_1d(**named, fps=1.0, iou_thresholds=[percent / 100 for percent in ours.AP_IOUS])
    ar = evaluator.ar_1d(**named, fps=1.0, n_proposals=list(ours.AR_PROPOSALS), iou_thresholds=IOUS)
    return list(ap.values()), list(ar.values())


def evaluate_here(run: Run) -> tuple[list[float], list[float]]:
    assert run.segments is not None
    proposed = find_proposed(run)
    assert proposed is not None
    found = overlap(proposed, read_segments(run.segments, read_rows(run.scores, "video")))
    ar = [ours.mean_recall(theirs.shares_above(found, number)) for number in ours.AR_PROPOSALS]
    return [theirs.ap_above_iou(found, percent) for percent in ours.AP_IOUS], ar


def test_the_real_evaluator_finds_the_same_in_the_two_files(timed: BuiltSet, tmp_path: Path) -> None:
    """Many scores are equal, so that many IoUs are exactly at a threshold."""
    evaluator, several = load_evaluator(), 0
    for seed in range(16):
        run = random_run(timed, seed, steps=[2, 4, 10, 10**6][seed % 4])
        files = write(run, timed, tmp_path)
        assert json.loads(files[0].read_text())[f"{FACELESS}.mp4"] == [[-1.0, 0.0, 0.0]]
        ap, ar = evaluate(evaluator, files)
        assert evaluate_here(run) == (pytest.approx(ap, abs=1e-5), pytest.approx(ar, abs=1e-5)), seed
        several += len(set(ap)) > 2
    assert several > 4


def test_the_real_evaluator_finds_the_same_in_another_tools_file(timed: BuiltSet, tmp_path: Path) -> None:
    """Proposals that begin and end anywhere, in order of confidence, some equally confident."""
    evaluator, bags, draw = load_evaluator(), slot_times(timed).set_index("bag_id"), np.random.default_rng(2)
    run = random_run(timed, 0)
    _, metadata = write(run, timed, tmp_path)
    for _ in range(5):
        mine: dict[str, list[list[float]]] = {}
        for bag in pd.unique(run.scores["bag_id"]):
            edges = np.sort(draw.random((draw.integers(1, 12), 2)) * bags.loc[bag, "duration_s"]).round(3)
            sure = -np.sort(-draw.integers(0, 8, len(edges)) / 8)
            mine[f"{bag}.mp4"] = [[c, a, b + 0.001] for c, (a, b) in zip(sure.tolist(), edges.tolist(), strict=True)]
        (tmp_path / "mine.json").write_text(json.dumps(mine))
        found = read_again(tmp_path / "mine.json", timed)
        own = evaluate_here(replace(run, scores=whole(found, run), proposals=found.proposals))
        ap, ar = evaluate(evaluator, (tmp_path / "mine.json", metadata))
        assert own == (pytest.approx(ap, abs=1e-5), pytest.approx(ar, abs=1e-5))


def test_a_run_on_fewer_manipulations_has_its_own_metadata(timed: BuiltSet, tmp_path: Path) -> None:
    run = random_run(timed, 1)
    run = replace(run, scores=run.scores[run.scores["manipulation"] != "F2F"])
    proposals, entries = (json.loads(path.read_text()) for path in write(run, timed, tmp_path))
    assert list(proposals) == [entry["file"] for entry in entries]
    assert not any(name.startswith("F2F") for name in proposals)


def test_fakes_of_an_unmixed_set_are_fake_from_end_to_end(ffpms: Command, timed: BuiltSet, tmp_path: Path) -> None:
    whole_set = unmix(timed)
    run_id = store(run_of_set(whole_set), tmp_path / "runs").name
    result = ffpms("leaderboard", tmp_path / "runs", "--to", "av-deepfake1m", "--data", timed.root, "--out", tmp_path)
    assert result.exit_code == 0, result.stderr
    entries = json.loads((tmp_path / "av-deepfake1m" / f"{run_id}_metadata.json").read_text())
    slot_s = slot_times(timed).set_index("bag_id")["slot_s"]
    assert {entry["file"]: entry["fake_segments"] for entry in entries}["DF_006_007.mp4"] == [
        [0, 20 * slot_s["DF_006_007"]]
    ]


@pytest.fixture
def two_runs(timed: BuiltSet, tmp_path: Path) -> Path:
    """A run of the set, and one of another set; no built set is near."""
    store(random_run(timed, 0), tmp_path / "a" / "runs")
    store(replace(random_run(timed, 1), data_sha256="another"), tmp_path / "a" / "runs")
    return tmp_path / "a" / "runs"


def test_what_has_no_segments_is_left_out_in_a_line(ffpms: Command, timed: BuiltSet, two_runs: Path) -> None:
    videos = random_run(timed, 2)
    store(replace(videos, scores=videos.scores[videos.scores["level"] == "video"]), two_runs)
    result = ffpms("leaderboard", two_runs, "--to", "av-deepfake1m", "--data", timed.root, "--quiet")
    assert result.exit_code == 0
    assert len(list((two_runs / "av-deepfake1m").iterdir())) == 2
    lines = sorted(line.partition(": ")[2].partition(": ")[2] for line in result.stderr.splitlines())
    assert lines == [
        "has no scores of frames, which propose segments; score it with them",
        "was scored on a set that is not there (FFPMS-custom another); name it with --data",
    ]


@pytest.mark.parametrize("given", ["nothing", "another set", "data alone"])
def test_without_the_set_nothing_is_written(
    ffpms: Command, timed: BuiltSet, whole: Path, two_runs: Path, given: str
) -> None:
    to = ("--to", "av-deepfake1m")
    flags: dict[str, tuple[tuple[object, ...], str]] = {
        "nothing": (to, f"{two_runs}: --to needs the built set of its runs, for seconds; none is near"),
        "another set": ((*to, "--data", whole), f"{whole}: the runs were scored on another set"),
        "data alone": (("--data", timed.root), "data: is read for --to av-deepfake1m alone; add that"),
    }
    result = ffpms("leaderboard", two_runs, *flags[given][0])
    assert result.exit_code == 2
    assert flags[given][1] in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert all(path.is_dir() for path in two_runs.iterdir())


def test_a_set_beside_the_runs_is_found(ffpms: Command, timed: BuiltSet, two_runs: Path) -> None:
    (two_runs.parent / "my-set").symlink_to(timed.root)
    assert ffpms("leaderboard", two_runs, "--to", "av-deepfake1m", "--quiet").exit_code == 0
    assert len(list((two_runs / "av-deepfake1m").iterdir())) == 2


def test_without_frame_rates_it_is_one_line(ffpms: Command, data: Path, tmp_path: Path) -> None:
    edit(data, "sources", lambda sources: sources.assign(fps=float("nan")))
    store(run_of_set(BuiltSet.load(data)), tmp_path / "runs")
    result = ffpms("leaderboard", tmp_path / "runs", "--to", "av-deepfake1m", "--data", data)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "sources.parquet: has no fps of 6 videos (DF_004_005, DF_005_004, F2F_004_005), so" in line
