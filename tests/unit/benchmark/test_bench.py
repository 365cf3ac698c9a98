"""Bench makes each detector before any is trained: whose fault it is when one cannot be made."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.bench import bench
from benchmark.runs.collection import read_collection
from benchmark.runs.folder import FEWER_SCORES, GRID_SCORES, SCORES, SEGMENTS, read_run
from benchmark.runs.tables import DamagedTableError
from benchmark.train_config import TrainConfig
from benchmark.training import train
from benchmark.trials import identity, preflight, trial
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial
from detectors import method, registry
from detectors.errors import BackboneError, DetectorError
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ManifestError
from tests.helpers.tiny_set import CONFIG as TINY
from tests.helpers.tiny_set import STORED, make_set
from tests.helpers.trials import CONFIG, CPU

Check = Callable[[Exception], dict[str, str]]
QUICK = replace(CONFIG, epochs=1, manipulations=("DF", "F2F"))


@pytest.fixture
def check(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """What is said of s-mil, which raises the error as it is made, and of lstm on the same backbone."""
    data = BuiltSet.load(built)
    trials = [Trial.below(tmp_path, replace(CONFIG, method=name), data) for name in ("s-mil", "lstm")]

    def run(error: Exception) -> dict[str, str]:
        def make(config: object, *_: object) -> None:
            if config.method == "s-mil":  # type: ignore[attr-defined]
                raise error

        monkeypatch.setattr(preflight, "make_detector", make)
        return {
            trial.config.method: reason for trial, reason in preflight.check_methods(trials, Resources(CPU)).items()
        }

    return run


def test_a_method_that_refuses_its_options_is_alone_with_it(check: Check, tmp_path: Path) -> None:
    assert check(DetectorError("filters: must be even")) == {"s-mil": "filters: must be even"}
    assert read_collection(tmp_path).failures == [], "what was asked for is wrong, no trial failed"


def test_a_backbone_that_cannot_be_had_is_asked_for_once(check: Check) -> None:
    with pytest.raises(BackboneError, match="offline"):
        check(BackboneError("offline"))


def test_a_crash_is_a_failed_trial(check: Check, tmp_path: Path) -> None:
    (method,) = check(TypeError("odd"))
    (failure,) = read_collection(tmp_path).failures
    assert (method, failure.method, failure.reason[:14]) == ("s-mil", "s-mil", "TypeError: odd")


def test_ctrl_c_ends_all(check: Check) -> None:
    with pytest.raises(KeyboardInterrupt):
        check(KeyboardInterrupt())  # type: ignore[arg-type]


@pytest.fixture
def small(tmp_path: Path) -> BuiltSet:
    """A set of which everything is done in a moment."""
    return BuiltSet.load(make_set(tmp_path / "set"))


def test_a_set_with_a_crop_that_is_not_what_was_built_costs_no_other_set(small: BuiltSet, tmp_path: Path) -> None:
    other = make_set(tmp_path / "other", config=replace(TINY, recipe=replace(TINY.recipe, seed=1)))
    (other / STORED).write_bytes(b"")
    grid = [(BuiltSet.load(other), QUICK), (small, QUICK)]
    outcome = bench(grid, tmp_path / "runs", CPU, {})
    assert [run.data_sha256 for run in outcome.runs] == [small.sha256]
    (line,) = outcome.failures
    assert line.startswith("s-mil: ")
    assert STORED in line
    with pytest.raises(ManifestError, match=STORED):
        bench(grid[:1], tmp_path / "alone", CPU, {})
    assert not list((tmp_path / "alone").glob("*/config.toml"))


def test_a_method_whose_code_cannot_be_read_costs_no_other_method(
    small: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_id(config: TrainConfig, data_sha256: str, beside: str) -> str:
        if config.method == "lstm":
            raise PermissionError(13, "Permission denied", "lstm.py")
        return identity.run_id(config, data_sha256, beside=beside)

    monkeypatch.setattr(trial, "run_id", run_id)
    grid = [(small, replace(QUICK, method=name)) for name in ("lstm", "s-mil")]
    outcome = bench(grid, tmp_path / "runs", CPU, {})
    assert [run.method for run in outcome.runs] == ["s-mil"]
    (line,) = outcome.failures
    assert line.startswith("lstm: PermissionError: [Errno 13] Permission denied: 'lstm.py'")


def test_a_method_that_is_trained_as_none_there_is_costs_no_other_method(
    small: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry._METHODS, "lstm", replace(method("lstm"), trained_as="lstn"))
    grid = [(small, replace(QUICK, method=name)) for name in ("lstm", "s-mil")]
    outcome = bench(grid, tmp_path / "runs", CPU, {})
    assert [run.method for run in outcome.runs] == ["s-mil"]
    (line,) = outcome.failures
    assert line.startswith("lstm: 'lstn': no such method")


@pytest.mark.parametrize("name", [*SCORES.values(), GRID_SCORES, SEGMENTS])
def test_a_done_run_whose_scores_are_damaged_is_scored_again_and_not_trained(
    small: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (run,) = bench([(small, QUICK)], tmp_path / "runs", CPU, {}).runs
    table = tmp_path / "runs" / run.run_id / name
    whole = table.read_bytes()
    table.write_bytes(whole[: len(whole) // 2])
    said: list[str] = []
    monkeypatch.setattr(train, "_train_epoch", lambda *_: pytest.fail("trained again"))
    outcome = bench([(small, QUICK)], tmp_path / "runs", replace(CPU, log=said.append), {})
    assert outcome.failures == []
    assert table.read_bytes() == whole
    assert any(line.startswith(f"{table}: no whole Parquet file") for line in said)
    assert said[0].endswith("it is scored again")


@pytest.mark.parametrize("name", [GRID_SCORES, FEWER_SCORES, SEGMENTS])
def test_a_done_run_that_lost_a_table_is_scored_again(small: BuiltSet, tmp_path: Path, name: str) -> None:
    (run,) = bench([(small, QUICK)], tmp_path / "runs", CPU, {}).runs
    table = tmp_path / "runs" / run.run_id / name
    whole = table.read_bytes()
    table.unlink()
    said: list[str] = []
    bench([(small, QUICK)], tmp_path / "runs", replace(CPU, log=said.append), {})
    assert said[0].startswith(f"{table}: lost, or not what was written; it is scored again")
    assert table.read_bytes() == whole


def test_no_bit_of_a_table_changes_unseen(small: BuiltSet, tmp_path: Path) -> None:
    """Most flipped bits leave a table that can be read, with other numbers or fewer rows."""
    (run,) = bench([(small, QUICK)], tmp_path, CPU, {}).runs
    table = tmp_path / run.run_id / "scores.parquet"
    whole = table.read_bytes()
    for place in range(0, len(whole), 97):
        table.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(DamagedTableError):
            read_run(table.parent)
    assert subprocess.run(["sha256sum", "-c", "DONE"], cwd=table.parent, check=False).returncode == 1


def test_scores_of_the_grid_of_another_run_are_not_taken(small: BuiltSet, tmp_path: Path) -> None:
    first, second = bench([(small, replace(QUICK, seed=seed)) for seed in (0, 1)], tmp_path, CPU, {}).runs
    shutil.copy(tmp_path / second.run_id / GRID_SCORES, tmp_path / first.run_id)
    with pytest.raises(DamagedTableError, match=r"grid_scores\.parquet: lost, or not what was written"):
        read_run(tmp_path / first.run_id)


def test_an_own_run_that_cannot_be_used_is_a_failure(small: BuiltSet, tmp_path: Path) -> None:
    """Nobody knows what its weights are: nothing of it is touched."""
    (run,) = bench([(small, QUICK)], tmp_path / "runs", CPU, {}).runs
    config = tmp_path / "runs" / run.run_id / "config.toml"
    config.write_text(config.read_text().replace("seed = 0", "seed = 7"))
    outcome = bench([(small, QUICK), (small, replace(QUICK, seed=1))], tmp_path / "runs", CPU, {})
    (line,) = outcome.failures
    assert line.startswith(f"{config.parent}: is a copy of s-mil-")
    assert outcome.left_out == [], "it is said once"
    assert [run.seed for run in outcome.runs] == [1]


def test_each_detector_is_tried_at_the_side_of_its_set(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, sides = BuiltSet.load(built), []
    monkeypatch.setattr(preflight, "make_detector", lambda _, __, side: sides.append(side))
    assert not preflight.check_methods([Trial.below(tmp_path, CONFIG, data)], Resources(CPU))
    assert sides == [data.side]
