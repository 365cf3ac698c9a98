"""External scores: checks another tool's scores and stores them as a run (``ffpms evaluate``)."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

import ffpms
from benchmark.runs.folder import (
    CONFIG,
    EXTERNAL,
    PROPOSALS,
    SCORES,
    SEGMENTS,
    SUBMISSION,
    TRAINING,
    finish,
    name_run,
    read_run,
    unfinish,
)
from benchmark.runs.ground_truth import GroundTruth
from benchmark.runs.submissions.bag_check import find_problems, keys_of
from benchmark.runs.submissions.card import CARD, Card
from benchmark.runs.submissions.card_check import find_misfits, find_other_set, name_seeds
from benchmark.runs.submissions.card_keys import NAME, OF_A_NAME
from benchmark.runs.submissions.folder import Candidate
from benchmark.runs.submissions.proposals import MADE_OF_PROPOSALS, is_json, read_proposals
from benchmark.runs.submissions.scores import SEED, Submission, read_submission, split_seeds
from ffpms.errors import ConfigError, ManifestError, writing
from ffpms.parquet import write_table
from ffpms.regular_files import read_text
from ffpms.schema import NO_FACE_SCORE, PROPOSAL, SCORE, SEGMENT, UNKNOWN, Split
from ffpms.storage import write_whole

MADE_OF = "scores_from_proposals"
"""Table of ``config.toml`` that says how scores are made of proposals."""


def check_name(name: str) -> None:
    """Checks the name of another tool, which becomes part of a folder and a row.

    Raises:
        ConfigError: it is not made of 1 to 64 letters, digits, dots, dashes and underscores.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(f"name: {name!r} is no {OF_A_NAME.removeprefix('a ')} such as my-tool")


def read_candidate(
    candidate: Candidate, test: GroundTruth, val: GroundTruth
) -> tuple[Submission | None, Submission | None, list[str]]:
    """Reads the scores of the test bags and, if there are any, of the val bags.

    Returns them and the problems, one line a kind. Scores of another set are not read: all that is
    wrong with them follows from that.

    Raises:
        ConfigError: the file has proposals, and the truth no built set.
        ManifestError: a file is no table and no JSON object.
    """
    if candidate.card and (other := find_other_set(candidate.card, test)):
        return None, None, [f"{candidate.place / CARD}: {other}"]
    own, problems = read_scores(candidate.scores, test)
    of_val, wrong = read_scores(candidate.val_scores, val) if candidate.val_scores else (None, [])
    problems += wrong
    if own and of_val and own.seeds != of_val.seeds:
        what = f"has scores of {name_seeds(of_val.seeds)}, those of the test bags are of {name_seeds(own.seeds)}"
        problems.append(f"{candidate.val_scores}: {what}; give both files the same")
    if candidate.card:
        seeds = own.seeds if own else None
        problems += [f"{candidate.place / CARD}: {problem}" for problem in find_misfits(candidate.card, seeds, test)]
    return own, of_val, problems


def read_scores(path: Path, truth: GroundTruth) -> tuple[Submission | None, list[str]]:
    """Reads a file's scores of the bags of a ground truth, or proposals that scores are made of.

    Returns None and the problems, one line a kind, if something is wrong with them. Each seed of a
    file must score all that counts.

    Raises:
        ConfigError: the file has proposals, and the truth no built set.
        ManifestError: the file is no table and no JSON object.
    """
    proposals = None
    if is_json(path):
        rows, proposals, problems = read_proposals(path, truth)
    else:
        rows, problems = read_submission(path)
        problems = problems or _find_problems(rows, truth)
    if problems:
        return None, [f"{path}: {problem}" for problem in problems]
    tables = [(seed, _make_scores(own, truth)) for seed, own in split_seeds(rows).items()]
    named = [table if seed is None else table.assign(**{SEED: seed}) for seed, table in tables]
    return Submission(truth, pd.concat(named), proposals), []


