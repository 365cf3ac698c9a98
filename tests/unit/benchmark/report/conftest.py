"""A small built set, and a folder of runs that scored it."""

from pathlib import Path

import pytest

from benchmark.runs.collection import Collection, read_collection
from ffpms.dataset.built_set import BuiltSet
from tests.helpers.run_folders import run_of_set, store_all
from tests.helpers.tiny_set import TWO_TESTED, make_set


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``set`` and ``runs``: two methods, of which one has two seeds and weights."""
    home = tmp_path_factory.mktemp("report")
    data = BuiltSet.load(make_set(home / "set", TWO_TESTED))
    for one in (run_of_set(data), run_of_set(data, seed=1), run_of_set(data, "xn-avg", weights=False, skill=0.1)):
        store_all(one, home / "runs")
    return home


@pytest.fixture(scope="session")
def found(home: Path) -> Collection:
    return read_collection(home / "runs")
