"""Videos are scored as the bags of a built set are, whatever else is in the folder."""

import faulthandler
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import benchmark
import detectors
from benchmark import TrainedModel
from benchmark.inference.judge import Judge
from benchmark.metrics.calibration import scale
from ffpms.engine import Died, on_processes
from ffpms.errors import ConfigError
from ffpms.extraction import people_job
from ffpms.extraction.decoding.any_video import FileStatus
from ffpms.extraction.people_job import PeopleJob, explain_death, run_people_job
from ffpms.extraction.sampling import Sampling
from ffpms.minicorpus.encode import write_video
from tests.helpers.trained_runs import find_run


def test_a_real_video_of_the_set_gets_its_stored_scores(
    model: TrainedModel, run: Path, built: Path, reals: Path
) -> None:
    rows = pd.concat([pd.read_parquet(run / name) for name in ("scores.parquet", "val_scores.parquet")])
    slots = pd.read_parquet(built / "frames.parquet")
    bags = sorted(rows.loc[rows["manipulation"] == "original", "bag_id"].unique())
    assert len(bags) == 6
    for bag in bags:
        (verdict,) = benchmark.predict(reals / f"{bag.removeprefix('original_')}.mp4", model)
        frames, stored = verdict.tracks[0].frames, rows[rows["bag_id"] == bag].set_index("level")
        cut = slots[(slots["bag_id"] == bag) & (slots["crop"] != "")]
        assert [frame.index for frame in frames] == cut["frame_index"].tolist()
        np.testing.assert_array_equal([f.box for f in frames], cut[["box_x", "box_y", "box_w", "box_h"]])
        np.testing.assert_allclose([f.probability for f in frames], stored.loc["frame", "score"], atol=1e-6)
        np.testing.assert_allclose([f.weight for f in frames], stored.loc["frame", "weight"], atol=1e-6)
        video = scale(stored.loc[["video"], "score"].to_numpy(), model.calibration.temperature)
        assert verdict.tracks[0].probability == pytest.approx(float(video[0]), abs=1e-6)


def test_each_person_is_scored_and_the_highest_is_the_videos(model: TrainedModel, reals: Path) -> None:
    (verdict,) = benchmark.predict(reals / "005.mp4", model)
    assert [track.track_id for track in verdict.tracks] == [0, 1]
    assert verdict.probability == max(track.probability for track in verdict.tracks)
    one, other = (track.frames[0].box for track in verdict.tracks)
    assert abs(one[0] - other[0]) > 50
    assert all(sum(f.weight or 0 for f in track.frames) == pytest.approx(1, abs=1e-5) for track in verdict.tracks)


def test_a_dense_timeline_is_scored_in_bags_of_about_the_trained_length(model: TrainedModel, reals: Path) -> None:
    (verdict,) = benchmark.predict(reals / "006.mp4", find_model_with(model, frames=4), every=0.08)
    (track,) = verdict.tracks
    n_bags = round(len(track.frames) / 4)
    assert n_bags > 1
    assert sum(frame.weight or 0 for frame in track.frames) == pytest.approx(n_bags, abs=1e-5)
    seconds = [frame.seconds for frame in track.frames]
    assert seconds == list(verdict.sampled)
    assert np.diff(seconds) == pytest.approx(0.08, abs=0.03)


def find_model_with(model: TrainedModel, frames: int) -> TrainedModel:
    """The same model, as if it had been trained on bags of so many frames."""
    return replace(model, preprocessing=replace(model.preprocessing, frames=frames))


def test_every_file_of_a_folder_has_a_row(model: TrainedModel, reals: Path, tmp_path: Path) -> None:
    shutil.copy(reals / "006.mp4", tmp_path / "b.MP4")
    write_video(tmp_path / "sub" / "wall.mp4", [np.full((96, 128, 3), 90, np.uint8)] * 24, 25, 40)
    write_video(tmp_path / "short.mp4", [np.full((96, 128, 3), 90, np.uint8)] * 2, 25, 40)
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "empty.mkv").touch()
    os.mkfifo(tmp_path / "pipe.mp4")
    for clutter in ("._b.mp4", ".DS_Store", "notes.txt", "half.mp4.part"):
        (tmp_path / clutter).write_text("clutter")
    verdicts = benchmark.predict([tmp_path, tmp_path / "b.MP4"], model)
    found = {Path(verdict.path).relative_to(tmp_path).as_posix(): verdict.status for verdict in verdicts}
    assert found == {
        "b.MP4": "ok",
        "empty.mkv": "unreadable",
        "pipe.mp4": "unreadable",
        "short.mp4": "too_short",
        "sub/wall.mp4": "no_face",
        "text.mp4": "unreadable",
    }
    for verdict in verdicts[1:]:
        assert (verdict.probability, verdict.tracks, verdict.real_val_as_high) == (None, (), None)
        assert verdict.error


