"""Bench makes each detector before any is trained: whose fault it is when one cannot be made."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark import bench
from benchmark.runs.folder import read_failures
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial
from detectors.errors import BackboneError, DetectorError
from ffpms.dataset.built_set import BuiltSet
from tests.helpers.trials import CONFIG, CPU

Check = Callable[[Exception], dict[str, str]]


@pytest.fixture
def check(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """What is said of s-mil, which raises the error as it is made, and of lstm on the same backbone."""
    data = BuiltSet.load(built)
    trials = [Trial.below(tmp_path, replace(CONFIG, method=name), data) for name in ("s-mil", "lstm")]

    def run(error: Exception) -> dict[str, str]:
        def make(config: object, *_: object) -> None:
            if config.method == "s-mil":  # type: ignore[attr-defined]
                raise error

        monkeypatch.setattr(bench, "make_detector", make)
        return {trial.config.method: reason for trial, reason in bench._check_methods(trials, Resources(CPU)).items()}

    return run


def test_a_method_that_refuses_its_options_is_alone_with_it(check: Check, tmp_path: Path) -> None:
    assert check(DetectorError("filters: must be even")) == {"s-mil": "filters: must be even"}
    assert read_failures(tmp_path) == [], "what was asked for is wrong, no trial failed"


def test_a_backbone_that_cannot_be_had_is_asked_for_once(check: Check) -> None:
    with pytest.raises(BackboneError, match="offline"):
        check(BackboneError("offline"))


def test_a_crash_is_a_failed_trial(check: Check, tmp_path: Path) -> None:
    (method,) = check(TypeError("odd"))
    (failure,) = read_failures(tmp_path)
    assert (method, failure.method, failure.reason[:14]) == ("s-mil", "s-mil", "TypeError: odd")


def test_ctrl_c_ends_all(check: Check) -> None:
    with pytest.raises(KeyboardInterrupt):
        check(KeyboardInterrupt())  # type: ignore[arg-type]


def test_each_detector_is_tried_at_the_side_of_its_set(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, sides = BuiltSet.load(built), []
    monkeypatch.setattr(bench, "make_detector", lambda _, __, side: sides.append(side))
    assert not bench._check_methods([Trial.below(tmp_path, CONFIG, data)], Resources(CPU))
    assert sides == [data.side]
