"""What training on stored embeddings costs beside the matrix products of the head alone, in one run.

``FFPMS_BENCH=1 pytest -m bench -s tests/bench/test_cached_speed.py`` prints the figures of docs/benchmarks.md.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.data.batches import balanced_epoch, in_batches
from benchmark.data.features import FeatureFile, Features, Table
from benchmark.data.training_sets import make_training_sets
from benchmark.train_config import TrainConfig
from benchmark.training.device import Machine
from benchmark.training.model import Model
from benchmark.training.train import fit
from detectors import method
from detectors.backbones.stems import Embedded
from ffpms.dataset.bag import BagRecord

LONG = bool(os.environ.get("FFPMS_BENCH"))
WIDTH, FILTERS, FACES = 1280, 512, 20
N_TRAIN, N_VAL, EPOCHS = (3600, 700, 3) if LONG else (900, 175, 1)
"""Bags of FFPMS, a fifth of them real, and epochs; a trial has 30."""
CPU = Machine(torch.device("cpu"))
CONFIG = TrainConfig("s-mil", ("DF",), tune="cached", epochs=EPOCHS, precision="fp32")


class Stored:
    """A set of random embeddings in files: what ``make_training_sets`` asks of a built set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records = {split: _bags(split, n) for split, n in (("train", N_TRAIN), ("val", N_VAL))}

    def bags(self, split: str, *_: object) -> list[BagRecord]:
        return self.records[split]

    def read(self) -> Features:
        draw = np.random.default_rng(0)
        tables = []
        for split, bags in self.records.items():
            crops = [crop for bag in bags for crop in bag.crops]
            faces = [(crop, mirrored) for mirrored in (False, True) for crop in crops]
            file = FeatureFile(self.folder / "features" / f"{split}.npy", faces, WIDTH)
            values = file.open(
                lambda new: (draw.random((len(part), WIDTH), np.float32) for part in in_batches(new, 256)),
                lambda _: None,
            )
            tables.append(Table(values, {crop: i for i, crop in enumerate(crops)}))
        return Features(tables)


def _bags(split: str, n: int) -> list[BagRecord]:
    each = tuple(range(FACES))
    return [
        BagRecord(
            f"{i}", "DF", "", int(i % 5 > 0), 0.0, "ok", each, each, each, tuple(f"{split}-{i}-{j}" for j in each), ()
        )
        for i in range(n)
    ]


def products(bags: Sequence[BagRecord], values: torch.Tensor) -> Callable[[], None]:
    """The head's products with its filters in an epoch: forward and backward of train, forward of val.

    Their operands come from memory, as those of a training do."""
    faces, whole = CONFIG.batch_size * CONFIG.train_frames, CONFIG.batch_size * FACES
    n_train, n_val = len(balanced_epoch(list(bags), 0, 0)) // CONFIG.batch_size, N_VAL // CONFIG.batch_size
    filters, slope = torch.rand(WIDTH, FILTERS), torch.rand(faces, FILTERS)
    shown, judged = values.split(faces)[:n_train], values.split(whole)[:n_val]

    def work() -> None:
        for given in shown:
            given @ filters
            given.T @ slope
        for given in judged:
            given @ filters

    return work


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


@pytest.mark.bench
def test_a_trial_costs_little_more_than_its_heads_products(tmp_path: Path) -> None:
    """CPU seconds of training and validation; the features need no gradient, so there are two products a step."""
    data = Stored(tmp_path)
    read = data.read()
    train, val = make_training_sets(data, read, CONFIG)  # type: ignore[arg-type]
    ideal = products(data.records["train"], torch.from_numpy(np.ascontiguousarray(read.tables[0].values)))
    ideal()
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # the first one imports half of torch
    own = alone = 0.0
    for turn in range(2):
        detector = method("s-mil").factory(Embedded(WIDTH, ""))
        model = Model(detector, replace(CONFIG, seed=turn), CPU)
        folder = tmp_path / str(turn)
        folder.mkdir()
        own += seconds(lambda: fit(model, train, val, folder))  # noqa: B023
        alone += seconds(lambda: [ideal() for _ in range(EPOCHS)])
    print(
        f"\n{N_TRAIN} train bags, {WIDTH} features, {EPOCHS} epochs: {own / 2:.1f} CPU s, the products"
        f" {alone / 2:.1f} s, {own / alone:.2f} times; 30 epochs {own / 2 / EPOCHS * 30:.0f} CPU s"
    )
    assert own / alone < (1.7 if LONG else 2.2)
