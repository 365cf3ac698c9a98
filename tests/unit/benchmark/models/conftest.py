"""A run of every registered method on a small set, trained once."""

from pathlib import Path

import pytest

import ffpms
from ffpms.dataset.built_set import BuiltSet
from tests.conftest import Once
from tests.helpers.trained_runs import make_trained


@pytest.fixture(scope="session")
def trained(once: Once) -> Path:
    """The folder of the set and the runs."""
    return once("trained", make_trained)


@pytest.fixture(scope="session")
def data(trained: Path) -> BuiltSet:
    """Squares for faces, and landmarks."""
    return ffpms.load(trained / "set")


@pytest.fixture(scope="session")
def runs(trained: Path) -> Path:
    """A run of each registered method."""
    return trained / "runs"
