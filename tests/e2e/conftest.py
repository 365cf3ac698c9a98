"""The set to compare with, and trees and sets to damage."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from ffpms.dataset.set_files import TABLES
from ffpms.sources.corpora.ffpp import RENDERED
from tests.conftest import Command, Once
from tests.helpers.building import content, flags
from tests.helpers.corpus import PAIRS, write_splits


@pytest.fixture(scope="session")
def finished(ffpms: Command, tree: Path, once: Once) -> Path:
    """The test split, built with one worker and no interruption."""

    def build(out: Path) -> None:
        assert ffpms(*flags(tree, out)).exit_code == 0

    return once("finished", build)


@pytest.fixture(scope="session")
def reference(finished: Path) -> dict[str, str]:
    """Its bytes."""
    return content(finished)


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of the built test split, to be damaged or built in again."""
    return Path(shutil.copytree(finished, tmp_path / "data"))


@pytest.fixture
def copy(tree: Path, tmp_path: Path) -> Path:
    """The test pairs of the tree, to be damaged."""
    target = tmp_path / "tree"
    kept = {f"{i}" for pair in PAIRS["test"] for i in pair}
    for path in tree.rglob("*.mp4"):
        if path.stem[:3] in kept:
            (target / path.relative_to(tree)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target / path.relative_to(tree))
    write_splits(target / "splits", PAIRS)
    shutil.copy(tree / RENDERED, target)
    return target


@pytest.fixture
def whole_copy(tree: Path, tmp_path: Path) -> Path:
    """All of the tree, to be damaged."""
    return Path(shutil.copytree(tree, tmp_path / "tree"))


@pytest.fixture(scope="session")
def tables(built: Path) -> dict[str, pd.DataFrame]:
    """The tables of the built set, by name."""
    return {name: pd.read_parquet(built / f"{name}.parquet") for name in TABLES}
