"""Scores of a trial: its tables, written once the detector is trained."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd
from scipy.special import expit

from benchmark.config import TrainConfig
from benchmark.runs.folder import FEWER_SCORES, GRID_SCORES, NO_FACE_SCORE, SCORES
from benchmark.training.device import Machine
from benchmark.training.predict import BagScore, Score, make_scorer
from benchmark.trials.frame_subsets import score_fewer
from benchmark.trials.rate_grid import score_grid
from benchmark.trials.resources import Material
from detectors.detector import Detector
from ffpms.dataset.built_set import BagRecord
from ffpms.schema import FEWER_SCORE, GRID_SCORE, SCORE, UNKNOWN, Split, Status, write_table


def write_scores(detector: Detector, material: Material, config: TrainConfig, folder: Path, machine: Machine) -> None:
    """Scores the val bags and the test bags once, and of the test bags the rate grid and fewer frames."""
    data = material.data
    constant = {"run_id": folder.name, "method": config.method, "dataset": data.name}
    val = data.bags(Split.VAL, config.manipulations)
    score = make_scorer(detector, val, material.read, config, machine)
    _write_table(val, score, constant, folder / SCORES[Split.VAL], machine)
    test = data.bags(Split.TEST, config.manipulations)
    fakes, reals = (data.pure(Split.TEST, config.manipulations, fake) for fake in (True, False))
    score = make_scorer(detector, [*test, *fakes, *reals], material.read, config, machine)
    _write_table(test, score, constant, folder / SCORES[Split.TEST], machine)
    grid = score_grid(data, fakes, reals, score).assign(**constant)
    write_table(grid, GRID_SCORE, folder / GRID_SCORES)
    fewer = score_fewer(test, data.recipe.frames_per_video, score).assign(**constant)
    write_table(fewer, FEWER_SCORE, folder / FEWER_SCORES)


def _write_table(bags: list[BagRecord], score: Score, constant: dict[str, str], table: Path, machine: Machine) -> None:
    """Stores every video and frame score of a split."""
    if lost := [bag.bag_id for bag in bags if not bag.crops and bag.status != Status.NO_FACE]:
        machine.say(f"{len(lost)} of {len(bags)} bags could not be built and are not scored ({lost[0]}, ...)")
    by_bag = {found.record.bag_id: found for found in score(bags)}
    rows = [constant | row for bag in bags for row in _score_rows(bag, by_bag.get(bag.bag_id))]
    write_table(pd.DataFrame(rows, columns=SCORE.names), SCORE, table)


def _score_rows(bag: BagRecord, score: BagScore | None) -> list[dict[str, object]]:
    """A bag's video row and a row for each face; of a bag that could not be built, nothing."""
    about = {k: v for k, v in asdict(bag).items() if k in SCORE.names}
    video = about | {"level": "video", "slot": UNKNOWN, "track_id": UNKNOWN, "y_true": bag.label, "weight": None}
    if score is None:
        return [video | {"score": NO_FACE_SCORE}] if bag.status == Status.NO_FACE else []
    weights: list[float] | list[None] = score.weights or [None] * len(bag.slots)
    faces = zip(bag.slots, bag.tracks, bag.frame_labels, score.frame_logits, weights, strict=True)
    return [video | {"score": expit(score.video_logit)}] + [
        about
        | {"level": "frame", "slot": slot, "track_id": track, "y_true": label, "score": expit(logit), "weight": weight}
        for slot, track, label, logit, weight in faces
    ]
