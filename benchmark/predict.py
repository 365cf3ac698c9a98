"""Scores of bags: one pass over the faces, all of them kept."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from benchmark.data import BagDataset, BagRecord, Batch, load_batches
from benchmark.device import autocast, fit_faces
from detectors.bag import Prediction
from detectors.detector import BagDetector

Track = Callable[[Iterable[Batch], int], Iterable[Batch]]


@dataclass(frozen=True)
class BagScore:
    """A bag's logit and, in the order of its faces, their logits and weights (empty if the pool has none)."""

    record: BagRecord
    video_logit: float
    frame_logits: list[float]
    weights: list[float]


@torch.no_grad()
def predict(
    detector: BagDetector,
    dataset: BagDataset,
    device: torch.device,
    precision: str,
    batch_size: int,
    workers: int = 0,
    track: Track = lambda batches, _: batches,
) -> list[BagScore]:
    """Scores every bag that has a face, in the data set's order."""
    detector.eval()
    order = [i for i, bag in enumerate(dataset.bags) if bag.crops]
    batches = load_batches(dataset, order, batch_size, workers)
    scores: list[BagScore] = []
    for batch in track(batches, -(-len(order) // batch_size)):
        bag = fit_faces(batch.bag.to(device), detector)
        with autocast(precision, device):
            prediction = detector(bag)
        scores += _unbatch(dataset.bags, batch, prediction)
    return scores


def _unbatch(bags: list[BagRecord], batch: Batch, prediction: Prediction) -> list[BagScore]:
    video, frame = prediction.video_logit.double().tolist(), prediction.frame_logit.double().tolist()
    weight = prediction.weight.double().tolist() if prediction.weight is not None else [[]] * len(video)
    lengths = batch.bag.mask.sum(dim=1).tolist()
    return [
        BagScore(bags[i], video[row], frame[row][:n], weight[row][:n])
        for row, (i, n) in enumerate(zip(batch.index, lengths, strict=True))
    ]
