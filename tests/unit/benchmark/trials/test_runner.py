"""A trial's failure is its own: any exception is one line in its folder, and the next trial runs."""

import errno
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors import SafetensorError

from benchmark.runs.collection import read_collection
from benchmark.runs.folder import FAILED
from benchmark.training.distributed import Ranks
from benchmark.trials import runner
from benchmark.trials.runner import run_here
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial
from detectors.errors import DetectorError
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError, StorageError
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


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "error",
    [
        StorageError("runs: No space left on device; free some space"),
        FULL,
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"),
        OSError(errno.EROFS, "Read-only file system"),
    ],
)
def test_a_disk_that_takes_nothing_more_ends_all_in_one_line(
    trials: list[Trial], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(runner, "run_trial", failing(error, seen))
    with pytest.raises(StorageError, match=r"runs|s-mil") as raised:
        run_here(trials, Resources(CPU))
    assert seen == [0], "the next trial would fail as well"
    assert "; " in str(raised.value)


def test_a_trial_of_which_nothing_can_be_noted_is_its_own_too(
    trials: list[Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder is a file."""
    trials[0].folder.write_text("")
    monkeypatch.setattr(runner, "run_trial", lambda *_: None)
    (line,) = run_here(trials, Resources(CPU))
    assert line.startswith(f"{trials[0].folder.name}: NotADirectoryError: ")


def refused() -> StorageError:
    """The error of a file of one run that may not be written."""
    error = StorageError("runs/a/best.safetensors: Permission denied; make it writable or write elsewhere")
    error.__cause__ = OSError(errno.EACCES, "Permission denied")
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (refused(), "runs/a/best.safetensors: Permission denied; make it writable .*"),
        (TypeError("odd\nand long"), r"TypeError: odd and long \(benchmark/trials/runner\.py:\d+\)"),
        (AssertionError(), r"AssertionError \(.*\)"),
        (SystemExit(3), r"SystemExit: 3 \(.*\)"),
        (KeyError("name"), r"KeyError: 'name' \(.*\)"),
        (ConfigError("the loss is nan; try a lower --lr"), "the loss is nan; try a lower --lr"),
        (DetectorError("no such thing"), "no such thing"),
        (RuntimeError("CUDA out of memory"), r"CUDA out of memory; .* after its last epoch .*; --micro-batch 4 .*"),
        (MemoryError(), r"MemoryError; the same command goes on .*"),
        (GeneratorExit(), r"GeneratorExit \(.*\)"),
        (BaseException("odd"), r"BaseException: odd \(.*\)"),
        (SafetensorError("odd"), r"SafetensorError: odd \(.*\)"),
        (OSError(errno.EACCES, "Permission denied", "a.png"), r"PermissionError: .*a\.png.*"),
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
    (failure,) = read_collection(tmp_path).failures
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
    monkeypatch.setattr(Ranks, "agree", lambda _, found: found)
    with pytest.raises(TypeError):
        run_here(trials, resources)
