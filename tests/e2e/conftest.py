"""The set to compare with, and a tree to damage."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from ffpms.tables import TABLES
from tests.building import content, flags
from tests.conftest import Command
from tests.corpus import PAIRS, write_splits


@pytest.fixture(scope="session")
def reference(ffpms: Command, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The test split, built with one worker and no interruption."""
    out = tmp_path_factory.mktemp("reference") / "data"
    assert ffpms(*flags(tree, out, "--workers", 1)).exit_code == 0
    return content(out)


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
    return target


@pytest.fixture(scope="session")
def tables(built: Path) -> dict[str, pd.DataFrame]:
    """The tables of the built set, by name."""
    return {name: pd.read_parquet(built / f"{name}.parquet") for name in TABLES}
