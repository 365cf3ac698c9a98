"""A tiny built set, whole and to be damaged; another tool's scores of it; and a set to learn from."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result

from benchmark.trials.shared_resources import Resources
from ffpms.dataset.built_set import BuiltSet
from tests.conftest import Command, Patience
from tests.helpers.submissions import Submit
from tests.helpers.tiny_set import make_set
from tests.helpers.trials import CPU


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2 originals and 4 fakes, of DF and F2F, in 4 slots, for test and again for val."""
    return make_set(tmp_path_factory.mktemp("tiny") / "data")


@pytest.fixture
def data(whole: Path, tmp_path: Path, patience: Patience) -> Iterator[Path]:
    """A copy to be damaged; no check may wait for ever."""
    shutil.copytree(whole, tmp_path / "data")
    with patience(60):
        yield tmp_path / "data"


@pytest.fixture
def submit(ffpms: Command, tmp_path: Path) -> Submit:
    """``submit(rows, "--data", whole)``: the rows as a tool's file."""

    def run(rows: pd.DataFrame, *flags: object, name: str = "my-tool") -> Result:
        rows.to_csv(tmp_path / "mine.csv", index=False)
        return ffpms("evaluate", "--scores", tmp_path / "mine.csv", "--name", name, "--out", tmp_path / "runs", *flags)

    return run


@pytest.fixture(scope="session")
def built_set(built: Path) -> BuiltSet:
    return BuiltSet.load(built)


@pytest.fixture(scope="session")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    return Resources(CPU, cache=tmp_path_factory.mktemp("faces"))
