"""``--tune cached``: heads trained on embeddings that a frozen backbone computed once."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark.bench import bench
from benchmark.data import batches
from benchmark.embed import embed
from benchmark.finished_run import open_run
from benchmark.perturbation.scores import load_trained
from benchmark.runs.other_sets import list_folders
from benchmark.training import embedding
from benchmark.training import train as training
from benchmark.training.device import Machine
from benchmark.training.embedding import FEATURES
from benchmark.training.frozen_backbones import BACKBONES, stand_in
from benchmark.training.model import Model
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial, make_detector, run_trial
from detectors import method, names
from detectors.detector import Detector, Embedder
from detectors.errors import DetectorError
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.loading import load
from ffpms.errors import ManifestError
from tests.helpers.tiny_set import OTHER_PAIRS, make_set
from tests.helpers.trials import CONFIG, CPU

CACHED = replace(CONFIG, tune="cached", epochs=2, manipulations=("DF", "F2F"))


def embeds(name: str) -> bool:
    made = make_detector(replace(CONFIG, method=name, backbone="tiny"), {})
    return method(name).training_data == "bags" and isinstance(made, Embedder)


EMBEDDING = [name for name in names() if embeds(name)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> BuiltSet:
    return load(make_set(tmp_path_factory.mktemp("set") / "data"))


def train(tune: str, name: str, data: BuiltSet, out: Path) -> Path:
    trial = Trial.below(out, replace(CACHED, tune=tune, method=name), data)
    run_trial(trial, Resources(CPU, cache=out / "faces"))
    return trial.folder


@pytest.mark.parametrize("name", EMBEDDING)
def test_the_numbers_are_those_of_a_frozen_backbone(
    name: str, data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without augmentation, which moves pixels."""
    monkeypatch.setattr(batches, "_draw_moves", lambda _, n: [(0.0, 0.0, 0.0)] * n)
    cached, frozen = (train(tune, name, data, tmp_path) for tune in ("cached", "none"))
    history = [pd.read_csv(run / "history.csv").drop(columns="seconds") for run in (cached, frozen)]
    pd.testing.assert_frame_equal(*history, rtol=1e-4, atol=1e-6)
    for table in ("scores", "val_scores", "grid_scores"):
        scores = [pd.read_parquet(run / f"{table}.parquet") for run in (cached, frozen)]
        np.testing.assert_allclose(scores[0]["score"], scores[1]["score"], atol=1e-5)


def test_a_mirrored_bag_shows_the_embeddings_of_mirrored_faces(data: BuiltSet, tmp_path: Path) -> None:
    model = Model.place(make_detector(CACHED, {}), CACHED, CPU)
    read = embedding.open_features(model, data, tmp_path, stand_in(model.detector.backbone, tmp_path).sha256)
    bag = next(bag for bag in data.bags("train", "DF") if bag.label)
    faces = torch.from_numpy(bag.faces()).permute(0, 3, 1, 2)
    with torch.no_grad():
        plain, mirrored = model.detector.backbone(faces), model.detector.backbone(faces.flip(3))
    np.testing.assert_allclose([read(crop) for crop in bag.crops], plain, atol=1e-6)
    of_train, *others = sorted(read.tables, key=lambda table: bag.crops[0] not in table.row)
    np.testing.assert_allclose(of_train.values[of_train.rows(bag.crops, mirrored=True)], mirrored, atol=1e-6)
    assert [len(table.values) / len(table.row) for table in (of_train, *others)] == [2, 1, 1]


