"""Judge: scores the people that were found in a video."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmark.inference.verdict import FileVerdict, FrameScore, Track
from benchmark.models.calibration import FIXED, VAL
from benchmark.models.trained_model import ScoredBag, TrainedModel
from ffpms.extraction.people import CropGeometry, FoundFace, FoundPeople

_AT_A_TIME = 16
"""Number of bags that are scored at a time."""


@dataclass(frozen=True)
class Judge:
    """Scores people with one model."""

    model: TrainedModel

    @property
    def geometry(self) -> CropGeometry:
        """How faces are found and cut: as in the set on which the model was trained."""
        own = self.model.preprocessing
        return CropGeometry(own.finder, own.margin, own.size)

    @cached_property
    def threshold(self) -> float:
        """The calibrated probability from which on a video looks fake: chosen on val, else 0.5."""
        thresholds = self.model.calibration.thresholds
        return float(thresholds.get(VAL, thresholds[FIXED]))

    def judge(self, path: str, found: FoundPeople, crops: Path) -> FileVerdict:
        """Scores the people of a video, whose crops are in a file.

        The video's probability is the highest of theirs: it asks whether anybody's face is fake.
        """
        tracks = tuple(self._tracks(found, crops)) if found.people else ()
        probability = max((track.probability for track in tracks), default=None)
        real, about = self.model.calibration, self.model.trained_on
        return FileVerdict(
            path=path,
            status=found.status.value,
            error=found.error,
            probability=probability,
            tracks=tracks,
            run=self.model.run_id,
            trained_on=about.dataset,
            threshold=self.threshold,
            n_real_val=real.n_real,
            real_val_as_high=None if probability is None else real.count_as_high(probability),
            width=found.size[0],
            height=found.size[1],
            sampled=found.sampled,
        )

    def _tracks(self, found: FoundPeople, path: Path) -> Iterator[Track]:
        side = self.model.preprocessing.size
        crops = np.memmap(path, np.uint8, "r", shape=(found.n_crops, side, side, 3))
        for track_id, faces in enumerate(found.people):
            scored = self._score(faces, crops)
            highest = max((bag for _, bag in scored), key=lambda bag: bag.video_prob)
            yield Track(track_id, highest.video_prob, tuple(_frame_scores(scored, highest)))

    def _score(self, faces: Sequence[FoundFace], crops: np.ndarray) -> list[tuple[Sequence[FoundFace], ScoredBag]]:
        """Scores a person's faces, in bags of about as many as the model was trained on."""
        n_bags = max(1, round(len(faces) / self.model.preprocessing.frames))
        bags = [[faces[i] for i in part] for part in np.array_split(np.arange(len(faces)), n_bags)]
        scored: list[ScoredBag] = []
        for start in range(0, n_bags, _AT_A_TIME):
            some = bags[start : start + _AT_A_TIME]
            scored += self.model.score([np.stack([crops[face.crop] for face in bag]) for bag in some])
        return list(zip(bags, scored, strict=True))


def _frame_scores(scored: Sequence[tuple[Sequence[FoundFace], ScoredBag]], highest: ScoredBag) -> Iterator[FrameScore]:
    for faces, bag in scored:
        weights = [None] * len(faces) if bag.weight is None else map(float, bag.weight)
        for face, prob, weight in zip(faces, bag.frame_prob, weights, strict=True):
            box = (face.box.x, face.box.y, face.box.w, face.box.h)
            yield FrameScore(face.index, face.seconds, float(prob), weight, box, bag is highest)
