"""A person's faces are scored in bags as trained, and the highest score is the person's and the video's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from benchmark.inference.judge import Judge
from benchmark.inference.page.sections import decisive
from benchmark.models.calibration import Calibration
from benchmark.models.trained_model import ScoredBag, TrainedOn
from benchmark.runs.training_set import Preprocessing
from ffpms.extraction.boxes import Box
from ffpms.extraction.decoding.any_video import FileStatus
from ffpms.extraction.people import FoundFace, FoundPeople

SIDE = 16


@dataclass
class Brightness:
    """A model that takes the brightest face of a bag for its score, in percent."""

    name = run_id = "bright-1"
    preprocessing = Preprocessing(size=SIDE, frames=4)
    calibration = Calibration(2.0, {"fixed": 0.5, "val": 0.6}, (0.05, 0.1, 0.3, 0.7), n_fake=4)
    trained_on = TrainedOn("FFPMS", "0", ("DF",))

    def score(self, bags: Sequence[np.ndarray]) -> list[ScoredBag]:
        probs = [bag.mean(axis=(1, 2, 3)) / 100 for bag in bags]
        return [ScoredBag(float(own.max()), own, np.full(len(own), 1 / len(own))) for own in probs]


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """Thirteen crops; each pixel of the n-th is n."""
    path = tmp_path / "0.faces"
    path.write_bytes(b"".join(bytes([n]) * (SIDE * SIDE * 3) for n in range(13)))
    return path


def person(*numbers: int) -> tuple[FoundFace, ...]:
    return tuple(FoundFace(place, place / 2, Box(n, 0, 9, 9), n) for place, n in enumerate(numbers))


def test_many_faces_are_successive_bags_and_the_highest_is_the_persons(crops: Path) -> None:
    found = FoundPeople(FileStatus.OK, people=(person(1, 2, 12, 3, 4, 5, 6, 7, 8), person(9, 10, 11)), n_crops=13)
    verdict = Judge(Brightness()).judge("a.mp4", found, crops)  # type: ignore[arg-type]
    assert [track.probability for track in verdict.tracks] == [0.12, 0.11]
    assert verdict.probability == 0.12
    first, second = verdict.tracks
    assert [frame.probability for frame in first.frames] == [n / 100 for n in (1, 2, 12, 3, 4, 5, 6, 7, 8)]
    assert [round(1 / (frame.weight or 1)) for frame in first.frames] == [5] * 5 + [4] * 4
    assert [round(1 / (frame.weight or 1)) for frame in second.frames] == [3] * 3
    assert [frame.box[0] for frame in second.frames] == [9, 10, 11]
    assert [frame.decided for frame in first.frames] == [True] * 5 + [False] * 4
    assert {frame.index for frame in decisive(first)} == set(range(5)), "a bag that does not count decided nothing"
    assert all(frame.decided for frame in second.frames)


def test_a_score_is_calibrated_once_and_compared_with_real_val_videos(crops: Path) -> None:
    found = FoundPeople(FileStatus.OK, people=(person(8, 9, 10),), n_crops=13)
    verdict = Judge(Brightness()).judge("a.mp4", found, crops)  # type: ignore[arg-type]
    assert (verdict.probability, verdict.real_val_as_high, verdict.n_real_val) == (0.1, 3, 4)
    assert (verdict.threshold, verdict.looks_fake) == (0.6, False)