def test_each_face_is_embedded_once_for_all_methods_and_seeds_of_a_backbone(
    data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train("cached", "s-mil", data, tmp_path)
    monkeypatch.setattr(embedding._Embedder, "embed", lambda *_: pytest.fail("embedded again"))
    train("cached", "xn-avg", data, tmp_path)
    assert len(list((tmp_path / FEATURES).iterdir())) == 3
    assert len(list((tmp_path / BACKBONES).iterdir())) == 1
    assert not (tmp_path / "faces").exists(), "no face is decoded for nothing"
    assert first.is_dir()


def test_crops_are_read_by_as_many_processes_as_a_gpu_needs(
    data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading crops takes one process longer than embedding them takes a GPU."""
    asked = []
    monkeypatch.setattr(Machine, "count_workers", lambda _, slow: asked.append(slow) or 2)
    made = {}
    for place in ("shared", "alone"):
        model = Model.place(make_detector(CACHED, {}), CACHED, CPU)
        read = embedding.open_features(
            model, data, tmp_path / place, stand_in(model.detector.backbone, tmp_path).sha256
        )
        made[place] = [table.values for table in read.tables]
        monkeypatch.setattr(Machine, "count_workers", lambda _, slow: 0)
    assert asked == [True] * 3
    assert all(np.array_equal(one, other) for one, other in zip(made["shared"], made["alone"], strict=True))


@pytest.mark.parametrize("other", [{"seed": 1}, {"input_size": 32}])
def test_other_embeddings_have_files_of_their_own(other: dict[str, int], data: BuiltSet, tmp_path: Path) -> None:
    """A random backbone is that of the seed."""
    said: list[str] = []
    random = replace(CACHED, pretrained=False)
    for config in (random, replace(random, **other)):  # type: ignore[arg-type]
        model = Model.place(make_detector(config, {}), config, replace(CPU, log=said.append))
        embedding.open_features(model, data, tmp_path, stand_in(model.detector.backbone, tmp_path).sha256)
    assert len(list((tmp_path / FEATURES).iterdir())) == 6
    assert sum("once for the runs of seed" in line for line in said) == 6


@pytest.mark.parametrize("name", [name for name in names() if name not in EMBEDDING])
def test_a_method_that_needs_pixels_is_refused(name: str) -> None:
    with pytest.raises(DetectorError, match=f"^{name}: .*; leave it out, or train it without --tune cached$"):
        make_detector(replace(CACHED, method=name), {})


def test_a_run_opens_with_its_backbone_and_scores_pixels_alike(data: BuiltSet, tmp_path: Path) -> None:
    run = open_run(train("cached", "s-mil", data, tmp_path))
    again = run.score(data.bags("test", ["DF", "F2F"]))
    np.testing.assert_allclose(again["score"], run.scores["score"], atol=1e-6)
    assert any(name.startswith("backbone.") for name in run.detector.state_dict())


def test_other_sets_and_perturbed_faces_are_scored_by_the_whole(data: BuiltSet, tmp_path: Path) -> None:
    other = load(make_set(tmp_path / "other", OTHER_PAIRS))
    outcome = bench([(data, CACHED)], tmp_path / "runs", CPU, {}, test_data=[other], perturb=["jpeg"])
    assert outcome.failures == []
    (folder,) = (run for run in (tmp_path / "runs").iterdir() if (run / "DONE").exists())
    (on_other,) = list_folders(folder)
    scored = open_run(folder).score(other.bags("test"))
    np.testing.assert_allclose(pd.read_parquet(on_other / "scores.parquet")["score"], scored["score"], atol=1e-6)
    assert outcome.robustness


@pytest.mark.parametrize("damage", ["lost", "damaged"])
def test_a_backbone_that_is_gone_is_named(damage: str, data: BuiltSet, tmp_path: Path) -> None:
    run = train("cached", "s-mil", data, tmp_path)
    (backbone,) = (tmp_path / BACKBONES).iterdir()
    if damage == "lost":
        backbone.unlink()
    else:
        backbone.write_bytes(backbone.read_bytes()[:-1] + b"x")
    said = "not found, and .* has the weights of its head alone" if damage == "lost" else "damaged: its hash is another"
    with pytest.raises(ManifestError, match=f"{backbone}: {said}.*; copy it .* or have 'ffpms embed' write it: --out"):
        load_trained(Trial(CACHED, data, run), CPU)
    list(embed([data], CACHED, tmp_path, CPU, {}))
    assert load_trained(Trial(CACHED, data, run), CPU).detector


def test_embedding_tells_what_is_odd_about_weights_once(
    data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a training does, which with the embeddings at hand comes too late."""
    lines: list[str] = []

    def make(*arguments: Any) -> Detector:
        detector = make_detector(*arguments)
        detector.backbone.note = "tiny: begins at random"
        return detector

    monkeypatch.setattr(import_module("benchmark.embed"), "make_detector", make)
    list(embed([data, data], CACHED, tmp_path, replace(CPU, log=lines.append), {}))
    assert lines.count("tiny: begins at random") == 1


def test_a_new_run_repairs_the_backbone(data: BuiltSet, tmp_path: Path) -> None:
    train("cached", "s-mil", data, tmp_path)
    (backbone,) = (tmp_path / BACKBONES).iterdir()
    whole = backbone.read_bytes()
    backbone.write_bytes(whole[:-1] + b"x")
    train("cached", "mean", data, tmp_path)
    assert backbone.read_bytes() == whole


def test_a_run_is_resumed(data: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was stopped after an epoch gives the bytes of one that was not."""
    whole = train("cached", "s-mil", data, tmp_path / "whole")
    epoch, n_done = training._train_epoch, iter([1])
    with monkeypatch.context() as patch:
        patch.setattr(training, "_train_epoch", lambda *given: (next(n_done), epoch(*given))[1])
        with pytest.raises(StopIteration):
            train("cached", "s-mil", data, tmp_path / "part")
    part = train("cached", "s-mil", data, tmp_path / "part")
    for name in ("best.safetensors", "scores.parquet"):
        assert (part / name).read_bytes() == (whole / name).read_bytes()
