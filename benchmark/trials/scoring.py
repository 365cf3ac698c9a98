"""Scores of a trial: scores the bags and writes the tables, once the detector is trained."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd
from scipy.special import expit

from benchmark.data.face_cache import Read
from benchmark.runs.folder import FEWER_SCORES, GRID_SCORES, SCORES, SEGMENTS
from benchmark.training.model import Model
from benchmark.training.predict import BagScore, Score, make_scorer
from benchmark.trials.frame_subset_scores import score_fewer
from benchmark.trials.rate_grid_scores import score_grid
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.segments import find_segments
from ffpms.parquet import write_table
from ffpms.progress import Log
from ffpms.schema import FEWER_SCORE, GRID_SCORE, NO_FACE_SCORE, SCORE, SEGMENT, UNKNOWN, Split


def write_scores(model: Model, data: BuiltSet, read: Read, folder: Path) -> None:
    """Scores the val bags and the test bags once, and writes the tables."""
    constant = {"run_id": folder.name, "method": model.config.method, "dataset": data.name}
    val = data.bags(Split.VAL, model.config.manipulations)
    rows = tabulate_scores(val, make_scorer(model, val, read), model.machine.log)
    write_table(rows.assign(**constant), SCORE, folder / SCORES[Split.VAL])
    write_test_scores(model, data, read, folder, folder.name, model.config.manipulations)


def write_test_scores(
    model: Model, data: BuiltSet, read: Read, folder: Path, run_id: str, kinds: tuple[str, ...]
) -> None:
    """Scores the test bags of a set and of manipulations once, and writes the tables.

    They are also scored on the rate grid and with fewer frames. Their true segments are stored
    beside the scores.
    """
    constant = {"run_id": run_id, "method": model.config.method, "dataset": data.name}
    test, log = data.bags(Split.TEST, kinds), model.machine.log
    fakes, reals = (data.pure(Split.TEST, kinds, fake) for fake in (True, False))
    score = make_scorer(model, [*test, *fakes, *reals], read)
    rows = tabulate_scores(test, score, log)
    write_table(rows.assign(**constant), SCORE, folder / SCORES[Split.TEST])
    segments = find_segments(data.frames[data.frames["bag_id"].isin(rows["bag_id"])])
    write_table(segments, SEGMENT, folder / SEGMENTS)
    grid = score_grid(data, fakes, reals, score)
    write_table(grid.assign(**constant), GRID_SCORE, folder / GRID_SCORES)
    fewer = score_fewer(test, data.recipe.frames_per_video, score)
    write_table(fewer.assign(**constant), FEWER_SCORE, folder / FEWER_SCORES)


def tabulate_scores(bags: list[BagRecord], score: Score, log: Log) -> pd.DataFrame:
    """Returns every video and frame score of a split: SCORE rows without a run's name."""
    if lost := [bag.bag_id for bag in bags if not bag.crops and not bag.faceless]:
        log(f"{len(lost)} of {len(bags)} bags could not be built and are not scored ({lost[0]}, ...)")
    by_bag = {found.record.bag_id: found for found in score(bags)}
    rows = [row for bag in bags for row in _score_rows(bag, by_bag.get(bag.bag_id))]
    return pd.DataFrame(rows, columns=[name for name in SCORE.names if name not in ("run_id", "method", "dataset")])


def _score_rows(bag: BagRecord, score: BagScore | None) -> list[dict[str, object]]:
    """Returns a bag's video row and a row per face; nothing for a bag that could not be built."""
    about = {k: v for k, v in asdict(bag).items() if k in SCORE.names}
    video = about | {"level": "video", "slot": UNKNOWN, "track_id": UNKNOWN, "y_true": bag.label, "weight": None}
    if score is None:
        return [video | {"score": NO_FACE_SCORE}] if bag.faceless else []
    weights: list[float] | list[None] = score.weights or [None] * len(bag.slots)
    faces = zip(bag.slots, bag.tracks, bag.frame_labels, score.frame_logits, weights, strict=True)
    return [video | {"score": expit(score.video_logit)}] + [
        about
        | {"level": "frame", "slot": slot, "track_id": track, "y_true": label, "score": expit(logit), "weight": weight}
        for slot, track, label, logit, weight in faces
    ]
