"""Scores of bags: one pass over the faces, all of them kept."""

from dataclasses import dataclass

import torch

from benchmark.config import TrainConfig
from benchmark.data import BagRecord
from benchmark.loader import BagDataset, Batch, in_batches, load_batches
from benchmark.machine import Machine, autocast
from detectors.bag import Prediction
from detectors.detector import Detector


@dataclass(frozen=True)
class BagScore:
    """A bag's logit and, in the order of its faces, their logits and weights (empty if the pool has none)."""

    record: BagRecord
    video_logit: float
    frame_logits: list[float]
    weights: list[float]


@torch.no_grad()
def predict(detector: Detector, dataset: BagDataset, config: TrainConfig, machine: Machine) -> list[BagScore]:
    """Scores every bag that has a face, in the data set's order."""
    detector.eval()
    order = [i for i, bag in enumerate(dataset.bags) if bag.crops]
    batches = in_batches(order, config.micro_batch or config.batch_size)
    scores: list[BagScore] = []
    for batch in machine.track(load_batches(dataset, batches, machine.workers), len(batches)):
        shown = machine.show(batch, detector, config)
        with autocast(config.precision, machine.device):
            prediction = detector(shown.bag)
        scores += _unbatch(dataset.bags, batch, prediction)
    return scores


def _unbatch(bags: list[BagRecord], batch: Batch, prediction: Prediction) -> list[BagScore]:
    video, frame = prediction.video_logit.double().tolist(), prediction.frame_logit.double().tolist()
    weight = prediction.weight.double().tolist() if prediction.weight is not None else [[]] * len(video)
    lengths = batch.mask.sum(dim=1).tolist()
    return [
        BagScore(bags[i], video[row], frame[row][:n], weight[row][:n])
        for row, (i, n) in enumerate(zip(batch.index, lengths, strict=True))
    ]
