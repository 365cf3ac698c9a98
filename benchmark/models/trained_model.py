"""TrainedModel: a detector with all that is needed to score the faces of any video."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import expit

from benchmark.data.batches import Batch
from benchmark.models.calibration import Calibration
from benchmark.runs.training_set import Preprocessing, check_bags
from benchmark.training.model import Model
from benchmark.training.predict import make_scorer
from detectors.bag import Bag
from detectors.detector import Detector
from ffpms.checks import check_type, settle, texts
from ffpms.dataset.bag import BagRecord
from ffpms.errors import ConfigError
from ffpms.schema import NO_FACE_SCORE


class ScoredBag(NamedTuple):
    """The scores of a bag: its calibrated probability, and those of its faces.

    ``frame_prob`` are not calibrated, for the temperature is one of videos. ``weight`` sums to 1,
    and is None if the detector's pool has no weights.

    Shape: video_prob a number; frame_prob (M,); weight (M,) or None.
    """

    video_prob: float
    frame_prob: np.ndarray
    weight: np.ndarray | None


@dataclass(frozen=True)
class TrainedOn:
    """The set that a model was trained on: its name, the hash of its tables, its manipulations.

    ``reasons`` say why the name is not the official one. ``bags`` are the numbers of bags with
    faces, by split and manipulation.

    Raises:
        ConfigError: a value is of a wrong type.

    Example:
        >>> TrainedOn("FFPMS", "3f2a9c1b", ("DF",), bags={"val": {"original": 140}}).count("val")
        140
    """

    dataset: str
    sha256: str
    manipulations: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    bags: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_type("dataset", self.dataset, str)
        check_type("sha256", self.sha256, str)
        kinds, reasons = texts("manipulations", self.manipulations), texts("reasons", self.reasons)
        settle(self, manipulations=kinds, reasons=reasons, bags=check_bags(self.bags))

    def count(self, split: str) -> int:
        """Number of bags with faces of a split, real and fake."""
        return sum(self.bags.get(split, {}).values())


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A trained detector, and how its faces were cut, its calibration, and what it was trained on.

    :func:`benchmark.open_model` opens one. ``name`` is what the leaderboard calls it, such as
    ``s-mil [backbone=tiny]``; ``method`` is the registered name alone. ``run_id`` is the run that
    trained it. It is ready to use: on its device, in eval mode.

    Example:
        >>> model = benchmark.open_model(next(Path("runs").glob("s-mil-*")))
        >>> bag = ffpms.load("ffpms-data").bags("test")[0]
        >>> ((video_prob, frame_prob, weight),) = model.score([bag.faces()])
        >>> frame_prob.shape == weight.shape == (len(bag.slots),)
        True
    """

    name: str
    method: str
    model: Model = field(repr=False)
    preprocessing: Preprocessing
    calibration: Calibration = field(repr=False)
    trained_on: TrainedOn
    run_id: str

    @property
    def detector(self) -> Detector:
        """The torch module, in eval mode on its device."""
        return self.model.detector.eval()

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.model.machine.device

    def score(self, bags: Sequence[np.ndarray]) -> list[ScoredBag]:
        """Scores bags of faces, each in the order of time and of one person.

        They are scored as those of a built set are: a bag has the score that the run stored, apart
        from the temperature. A bag without a face gets 0.5.

        Shape: each bag (M, S, S, 3) uint8, RGB, with S = ``preprocessing.size``.

        Raises:
            ConfigError: a bag is no such array.
            DetectorError: the detector gives what is no finite number.
        """
        faces: dict[str, np.ndarray] = {}
        records = [self._record(i, bag, faces) for i, bag in enumerate(bags)]
        scorer = make_scorer(self.model, records, faces.__getitem__)
        found = {score.record.bag_id: score for score in scorer(records)}
        scored = [found.get(record.bag_id) for record in records]
        video = self.calibration.apply([expit(one.video_logit) if one else NO_FACE_SCORE for one in scored])
        return [
            ScoredBag(float(prob), expit(np.array(one.frame_logits)), np.array(one.weights) if one.weights else None)
            if one
            else ScoredBag(float(prob), np.empty(0), None)
            for prob, one in zip(video, scored, strict=True)
        ]

    def as_bag(self, faces: np.ndarray) -> Bag:
        """Returns faces as the detector takes them: on its device, at the side it is shown.

        Shape: faces (M, S, S, 3) uint8 -> a bag of (1, M, 3, T, T), with T the detector's side.

        Raises:
            ConfigError: they are no such array.
        """
        self._check(faces)
        own, move = torch.from_numpy(faces)[None], torch.zeros(1, 3)
        mask = torch.ones(own.shape[:2], dtype=torch.bool)
        return self.model.input(Batch(own, mask, torch.zeros(1), move, [0])).bag

    def _record(self, index: int, bag: np.ndarray, faces: dict[str, np.ndarray]) -> BagRecord:
        """Makes the record of a bag, and puts its faces where the scorer reads them."""
        self._check(bag)
        names = [f"{index}/{place}" for place in range(len(bag))]
        faces |= dict(zip(names, bag, strict=True))
        record = BagRecord(str(index), "", "", 0, 0.0, "", (), (), (), (), ())
        return record.with_faces((place, 0, 0, name, "") for place, name in enumerate(names))

    def _check(self, faces: np.ndarray) -> None:
        side, whole = self.preprocessing.size, isinstance(faces, np.ndarray) and faces.dtype == np.uint8
        if not whole or faces.ndim != 4 or faces.shape[1:] != (side, side, 3):
            is_array = isinstance(faces, np.ndarray)
            found = f"{faces.dtype} {faces.shape}" if is_array else type(faces).__name__
            raise ConfigError(f"bags: {found} is no bag of this model; give uint8 faces of (M, {side}, {side}, 3), RGB")
