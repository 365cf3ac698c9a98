"""Finished runs are scored with perturbed faces: without training, level by level, by their own weights."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from scipy.special import expit

from benchmark.bench import bench, make_grid
from benchmark.data.batches import BagDataset
from benchmark.data.face_cache import open_faces
from benchmark.perturbation import scores
from benchmark.perturbation.kinds import LEVELS, perturb
from benchmark.runs.collection import read_collection
from benchmark.runs.folder import DONE, PERTURBED, finish, unfinish
from benchmark.runs.perturbed import read_perturbed
from benchmark.train_config import TrainConfig
from benchmark.training.model import Model
from benchmark.training.predict import predict
from benchmark.trials import runner
from detectors import create
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
from ffpms.schema import NO_FACE_SCORE
from tests.helpers.tiny_set import make_set
from tests.helpers.trials import CPU

CONFIG = TrainConfig("s-mil", ("DF", "F2F"), "tiny", epochs=1, train_frames=3, batch_size=4, precision="fp32")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> BuiltSet:
    return BuiltSet.load(make_set(tmp_path_factory.mktemp("perturbed") / "data"))


@pytest.fixture(scope="module")
def trained(small: BuiltSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run without perturbed faces."""
    out = tmp_path_factory.mktemp("runs")
    assert bench(make_grid(small, [CONFIG], [0], each=False), out, CPU, {}).failures == []
    return out


@pytest.fixture
def runs(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "runs"))


