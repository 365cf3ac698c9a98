"""That training never waits for faces, and that the rate grid costs no second pass over them: ratios within one run.

``FFPMS_BENCH=1 pytest -m bench -s`` prints the figures of docs/benchmarks.md.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmark.data.batches import BagDataset, balanced_epoch, in_batches
from benchmark.data.face_cache import open_faces
from benchmark.data.loading import load_batches
from benchmark.data.training_sets import make_training_sets
from benchmark.train_config import TrainConfig
from benchmark.training.device import Machine
from benchmark.training.model import Model
from benchmark.training.predict import make_scorer, predict
from benchmark.training.train import accumulate_gradients
from benchmark.trials.rate_grid_scores import score_grid
from detectors import create
from ffpms.builder.config import BuildConfig
from ffpms.dataset.built_set import BuiltSet
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.recipe import Recipe
from tests.helpers.tiny_set import make_set

LONG = bool(os.environ.get("FFPMS_BENCH"))
N_PAIRS = 20 if LONG else 4
PAIRS = {
    split: [(f"{2 * i + k:03d}", f"{2 * i + k + 1:03d}") for i in range(n)]
    for split, n, k in (("train", N_PAIRS, 0), ("val", 1, 900), ("test", 3, 950))
}
CPU = Machine(torch.device("cpu"))
CONFIG = TrainConfig("s-mil", ("DF", "F2F"), "lcnet_050", False, batch_size=8, train_frames=5, precision="fp32")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> BuiltSet:
    config = BuildConfig(Recipe(manipulations=("DF", "F2F")), CropConfig(size=112))
    return BuiltSet.load(make_set(tmp_path_factory.mktemp("set"), PAIRS, config))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@pytest.mark.bench
def test_training_is_as_quick_as_on_one_batch_in_memory(data: BuiltSet, tmp_path: Path) -> None:
    """At most 1 if the loader never kept the step waiting; the batches alternate, so that both see the same machine."""
    train, _ = make_training_sets(data, open_faces(data, tmp_path), CONFIG)
    model = Model(create("s-mil", CONFIG.backbone, False).train(), CONFIG, CPU)
    whole = in_batches(balanced_epoch(train.bags, 0, 0), CONFIG.batch_size)
    (resident,) = load_batches(train, whole[:1])
    step = lambda batch: accumulate_gradients(model, batch, CONFIG.batch_size)  # noqa: E731
    step(resident)
    own = loaded = 0.0
    batches = load_batches(train, whole)
    for _ in whole:
        own += seconds(lambda: step(resident))
        loaded += seconds(lambda: step(next(batches)))
    print(f"\n{len(whole)} batches: {own / loaded:.2f} of the throughput of a batch in memory")
    assert own / loaded > (0.9 if LONG else 0.7)


@pytest.mark.bench
def test_the_rate_grid_costs_about_one_pass(data: BuiltSet, tmp_path: Path) -> None:
    """The test bags and the grid of every fake at 0 to 20 fake frames in five draws, beside the test bags alone, each
    scored for itself; the plain way would score each of the grid's bags so."""
    read, kinds = open_faces(data, tmp_path), CONFIG.manipulations
    model = Model(create("s-mil", CONFIG.backbone, False), CONFIG, CPU)
    test = data.bags("test", kinds)
    fakes, reals = (data.pure("test", kinds, fake) for fake in (True, False))
    predict(model, BagDataset(read, test[:1]))

    def everything() -> None:
        score = make_scorer(model, [*test, *fakes, *reals], read)
        list(score(test))
        score_grid(data, fakes, reals, score)

    plain = seconds(lambda: predict(model, BagDataset(read, test)))
    whole = seconds(everything)
    n_grid = 5 * 21 * len(fakes)
    print(
        f"\ntest bags and grid: {whole / plain:.2f} times the test bags alone; the plain way {n_grid / len(test):.0f}"
    )
    assert whole / plain < (1.3 if LONG else 3)
