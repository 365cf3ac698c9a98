"""A model that was trained on faces of the shared tree, and runs of every method on squares."""

from pathlib import Path

import pytest

import benchmark
import ffpms
from benchmark import TrainConfig, TrainedModel
from tests.conftest import Once
from tests.helpers.trained_runs import find_run, make_trained


@pytest.fixture(scope="session")
def run(built: Path, once: Once) -> Path:
    """S-MIL, hardly trained, on the set built from the tree."""

    def train(out: Path) -> None:
        config = TrainConfig("s-mil", (), "tiny", epochs=1, train_frames=3, batch_size=4)
        assert benchmark.train(ffpms.load(built), config, out).failures == []

    return find_run(once("run-on-tree", train), "s-mil")


@pytest.fixture(scope="session")
def model(run: Path) -> TrainedModel:
    return benchmark.open_model(run)


@pytest.fixture(scope="session")
def runs(once: Once) -> Path:
    """A run of each registered method, whose set has 4 faces of 32 px a bag."""
    return once("trained", make_trained) / "runs"


@pytest.fixture(scope="session")
def reals(tree: Path) -> Path:
    """The folder of the tree's real videos, each of one person but 005."""
    return tree / "original_sequences/youtube/c40/videos"
