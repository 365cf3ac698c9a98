"""Predicts the scores of bags.

Where a detector looks at each face by itself first, the features of a face are computed once, however many bags show
it: other mixes of the same faces then cost the detector's head alone.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from benchmark.data.batches import BagDataset, Batch, in_batches, load_batches
from benchmark.data.face_cache import Read
from benchmark.training.model import Model
from detectors.bag import Prediction
from detectors.detector import Embedder, check_prediction
from detectors.errors import DetectorError
from ffpms.dataset.built_set import BagRecord

BAGS_AT_A_TIME = 256
"""Bags whose features are pooled at a time."""


@dataclass(frozen=True)
class BagScore:
    """A bag's logit and, in the order of its faces, their logits and weights (empty if the pool has none)."""

    record: BagRecord
    video_logit: float
    frame_logits: list[float]
    weights: list[float]


Score = Callable[[Sequence[BagRecord]], Iterator[BagScore]]


@dataclass(frozen=True, eq=False)
class FaceFeatures:
    """Features of faces, each computed once, from which bags are scored.

    Shape: features (N, D); row: place of a crop's face in them.
    """

    model: Model
    embedder: Embedder
    features: Tensor
    row: dict[str, int]

    @torch.no_grad()
    def score(self, bags: Sequence[BagRecord]) -> Iterator[BagScore]:
        """Scores every bag that has a face."""
        for some in in_batches([bag for bag in bags if bag.crops], BAGS_AT_A_TIME):
            index, mask = (part.to(self.features.device) for part in self._index(some))
            with self.model.autocast():
                given = self.embedder.head(self.features[index] * mask[..., None], mask)
            prediction = check_prediction(given, mask)
            yield from _unbatch(some, prediction)

    def _index(self, bags: Sequence[BagRecord]) -> tuple[Tensor, Tensor]:
        """Rows of the bags' faces, padded, and which are no padding.

        Shape: -> (B, M) int, (B, M) bool.
        """
        lists = [torch.tensor([self.row[crop] for crop in bag.crops]) for bag in bags]
        lengths = torch.tensor([len(rows) for rows in lists])
        index = pad_sequence(lists, batch_first=True)
        return index, torch.arange(index.shape[1]) < lengths[:, None]


def make_scorer(model: Model, bags: Iterable[BagRecord], read: Read) -> Score:
    """What scores any bags made of the faces of these."""
    if not isinstance(model.detector, Embedder):
        return lambda chosen: iter(predict(model, BagDataset(read, list(chosen))))
    row = {crop: i for i, crop in enumerate(dict.fromkeys(crop for bag in bags for crop in bag.crops))}
    return FaceFeatures(model, model.detector, embed(model, model.detector, list(row), read), row).score


@torch.no_grad()
def predict(model: Model, dataset: BagDataset) -> list[BagScore]:
    """Scores every bag that has a face, in the data set's order."""
    order = [i for i, bag in enumerate(dataset.bags) if bag.crops]
    scores: list[BagScore] = []
    for batch in _batches(model, dataset, order, model.batch_size):
        with model.autocast():
            prediction = model.detector(model.input(batch).bag)
        scores += _unbatch([dataset.bags[i] for i in batch.index], prediction)
    return scores


@torch.no_grad()
def embed(model: Model, embedder: Embedder, crops: list[str], read: Read) -> Tensor:
    """Each face through the backbone once.

    Shape: -> (N, D), on the machine's device.
    """
    dataset = BagDataset(read, [BagRecord.of_one(crop) for crop in crops])
    parts = []
    for batch in _batches(model, dataset, list(range(len(crops))), model.batch_size * model.config.train_frames):
        with model.autocast():
            parts.append(embedder.embed(model.input(batch).bag)[:, 0])
    return torch.cat(parts)


def _batches(model: Model, dataset: BagDataset, order: list[int], size: int) -> Iterable[Batch]:
    """The batches of a pass without training."""
    model.detector.eval()
    batches = in_batches(order, size)
    return model.machine.progress(load_batches(dataset, batches, model.machine.workers), len(batches))


def _unbatch(bags: Sequence[BagRecord], prediction: Prediction) -> list[BagScore]:
    video, frame = prediction.video_logit.double().tolist(), prediction.frame_logit.double().tolist()
    weight = prediction.weight.double().tolist() if prediction.weight is not None else [[]] * len(video)
    return [
        _check_numbers(BagScore(bag, video[i], frame[i][: len(bag.crops)], weight[i][: len(bag.crops)]))
        for i, bag in enumerate(bags)
    ]


def _check_numbers(score: BagScore) -> BagScore:
    """The score itself.

    Raises:
        DetectorError: it has what is no finite number.
    """
    parts = {"video_logit": [score.video_logit], "frame_logit": score.frame_logits, "weight": score.weights}
    for part, values in parts.items():
        if not all(map(math.isfinite, values)):
            raise DetectorError(f"the detector's {part} is not a finite number for every face; try a lower --lr")
    return score
