"""Prediction: computes the scores of bags.

If a detector first looks at each face by itself, the features of a face are computed once for all
bags that show it. Other mixes of the same faces then cost only the detector's head.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.data.batches import BagDataset, Batch, in_batches, load_batches
from benchmark.data.face_cache import Read
from benchmark.training.model import Model
from detectors.bag import Bag, Prediction
from detectors.detector import Detector, Embedder, check_prediction
from detectors.errors import DetectorError
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.torch_data import pad_bags

BAGS_AT_A_TIME = 256
"""Number of bags whose features are pooled at a time."""


@dataclass(frozen=True)
class BagScore:
    """A bag's logit, and the logits and weights of its faces in their order.

    The weights are empty if the pool has none.
    """

    record: BagRecord
    video_logit: float
    frame_logits: list[float]
    weights: list[float]


Score = Callable[[Sequence[BagRecord]], Iterator[BagScore]]
"""Scores bags: any sequence of bags -> the score of each that has a face."""


@dataclass(frozen=True, eq=False)
class FaceFeatures:
    """Features of faces, each computed once, from which bags are scored.

    Shape: features (N, D); row: crop path -> row of features.
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
        """Returns the rows of the bags' faces, padded, and a mask that is False at padding.

        Shape: -> (B, M) int, (B, M) bool.
        """
        return pad_bags([torch.tensor([self.row[crop] for crop in bag.crops]) for bag in bags])


def make_scorer(model: Model, bags: Iterable[BagRecord], read: Read) -> Score:
    """Makes a function that scores any bags made of the faces of ``bags``."""
    if not isinstance(model.detector, Embedder):
        return lambda chosen: iter(predict(model, BagDataset(read, list(chosen))))
    row = {crop: i for i, crop in enumerate(dict.fromkeys(crop for bag in bags for crop in bag.crops))}
    return FaceFeatures(model, model.detector, embed(model, model.detector, list(row), read), row).score


def predict(model: Model, dataset: BagDataset) -> list[BagScore]:
    """Scores every bag that has a face, in the data set's order."""
    return predict_alike(model, [model.detector], dataset)[0]


@torch.no_grad()
def predict_alike(
    model: Model, detectors: Sequence[Detector], dataset: BagDataset, chosen: Sequence[int] | None = None
) -> list[list[BagScore]]:
    """Scores every bag with several detectors, whose weights are those of the first.

    Each face is embedded once, by the first. The scores of each are in the data set's order, or in
    that of the ``chosen`` bags.
    """
    first, *others = detectors
    order = [i for i in (range(len(dataset)) if chosen is None else chosen) if dataset.bags[i].crops]
    scores: list[list[BagScore]] = [[] for _ in detectors]
    for detector in others:
        detector.load_state_dict(first.state_dict())
        detector.eval()
    for batch in _batches(model, dataset, order, model.batch_size):
        with model.autocast():
            predictions = _forward(first, others, model.input(batch).bag)
        for own, prediction in zip(scores, predictions, strict=True):
            own += _unbatch([dataset.bags[i] for i in batch.index], prediction)
    return scores


def _forward(first: Detector, others: Sequence[Detector], bag: Bag) -> list[Prediction]:
    """Predicts with each detector; embedders share what the first embeds."""
    alike = [first, *others]
    embedders = [detector for detector in alike if isinstance(detector, Embedder)]
    if not others or len(embedders) < len(alike):
        return [detector(bag) for detector in alike]
    features = embedders[0].embed(bag)
    return [check_prediction(detector.head(features, bag.mask), bag.mask) for detector in embedders]


@torch.no_grad()
def embed(model: Model, embedder: Embedder, crops: list[str], read: Read) -> Tensor:
    """Runs each face through the backbone once.

    Shape: -> (N, D), on the machine's device.
    """
    dataset = BagDataset(read, [BagRecord.of_one(crop) for crop in crops])
    parts = []
    for batch in _batches(model, dataset, list(range(len(crops))), model.batch_size * model.config.train_frames):
        with model.autocast():
            parts.append(embedder.embed(model.input(batch).bag)[:, 0])
    return torch.cat(parts) if parts else torch.empty(0, 0)


def _batches(model: Model, dataset: BagDataset, order: list[int], size: int) -> Iterable[Batch]:
    """Yields the batches of a pass without training."""
    model.detector.eval()
    batches = in_batches(order, size)
    workers = model.machine.count_workers(dataset.forge is not None)
    return model.machine.progress(load_batches(dataset, batches, workers), len(batches))


def _unbatch(bags: Sequence[BagRecord], prediction: Prediction) -> list[BagScore]:
    """Splits a batch's prediction into the scores of its bags."""
    video, frame = prediction.video_logit.tolist(), prediction.frame_logit.tolist()
    weight = prediction.weight.tolist() if prediction.weight is not None else [[]] * len(video)
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
