"""Two sets, and a run on the first that scored the second too."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.bench import Outcome, bench
from benchmark.training import train
from ffpms.dataset.loading import load
from tests.helpers.other_sets import OF_OTHERS, OTHERS, QUICK, Sets
from tests.helpers.tiny_set import make_set
from tests.helpers.trials import CPU


@pytest.fixture(scope="session")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Sets:
    """Two sets of different people and manipulations."""
    root = tmp_path_factory.mktemp("sets")
    return load(make_set(root / "a")), load(make_set(root / "b", OTHERS, OF_OTHERS))


@pytest.fixture(scope="session")
def done_on_other(sets: Sets, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run on the first set that scored the second too, to be copied."""
    data, other = sets
    out = tmp_path_factory.mktemp("done") / "runs"
    assert bench([(data, QUICK)], out, CPU, {}, test_data=[other]).failures == []
    return out


@pytest.fixture
def runs_on_other(done_on_other: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done_on_other, tmp_path / "runs"))


@pytest.fixture
def bench_again(runs_on_other: Path, sets: Sets, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """The same command on the copy, in which nothing may be trained."""
    monkeypatch.setattr(train, "_train_epoch", lambda *_: pytest.fail("trained again"))
    return lambda *tests, **flags: bench([(sets[0], QUICK)], runs_on_other, replace(CPU, **flags), {}, test_data=tests)