def _find_problems(rows: pd.DataFrame, truth: GroundTruth) -> list[str]:
    """Finds the problems of each seed; one that several seeds have is one line that names them."""
    if rows.empty:
        return find_problems(rows.drop(columns=SEED, errors="ignore"), truth)
    found: dict[str, list[int | None]] = {}
    for seed, own in split_seeds(rows).items():
        for problem in find_problems(own, truth):
            found.setdefault(problem, []).append(seed)
    return [
        problem if seeds == [None] else f"{name_seeds(tuple(seeds))}: {problem}" for problem, seeds in found.items()
    ]


def _make_scores(rows: pd.DataFrame, truth: GroundTruth) -> pd.DataFrame:
    about, keys = truth.scored, keys_of(rows, truth)
    of_video = rows.loc[rows["slot"] == UNKNOWN, ["bag_id", "score"]]
    videos = about.merge(of_video, on="bag_id", how="left").fillna({"score": NO_FACE_SCORE})
    videos = videos.assign(level="video", slot=UNKNOWN, track_id=UNKNOWN)
    labelled = rows[rows["slot"] != UNKNOWN].merge(truth.faces(keys), on=keys)
    frames = about.drop(columns="label").merge(labelled, on="bag_id").assign(level="frame")
    scores = pd.concat([videos, frames[videos.columns]]).rename(columns={"label": "y_true"})
    place = scores["bag_id"].map({bag: n for n, bag in enumerate(about["bag_id"])})
    return scores.assign(place=place, weight=float("nan")).sort_values(["place", "slot", "track_id"])


def write_runs(name: str, test: Submission, val: Submission | None, out: Path, card: Card | None = None) -> list[Path]:
    """Writes a run folder ``<name>-<hash>`` for each seed, and returns them.

    The same scores of the same set give the same folders, whatever the card says.

    Raises:
        StorageError: the disk is full or cannot be written to.
    """
    truth = test.truth
    settings: dict[str, Any] = {"method": name, "manipulations": truth.manipulations}
    settings |= {"scores": test.sha256[:12], "val_scores": val.sha256[:12] if val else ""}
    settings |= {} if test.proposals is None else {"proposals": test.proposals_sha256[:12]}
    return [_write_run(settings, seed, test, val, out, card) for seed in test.seeds]


def _write_run(
    settings: dict[str, Any], seed: int | None, test: Submission, val: Submission | None, out: Path, card: Card | None
) -> Path:
    truth, own = test.truth, settings | ({} if seed is None else {SEED: seed})
    folder = out / name_run(own, truth.sha256, "")
    text, config = tomli_w.dumps(_describe(own, test, card)), folder / CONFIG
    with suppress(ManifestError):  # it is not done, or damaged: it is written again
        if read_run(folder).segments is not None and read_text(config) == text:
            return folder
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        unfinish(folder)
        write_whole(config, text)
        for split, submission in ((Split.TEST, test), (Split.VAL, val)):
            if submission:
                constant = {"run_id": folder.name, "method": settings["method"], "dataset": truth.dataset}
                write_table(submission.of(seed).assign(**constant), SCORE, folder / SCORES[split])
        write_table(truth.segments, SEGMENT, folder / SEGMENTS)
        if test.proposals is not None:
            write_table(test.proposals, PROPOSAL, folder / PROPOSALS)
        finish(folder)
    return folder


def _describe(settings: dict[str, Any], test: Submission, card: Card | None) -> dict[str, Any]:
    """Describes a run: the content of its ``config.toml``."""
    truth = test.truth
    data = {"name": truth.dataset, "reasons": list(truth.reasons), "sha256": truth.sha256}
    about = {EXTERNAL: settings, "data": data, "code": {"version": ffpms.__version__, "sha256": ""}}
    about |= {} if test.proposals is None else {MADE_OF: MADE_OF_PROPOSALS}
    if card:
        about[SUBMISSION] = dict(card.content)
        if training := card.name_training(settings.get(SEED)):
            about[TRAINING] = {"id": training}
    return about