def test_what_a_probability_means_is_counted_on_real_val_videos(model: TrainedModel, reals: Path) -> None:
    (verdict,) = benchmark.predict(reals / "005.mp4", model)
    real = model.calibration.real_val_prob
    assert verdict.n_real_val == len(real) == 2
    assert verdict.real_val_as_high == sum(prob >= (verdict.probability or 0) for prob in real)
    assert verdict.threshold == model.calibration.thresholds["val"]


@pytest.mark.parametrize("method", detectors.names())
def test_every_method_scores_a_video(method: str, runs: Path, reals: Path) -> None:
    (verdict,) = benchmark.predict(reals / "006.mp4", find_run(runs, method))
    assert verdict.status == "ok", verdict.error
    assert [len(track.frames) for track in verdict.tracks] == [4]
    (verdict,) = benchmark.predict(reals / "005.mp4", find_run(runs, method), frames=3)
    assert [len(track.frames) for track in verdict.tracks] == [3, 3]


def test_workers_find_the_same(model: TrainedModel, reals: Path) -> None:
    paths = [reals / "004.mp4", reals / "005.mp4", reals / "006.mp4"]
    assert benchmark.predict(paths, model, workers=2) == benchmark.predict(paths, model)


@pytest.mark.parametrize(
    ("paths", "settings", "line"),
    [
        (["gone.mp4"], {}, "gone.mp4: not found"),
        (["nothing"], {}, "nothing: no video is in it"),
        (["a.mp4"], {"frames": 2}, "frames: 2 is too few"),
        (["a.mp4"], {"every": 0.0}, "every: 0 is no number of seconds above 0"),
    ],
)
def test_bad_usage_is_one_line(
    paths: list[str],
    settings: dict[str, float],
    line: str,
    model: TrainedModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nothing").mkdir()
    (tmp_path / "a.mp4").touch()
    with pytest.raises(ConfigError, match=line):
        benchmark.predict(paths, model, **settings)  # type: ignore[arg-type]


def test_a_file_that_hangs_or_kills_its_worker_is_given_up(model: TrainedModel, reals: Path, tmp_path: Path) -> None:
    job = PeopleJob(reals / "005.mp4", tmp_path / "0.faces", Sampling(), Judge(model).geometry, time_limit_s=0.001)
    (outcome,) = on_processes(run_people_job, [job], 1)
    assert isinstance(outcome, Died)
    found = explain_death(job, outcome.cause)
    assert (found.status, found.error) == (FileStatus.UNREADABLE, "gave no frame for 0 s; encode it anew")
    assert not job.note.exists()
    assert explain_death(job, "SIGSEGV").error == "crashes the decoder (SIGSEGV); encode it anew"


def test_without_workers_no_watchdog_may_end_the_process(model: TrainedModel, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("hello")
    was_enabled = faulthandler.is_enabled()
    faulthandler.enable()
    try:
        assert benchmark.predict(tmp_path, model)[0].status == "unreadable"
        assert faulthandler.is_enabled(), "the watchdog would have switched it off"
    finally:
        if not was_enabled:
            faulthandler.disable()


def test_an_unexpected_error_costs_one_file(model: TrainedModel, reals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = people_job.find_people_in

    def fail_once(path: Path, *rest: object) -> object:
        if path.name == "004.mp4":
            raise ZeroDivisionError("by nothing")
        return find(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(people_job, "find_people_in", fail_once)
    bad, good = benchmark.predict([reals / "004.mp4", reals / "006.mp4"], model)
    assert (bad.status, bad.error) == ("unreadable", "unexpected ZeroDivisionError: by nothing; please report it")
    assert good.status == "ok"
