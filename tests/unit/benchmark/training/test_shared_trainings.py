"""Trainings that several runs share: nothing is trained twice, and each run has its own epoch."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from benchmark.runs.folder import read_run, unfinish
from benchmark.train_config import TrainConfig
from benchmark.trials import ray_runner, trial
from benchmark.trials.configure import configure
from benchmark.trials.identity import training_id
from benchmark.trials.preflight import check_methods
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial, run_trial
from detectors import method, registry
from detectors.describe import describe_methods
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
from tests.helpers.trials import CONFIG


def test_a_method_trained_as_another_keeps_its_own_best_epoch_of_that_training(
    built_set: BuiltSet, resources: Resources, tmp_path: Path
) -> None:
    """xn-max is chosen by its own val scores, which are not those of xn-avg; nothing is trained twice."""
    average, largest = (
        Trial.below(tmp_path, replace(CONFIG, method=name, select="val-loss", epochs=4), built_set)
        for name in ("xn-avg", "xn-max")
    )
    run_trial(largest, resources)
    assert (average.folder / "DONE").is_file()
    assert not (largest.folder / "last.ckpt").exists()
    histories = {name: pd.read_csv(own.folder / "history.csv") for name, own in (("avg", average), ("max", largest))}
    assert histories["avg"]["train_loss"].equals(histories["max"]["train_loss"])
    assert not histories["avg"]["val_loss"].equals(histories["max"]["val_loss"])
    for own, history in ((average, histories["avg"]), (largest, histories["max"])):
        val = pd.read_parquet(own.folder / "val_scores.parquet").query("level == 'video'")
        each = -np.log(np.where(val["y_true"] == 1, val["score"], 1 - val["score"]))
        loss = np.mean([each[val["y_true"] == y].mean() for y in (0, 1)])
        assert loss == pytest.approx(history["val_loss"].min(), rel=1e-4)


def test_the_two_xception_baselines_have_the_same_frame_scores_if_they_have_the_same_epoch(
    built_set: BuiltSet, resources: Resources, tmp_path: Path
) -> None:
    average, largest = (
        Trial.below(tmp_path, replace(CONFIG, method=name, epochs=1), built_set) for name in ("xn-avg", "xn-max")
    )
    run_trial(largest, resources)
    scores = {
        name: pd.read_parquet(own.folder / "scores.parquet") for name, own in (("avg", average), ("max", largest))
    }
    by_bag = scores["max"][scores["max"]["level"] == "frame"].groupby("bag_id")["score"]
    for name, expected in (("max", by_bag.max()), ("avg", by_bag.mean())):
        videos = scores[name][scores[name]["level"] == "video"].set_index("bag_id")["score"]
        np.testing.assert_allclose(videos.loc[expected.index], expected, atol=1e-6)


@pytest.mark.parametrize("name", ["s-mil", "xn-max"])
def test_the_last_epoch_is_taken_from_a_finished_training(
    name: str, built_set: BuiltSet, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(CONFIG, method=name)
    alone = Trial.below(tmp_path / "alone", replace(config, select="last"), built_set)
    run_trial(alone, resources)
    run_trial(Trial.below(tmp_path, config, built_set), resources)
    monkeypatch.setattr(trial, "fit", lambda *_: pytest.fail("trained twice"))
    last = Trial.below(tmp_path, replace(config, select="last"), built_set)
    run_trial(last, resources)
    for file in ("best.safetensors", "scores.parquet"):
        assert (last.folder / file).read_bytes() == (alone.folder / file).read_bytes()
    own, other = (pd.read_csv(t.folder / "history.csv").drop(columns="seconds") for t in (last, alone))
    pd.testing.assert_frame_equal(own, other)
    val = pd.read_parquet(last.folder / "val_scores.parquet").query("level == 'video'")
    auc = roc_auc_score(val["y_true"], val["score"])
    assert own["val_auc"].iloc[-1] == pytest.approx(auc), "the history is the method's own"
    assert read_run(last.folder).training == read_run(Trial.below(tmp_path, config, built_set).folder).training


@pytest.mark.parametrize("name", ["s-mil", "xn-max"])
def test_a_trained_run_is_scored_again_by_itself(
    name: str, built_set: BuiltSet, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder has all weights: neither the run that trained them nor the backbone's are asked for."""
    own = Trial.below(tmp_path, replace(CONFIG, method=name, epochs=1), built_set)
    run_trial(own, resources)
    before = (own.folder / "scores.parquet").read_bytes()
    if own.teacher is not own:
        shutil.rmtree(own.teacher.folder)
    unfinish(own.folder)
    made: list[TrainConfig] = []
    make = trial.make_detector
    monkeypatch.setattr(trial, "make_detector", lambda config, *args: made.append(config) or make(config, *args))
    monkeypatch.setattr(trial, "fit", lambda *_: pytest.fail("trained again"))
    assert ray_runner._waves([own])[0] == ([own] if own.teacher is own else [])
    assert check_methods([own], resources) == {}
    run_trial(own, resources)
    assert (own.folder / "scores.parquet").read_bytes() == before
    assert [config.pretrained for config in made] == [False]
    assert own.teacher is own or not own.teacher.folder.exists()


def test_a_method_shares_no_training_of_another_module(
    built_set: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin would find no weights there, for they are of a run without its code; `ffpms methods` says the same."""
    monkeypatch.setitem(registry._METHODS, "lstm", replace(method("lstm"), trained_as="xn-avg"))
    own, average = (Trial.below(tmp_path, replace(CONFIG, method=name), built_set) for name in ("lstm", "xn-avg"))
    assert own.teacher is own
    assert training_id(own.config, built_set) == own.folder.name
    assert training_id(average.config, built_set) == average.folder.name
    (learns,) = (row["learns from"] for row in describe_methods() if row["name"] == "lstm")
    assert learns == "train bags, video labels"
    with pytest.raises(ConfigError, match="xn-avg is not among the methods to train"):
        configure(["lstm"], {"pretrained": False}, "tiny", {}, {}, {"xn-avg": "whole"})


def test_a_method_trained_as_another_is_found_by_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {name: method(name).teacher for name in ("xn-max", "xn-avg", "lstm")} == {
        "xn-max": "xn-avg",
        "xn-avg": "xn-avg",
        "lstm": "lstm",
    }
    monkeypatch.setitem(registry._METHODS, "xn-max", replace(method("xn-max"), trained_as="xnavg"))
    assert method("xn-max").teacher == "xn-avg"
