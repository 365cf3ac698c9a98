"""Prediction: computes the scores of bags.

If a detector first looks at each face by itself, the features of a face are computed once for all
bags that show it. Other mixes of the same faces then cost only the detector's head.

Where memory runs out, a batch is computed in halves, down to one bag, and to one of its faces where
the detector looks at each by itself.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TypeVar

import torch
from torch import Tensor

from benchmark.data.batches import BagDataset, Batch, in_batches, pad_rows
from benchmark.data.face_cache import Read
from benchmark.data.loading import load_batches
from benchmark.training.model import Model
from detectors.bag import Bag, Prediction
from detectors.detector import Detector, Embedder, check_prediction
from detectors.errors import DetectorError
from ffpms.dataset.bag import BagRecord

T = TypeVar("T")
_LARGE = 1e6
"""The size of a weight above which training has diverged."""
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

    They are on the machine's device, or on the CPU.

    Shape: features (N, D); row: crop path -> row of features.
    """

    model: Model
    embedder: Embedder
    features: Tensor
    row: dict[str, int]

    @torch.no_grad()
    def score(self, bags: Sequence[BagRecord]) -> Iterator[BagScore]:
        """Scores every bag that has a face."""
        parts, log = self.model.parts, self.model.machine.log
        for some in in_batches([bag for bag in bags if bag.crops], BAGS_AT_A_TIME):
            for scores in parts.compute("mixes of frames", len(some), partial(self._score_part, some), log):
                yield from scores

    def _score_part(self, all_bags: Sequence[BagRecord], rows: slice) -> list[BagScore]:
        bags = all_bags[rows]
        device = self.model.machine.device
        index, mask = (part.to(self.features.device) for part in self._index(bags))
        features = (self.features[index] * mask[..., None]).to(device)
        mask = mask.to(device)
        with self.model.autocast():
            given = self.embedder.head(features, mask)
        return _unbatch(self.model, bags, check_prediction(given, mask))

    def _index(self, bags: Sequence[BagRecord]) -> tuple[Tensor, Tensor]:
        """Returns the rows of the bags' faces, padded, and a mask that is False at padding.

        Shape: -> (B, M) int, (B, M) bool.
        """
        return pad_rows([[self.row[crop] for crop in bag.crops] for bag in bags])


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

    def score_part(batch: Batch) -> list[list[BagScore]]:
        bags = [dataset.bags[i] for i in batch.index]
        with model.autocast():
            predictions = _forward(model, detectors, model.input(batch).bag)
        return [_unbatch(model, bags, prediction) for prediction in predictions]

    for batch in make_batches(model, dataset, order, model.batch_size):
        for part in in_parts(model, "bags", batch, score_part):
            for own, found in zip(scores, part, strict=True):
                own += found
    return scores


def in_parts(model: Model, unit: str, batch: Batch, step: Callable[[Batch], T]) -> list[T]:
    """Computes a batch in as few parts as memory allows."""
    return model.parts.compute(
        unit, len(batch), lambda rows: step(batch.part(rows.start, rows.stop)), model.machine.log
    )


def _forward(model: Model, alike: Sequence[Detector], bag: Bag) -> list[Prediction]:
    """Predicts with each detector; embedders share what the first embeds."""
    embedders = [detector for detector in alike if isinstance(detector, Embedder)]
    alone = len(bag.mask) == 1
    if len(embedders) < len(alike) or (len(alike) == 1 and not alone):
        return [detector(bag) for detector in alike]
    features = _embed_faces(model, embedders[0], bag) if alone else embedders[0].embed(bag)
    mask = bag.mask[:, : features.shape[1]]
    return [check_prediction(detector.head(features, mask), mask) for detector in embedders]


def _embed_faces(model: Model, embedder: Embedder, bag: Bag) -> Tensor:
    """Embeds the faces of a single bag, in as few parts as memory allows, without its padding.

    Shape: bag of (1, M) -> (1, number of faces, D).
    """
    n = int(bag.mask.sum())

    def embed_part(faces: slice) -> Tensor:
        return embedder.embed(Bag(bag.faces[:, faces], bag.mask[:, faces]))

    return torch.cat(model.parts.compute("faces of a bag", n, embed_part, model.machine.log), dim=1)


@torch.no_grad()
def embed(model: Model, embedder: Embedder, crops: list[str], read: Read) -> Tensor:
    """Runs each face through the backbone once.

    Shape: -> (N, D), on the machine's device; on the CPU once memory ran out there.
    """
    dataset = BagDataset(read, [BagRecord.of_one(crop) for crop in crops])

    def embed_part(batch: Batch) -> Tensor:
        with model.autocast():
            return embedder.embed(model.input(batch).bag)[:, 0]

    parts: list[Tensor] = []
    for batch in make_batches(model, dataset, list(range(len(crops))), model.batch_size * model.config.train_frames):
        parts += in_parts(model, "faces", batch, embed_part)
        if model.parts.limits:
            parts = [part.cpu() for part in parts]
    return torch.cat(parts) if parts else torch.empty(0, 0)


def make_batches(model: Model, dataset: BagDataset, order: list[int], size: int, slow: bool = False) -> Iterable[Batch]:
    """Makes the batches of a pass without training; ``slow`` says that crops are read for it."""
    model.detector.eval()
    batches = in_batches(order, size)
    machine = model.machine
    loaded = load_batches(dataset, batches, machine.count_workers(slow or dataset.forge is not None), machine.log)
    return machine.progress(loaded, len(batches))


def _unbatch(model: Model, bags: Sequence[BagRecord], prediction: Prediction) -> list[BagScore]:
    """Splits a batch's prediction into the scores of its bags."""
    video, frame = prediction.video_logit.tolist(), prediction.frame_logit.tolist()
    weight = prediction.weight.tolist() if prediction.weight is not None else [[]] * len(video)
    return [
        _check_numbers(model, BagScore(bag, video[i], frame[i][: len(bag.crops)], weight[i][: len(bag.crops)]))
        for i, bag in enumerate(bags)
    ]


def _check_numbers(model: Model, score: BagScore) -> BagScore:
    """The score itself.

    Raises:
        DetectorError: it has what is no finite number.
    """
    parts = {"video_logit": [score.video_logit], "frame_logit": score.frame_logits, "weight": score.weights}
    for part, values in parts.items():
        if not all(map(math.isfinite, values)):
            raise DetectorError(f"the detector's {part} is not a finite number for every face; {_explain(model)}")
    return score


def _explain(model: Model) -> str:
    """Says why a detector gives what is no number, and what to do."""
    state = model.detector.state_dict().items()
    if broken := next((name for name, value in state if not value.isfinite().all()), ""):
        return f"its weights are none either ({broken}): training diverged; try a lower --lr"
    sizes = ((name, float(value.abs().max())) for name, value in state if value.is_floating_point() and value.numel())
    name, largest = max(sizes, key=itemgetter(1), default=("", 0.0))
    if largest > _LARGE:
        return f"its weights are up to {largest:.0e} ({name}): training diverged; try a lower --lr"
    advice = " or try --precision fp32" if model.config.precision == "bf16" else ""
    return f"its weights are finite: look in its code for a division, root or logarithm of 0{advice}"
