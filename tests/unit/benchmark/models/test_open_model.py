"""A model opened from a run gives the run's stored scores, and says what it was trained on."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import benchmark
import detectors
from benchmark import open_model
from benchmark.metrics.calibration import scale
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.set_files import restore
from ffpms.errors import ConfigError, ManifestError
from tests.helpers.trained_runs import find_run


@pytest.fixture
def folder(runs: Path, tmp_path: Path) -> Path:
    """A copy of a run, to be damaged."""
    own = find_run(runs, "s-mil")
    return shutil.copytree(own, tmp_path / own.name)


@pytest.mark.parametrize("method", detectors.names())
def test_a_model_gives_the_stored_scores_of_its_run(runs: Path, data: BuiltSet, method: str) -> None:
    stored = pd.read_parquet(find_run(runs, method) / "scores.parquet")
    model = open_model(find_run(runs, method), "cpu")
    bags = data.bags("test")
    for bag, scored in zip(bags, model.score([bag.faces() for bag in bags]), strict=True):
        rows = stored[stored["bag_id"] == bag.bag_id].set_index("level")
        expected = scale(rows.loc[["video"], "score"].to_numpy(), model.calibration.temperature)
        assert scored.video_prob == pytest.approx(float(expected[0]), abs=1e-6)
        np.testing.assert_allclose(scored.frame_prob, rows.loc["frame", "score"], rtol=0, atol=1e-6)
        weight = rows.loc["frame", "weight"].to_numpy()
        if scored.weight is None:
            assert np.isnan(weight).all()
        else:
            np.testing.assert_allclose(scored.weight, weight, rtol=0, atol=1e-6)


def test_a_model_says_what_it_is_and_what_it_was_trained_on(runs: Path, data: BuiltSet) -> None:
    model = open_model(str(find_run(runs, "s-mil")), "cpu")
    assert (model.method, model.run_id) == ("s-mil", find_run(runs, "s-mil").name)
    assert model.name == "s-mil [backbone=tiny, epochs=1, batch_size=4, train_frames=3]"
    cut = model.preprocessing
    assert (cut.finder, cut.margin, cut.size, cut.landmarks, cut.frames) == ("dlib", 1.5, 32, False, 4)
    assert (model.trained_on.dataset, model.trained_on.sha256) == (data.name, data.sha256)
    assert model.trained_on.bags["train"] == {"original": 2, "DF": 2, "F2F": 2}
    assert model.trained_on.count("val") == 6
    assert not model.detector.training
    assert str(model.device) == "cpu"


def test_a_bag_without_a_face_is_undecided_and_others_keep_their_scores(runs: Path, data: BuiltSet) -> None:
    model = open_model(find_run(runs, "s-mil"), "cpu")
    faces = data.bags("test")[0].faces()
    empty, own = model.score([faces[:0], faces])
    assert (empty.video_prob, len(empty.frame_prob), empty.weight) == (0.5, 0, None)
    assert own.video_prob == pytest.approx(model.score([faces])[0].video_prob, abs=1e-9)
    assert model.score([]) == []


def test_faces_become_a_bag_as_the_detector_is_shown_them(runs: Path, data: BuiltSet) -> None:
    model = open_model(find_run(runs, "s-mil"), "cpu")
    faces = data.bags("test")[0].faces()
    with torch.no_grad():
        made = model.detector(model.as_bag(faces))
    np.testing.assert_allclose(torch.sigmoid(made.frame_logit[0]), model.score([faces])[0].frame_prob, atol=1e-6)


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 16, 16, 3), np.uint8), np.zeros((2, 32, 32, 3)), np.zeros((32, 32, 3), np.uint8), "faces"]
)
def test_what_is_no_bag_of_the_model_is_one_line(runs: Path, wrong: np.ndarray) -> None:
    with pytest.raises(ConfigError, match=r"is no bag of this model; give uint8 faces of \(M, 32, 32, 3\)"):
        open_model(find_run(runs, "s-mil"), "cpu").score([wrong])


def test_a_run_without_what_its_set_was_takes_the_set(folder: Path, data: BuiltSet) -> None:
    own = open_model(folder)
    (folder / "data.json").unlink()
    with pytest.raises(ManifestError, match=r"does not say how faces were cut.*give --data"):
        open_model(folder)
    given = open_model(folder, data=data.root)
    assert (given.preprocessing, given.trained_on) == (own.preprocessing, own.trained_on)


def test_another_set_is_refused(folder: Path, whole: Path) -> None:
    (folder / "data.json").unlink()
    with pytest.raises(ManifestError, match="is not the set of"):
        open_model(folder, data=whole)


@pytest.mark.parametrize("damage", ["{", "[]", "{}", '{"preprocessing": {"size": 1}, "bags": {}}'])
def test_a_damaged_note_of_the_set_is_one_line(folder: Path, damage: str) -> None:
    (folder / "data.json").write_text(damage)
    with pytest.raises(ManifestError, match=r"data\.json: damaged"):
        open_model(folder)


def test_bench_notes_the_set_in_runs_that_are_done_and_trains_none_anew(
    runs: Path, data: BuiltSet, tmp_path: Path
) -> None:
    own = find_run(runs, "xn-avg")
    folder = shutil.copytree(own, tmp_path / own.name)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    (folder / "data.json").unlink()
    settled = restore(benchmark.TrainConfig, dict(benchmark.open_run(folder).settings))
    assert [run.run_id for run in benchmark.train(data, settled, tmp_path).runs] == [own.name]
    after = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert before.pop("data.json") != after.pop("data.json")
    assert before == after
    assert json.loads((folder / "data.json").read_text()) == json.loads((own / "data.json").read_text())