@pytest.fixture
def untrainable(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("it trains")

    monkeypatch.setattr(runner, "run_trial", refuse)


def _perturb(data: BuiltSet, runs: Path, *kinds: str) -> pd.DataFrame:
    outcome = bench(make_grid(data, [CONFIG], [0], each=False), runs, CPU, {}, perturb=kinds)
    assert outcome.failures == []
    (run,) = outcome.runs
    return run.perturbed


def _model() -> Model:
    torch.manual_seed(0)
    return Model.place(create("s-mil", "tiny"), CONFIG, CPU)


@pytest.mark.usefixtures("untrainable")
def test_finished_runs_are_scored_without_training_and_only_what_is_missing(
    small: BuiltSet, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder,) = (mark.parent for mark in runs.glob(f"*/{DONE}"))
    first = _perturb(small, runs, "saturation")
    assert sorted(zip(first["kind"], first["level"], strict=True)) == sorted(
        [("saturation", level) for level in LEVELS for _ in small.bags("test", CONFIG.manipulations)]
    )
    assert "perturbed.parquet" in (folder / DONE).read_text()
    passes = []
    monkeypatch.setattr(scores, "score_bags", lambda *a, own=scores.score_bags: passes.append(a[3:]) or own(*a))
    both = _perturb(small, runs, "saturation", "contrast")
    assert passes == [("contrast", level) for level in LEVELS]
    pd.testing.assert_frame_equal(both[both["kind"] == "saturation"].reset_index(drop=True), first)
    assert (runs / "robustness.csv").is_file()


@pytest.mark.usefixtures("untrainable")
def test_a_run_that_was_stopped_goes_on_with_the_next_level(
    small: BuiltSet, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*a: object, own: object = scores.score_bags) -> pd.DataFrame:
        if a[3:] == ("blocks", 3):
            raise KeyboardInterrupt
        return own(*a)  # type: ignore[operator, no-any-return]

    (folder,) = (mark.parent for mark in runs.glob(f"*/{DONE}"))
    with monkeypatch.context() as patch:
        patch.setattr(scores, "score_bags", stop)
        with pytest.raises(KeyboardInterrupt):
            _perturb(small, runs, "blocks")
    table = read_perturbed(folder)
    assert set(table.loc[table["kind"] == "blocks", "level"]) == {1, 2}
    assert set(_perturb(small, runs, "blocks").query("kind == 'blocks'")["level"]) == set(LEVELS)


def test_a_kind_with_other_amounts_is_scored_anew() -> None:
    rows = [("jpeg", level, float(amount)) for level, amount in zip(LEVELS, (25, 18, 15, 10, 8), strict=True)]
    table = pd.DataFrame(rows, columns=["kind", "level", "amount"])
    assert scores.list_missing(table, ["jpeg"]) == [("jpeg", 5)]


def test_scores_are_those_of_perturbed_faces_shown_by_hand(small: BuiltSet) -> None:
    model, bags, read = _model(), small.bags("test", CONFIG.manipulations), open_faces(small, None)
    table = scores.score_bags(model, bags, read, "noise", 4).set_index("bag_id")["score"]
    for bag in bags:
        faces = dict(zip(bag.crops, perturb(bag.faces(), bag, "noise", 4), strict=True))
        (found,) = predict(model, BagDataset(faces.__getitem__, [bag]))
        assert table[bag.bag_id] == pytest.approx(expit(found.video_logit), abs=1e-6)


def test_neither_batch_nor_order_nor_workers_change_a_score(small: BuiltSet) -> None:
    model, bags, read = _model(), small.bags("test", CONFIG.manipulations), open_faces(small, None)
    plain = scores.score_bags(model, bags, read, "blocks", 5).set_index("bag_id")["score"]
    alone = Model.place(model.detector, replace(CONFIG, batch_size=1), replace(CPU, workers=2))
    other = scores.score_bags(alone, bags[::-1], read, "blocks", 5).set_index("bag_id")["score"]
    assert (plain - other[plain.index]).abs().max() < 1e-6


def test_level_0_is_the_test_set_as_it_is(small: BuiltSet) -> None:
    model, bags, read = _model(), small.bags("test", CONFIG.manipulations), open_faces(small, None)
    plain = {one.record.bag_id: expit(one.video_logit) for one in predict(model, BagDataset(read, bags))}
    table = scores.score_bags(model, bags, read, "jpeg", 0).set_index("bag_id")["score"]
    assert table.to_dict() == pytest.approx(plain)


def test_a_faceless_video_is_undecided_and_one_that_was_not_built_has_no_row(small: BuiltSet) -> None:
    bags: list[BagRecord] = small.bags("test", CONFIG.manipulations)
    bags[0] = replace(bags[0].with_faces([]), status="no_face")
    bags[1] = replace(bags[1].with_faces([]), status="misaligned")
    table = scores.score_bags(_model(), bags, open_faces(small, None), "blur", 1)
    assert table["bag_id"].tolist() == [bag.bag_id for bag in bags if bag is not bags[1]]
    assert table["score"].tolist()[0] == NO_FACE_SCORE


def test_a_run_that_is_scored_again_loses_its_perturbed_scores(small: BuiltSet, runs: Path) -> None:
    (folder,) = (mark.parent for mark in runs.glob(f"*/{DONE}"))
    _perturb(small, runs, "contrast")
    unfinish(folder)
    assert not (folder / PERTURBED).exists()
    finish(folder)
    assert read_perturbed(folder).empty


@pytest.mark.usefixtures("untrainable")
@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-9])])
def test_a_damaged_table_costs_no_other_score_and_is_made_again(
    small: BuiltSet, runs: Path, harm: Callable[[Path], object]
) -> None:
    (folder,) = (mark.parent for mark in runs.glob(f"*/{DONE}"))
    whole = _perturb(small, runs, "contrast")
    harm(folder / PERTURBED)
    found = read_collection(runs)
    assert [run.perturbed.empty for run in found.runs] == [True]
    (line,) = found.left_out.values()
    assert line.startswith(f"{folder / PERTURBED}: ")
    assert line.endswith("; run the same 'ffpms bench' with --perturb again")
    said: list[str] = []
    grid = make_grid(small, [CONFIG], [0], each=False)
    plain = bench(grid, runs, replace(CPU, log=said.append), {})
    assert (plain.failures, said) == ([], [f"{folder.name}: done already"])
    assert plain.left_out == [f"left out: {line}"]
    again = bench(grid, runs, replace(CPU, log=said.append), {}, perturb=["contrast"])
    assert again.left_out == again.failures == []
    (told,) = (line for line in said if line.endswith("; it is scored again"))
    assert told.count(";") == 1
    pd.testing.assert_frame_equal(again.runs[0].perturbed, whole)


def test_a_fault_leaves_the_run_as_it_was(small: BuiltSet, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ConfigError("no such thing")

    monkeypatch.setattr(scores, "score_bags", fail)
    outcome = bench(make_grid(small, [CONFIG], [0], each=False), runs, CPU, {}, perturb=["resize"])
    assert outcome.failures == [f"{outcome.runs[0].run_id}: perturbed faces: no such thing"]
