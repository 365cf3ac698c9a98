"""A trial's failure is its own: any exception is one line in its folder, and the next trial runs."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.runs.folder import FAILED, read_failures
from benchmark.training.distributed import Ranks
from benchmark.trials import runner
from benchmark.trials.runner import run_here
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial
from detectors.errors import DetectorError
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
from tests.helpers.trials import CONFIG, CPU

Runs = Callable[[Trial, Resources], None]


@pytest.fixture
def trials(built: Path, tmp_path: Path) -> list[Trial]:
    """Two trials, of which none has begun."""
    data = BuiltSet.load(built)
    return [Trial.below(tmp_path, replace(CONFIG, seed=seed), data) for seed in (0, 1)]


def failing(error: BaseException, seen: list[int]) -> Runs:
    """Stands for ``run_trial``; the trial of seed 0 fails."""

    def run(trial: Trial, _: Resources) -> None:
        seen.append(trial.config.seed)
        if trial.config.seed == 0:
            raise error

    return run


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TypeError("odd\nand long"), r"TypeError: odd and long \(benchmark/trials/runner\.py:\d+\)"),
        (AssertionError(), r"AssertionError \(.*\)"),
        (SystemExit(3), r"SystemExit: 3 \(.*\)"),
        (KeyError("name"), r"KeyError: 'name' \(.*\)"),
        (ConfigError("the loss is nan; try a lower --lr"), "the loss is nan; try a lower --lr"),
        (DetectorError("no such thing"), "no such thing"),
        (RuntimeError("CUDA out of memory"), "CUDA out of memory; give --micro-batch 8 or less"),
        (
            RuntimeError("pool_cuda does not have a deterministic implementation, but you set 'torch.use"),
            "pool_cuda does not have a deterministic implementation; leave --deterministic away",
        ),
    ],
)
def test_whatever_a_trial_raises_is_its_own(
    trials: list[Trial], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: BaseException, reason: str
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(runner, "run_trial", failing(error, seen))
    (line,) = run_here(trials, Resources(CPU))
    assert seen == [0, 1]
    (failure,) = read_failures(tmp_path)
    assert line == f"{trials[0].folder.name}: {failure.reason}"
    assert failure.run_id == trials[0].folder.name
    assert re.fullmatch(reason, failure.reason)


def test_the_reason_goes_with_the_next_attempt(trials: list[Trial], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "run_trial", failing(ValueError("odd"), []))
    run_here(trials, Resources(CPU))
    assert (trials[0].folder / FAILED).is_file()
    monkeypatch.setattr(runner, "run_trial", lambda *_: None)
    assert run_here(trials, Resources(CPU)) == []
    assert not (trials[0].folder / FAILED).exists()


def test_ctrl_c_ends_all(trials: list[Trial], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(runner, "run_trial", failing(KeyboardInterrupt(), seen))
    with pytest.raises(KeyboardInterrupt):
        run_here(trials, Resources(CPU))
    assert seen == [0]


def test_one_of_several_ranks_raises_so_that_torchrun_stops_the_others(
    trials: list[Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "run_trial", failing(TypeError("odd"), []))
    resources = Resources(replace(CPU, ranks=Ranks(rank=0, world=2)))
    monkeypatch.setattr(Resources, "faces", lambda *_: None)
    with pytest.raises(TypeError):
        run_here(trials, resources)
