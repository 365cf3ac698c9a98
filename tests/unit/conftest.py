"""A tiny built set, whole and to be damaged."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Patience
from tests.tiny_set import make_set


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_set(tmp_path_factory.mktemp("tiny") / "data")


@pytest.fixture
def data(whole: Path, tmp_path: Path, patience: Patience) -> Iterator[Path]:
    """A copy to be damaged; no check may wait for ever."""
    shutil.copytree(whole, tmp_path / "data")
    with patience(60):
        yield tmp_path / "data"
