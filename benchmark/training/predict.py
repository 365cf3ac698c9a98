"""Scores of bags. Where a detector looks at each face by itself first, a face is embedded once, however many bags show
it: other mixes of the same faces then cost their heads alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from benchmark.config import TrainConfig
from benchmark.data.batches import BagDataset, in_batches, load_batches
from benchmark.data.face_cache import Read
from benchmark.training.device import Machine, autocast
from detectors.bag import Prediction
from detectors.detector import Detector, Embedder
from ffpms.dataset.built_set import BagRecord

HEADS = 256
"""So many bags of embeddings are pooled at a time."""


@dataclass(frozen=True)
class BagScore:
    """A bag's logit and, in the order of its faces, their logits and weights (empty if the pool has none)."""

    record: BagRecord
    video_logit: float
    frame_logits: list[float]
    weights: list[float]


Score = Callable[[Sequence[BagRecord]], Iterator[BagScore]]


def make_scorer(
    detector: Detector, bags: Iterable[BagRecord], read: Read, config: TrainConfig, machine: Machine
) -> Score:
    """What scores any bags made of the faces of these."""
    if not isinstance(detector, Embedder):
        return lambda chosen: iter(predict(detector, BagDataset(read, list(chosen)), config, machine))
    faces = dict.fromkeys(crop for bag in bags for crop in bag.crops)
    row = {crop: i for i, crop in enumerate(faces)}
    embedded = embed(detector, list(faces), read, config, machine)
    return lambda chosen: _pool(detector, embedded, row, chosen, config, machine)


@torch.no_grad()
def predict(detector: Detector, dataset: BagDataset, config: TrainConfig, machine: Machine) -> list[BagScore]:
    """Scores every bag that has a face, in the data set's order."""
    detector.eval()
    order = [i for i, bag in enumerate(dataset.bags) if bag.crops]
    batches = in_batches(order, config.micro_batch or config.batch_size)
    scores: list[BagScore] = []
    for batch in machine.track(load_batches(dataset, batches, machine.workers), len(batches)):
        with autocast(config.precision, machine.device):
            prediction = detector(machine.show(batch, detector, config).bag)
        scores += _unbatch([dataset.bags[i] for i in batch.index], prediction)
    return scores


@torch.no_grad()
def embed(detector: Embedder, crops: list[str], read: Read, config: TrainConfig, machine: Machine) -> Tensor:
    """Each face through the backbone once.

    Shape: -> (N, D), on the machine's device.
    """
    detector.eval()
    dataset = BagDataset(read, [BagRecord.of_one(crop) for crop in crops])
    batches = in_batches(list(range(len(crops))), (config.micro_batch or config.batch_size) * config.train_frames)
    parts = []
    for batch in machine.track(load_batches(dataset, batches, machine.workers), len(batches)):
        with autocast(config.precision, machine.device):
            parts.append(detector.embed(machine.show(batch, detector, config).bag)[:, 0])
    return torch.cat(parts)


@torch.no_grad()
def _pool(
    detector: Embedder,
    embedded: Tensor,
    row: dict[str, int],
    bags: Sequence[BagRecord],
    config: TrainConfig,
    machine: Machine,
) -> Iterator[BagScore]:
    for some in in_batches([bag for bag in bags if bag.crops], HEADS):
        lists = [torch.tensor([row[crop] for crop in bag.crops]) for bag in some]
        index = pad_sequence(lists, batch_first=True).to(machine.device)  # (B, M)
        lengths = torch.tensor([len(rows) for rows in lists], device=machine.device)
        mask = torch.arange(index.shape[1], device=machine.device) < lengths[:, None]
        with autocast(config.precision, machine.device):
            prediction = detector.head(embedded[index] * mask[..., None], mask)
        yield from _unbatch(some, prediction)


def _unbatch(bags: Sequence[BagRecord], prediction: Prediction) -> list[BagScore]:
    video, frame = prediction.video_logit.double().tolist(), prediction.frame_logit.double().tolist()
    weight = prediction.weight.double().tolist() if prediction.weight is not None else [[]] * len(video)
    return [
        BagScore(bag, video[i], frame[i][: len(bag.crops)], weight[i][: len(bag.crops)]) for i, bag in enumerate(bags)
    ]
