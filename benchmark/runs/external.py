"""External scores: checks another tool's scores and stores them as a run (``ffpms evaluate``)."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

import ffpms
from benchmark.runs.folder import CONFIG, EXTERNAL, PROPOSALS, SCORES, SEGMENTS, finish, name_run, read_run, unfinish
from benchmark.runs.ground_truth import GroundTruth
from benchmark.runs.proposals import MADE_OF_PROPOSALS, is_json, read_proposals
from benchmark.runs.submission import Submission, find_problems, keys_of, read_submission
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
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise ConfigError(f"name: {name!r} is no name of 1 to 64 letters, digits, dots and dashes such as my-tool")


def read_scores(path: Path, truth: GroundTruth) -> tuple[Submission | None, list[str]]:
    """Reads a file's scores of the bags of a ground truth, or proposals that scores are made of.

    Returns None and the problems, one line a kind, if something is wrong with them.

    Raises:
        ConfigError: the file has proposals, and the truth no built set.
        ManifestError: the file is no table and no JSON object.
    """
    proposals = None
    if is_json(path):
        rows, proposals, problems = read_proposals(path, truth)
    else:
        rows, problems = read_submission(path)
        problems = problems or find_problems(rows, truth)
    if problems:
        return None, [f"{path}: {problem}" for problem in problems]
    return Submission(truth, _make_scores(rows, truth), proposals), []


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


def write_run(name: str, test: Submission, val: Submission | None, out: Path) -> Path:
    """Writes a run folder ``<name>-<hash>``; the same scores of the same set give the same folder.

    Raises:
        StorageError: the disk is full or cannot be written to.
    """
    settings: dict[str, Any] = {"method": name, "manipulations": test.truth.manipulations}
    settings |= {"scores": test.sha256[:12], "val_scores": val.sha256[:12] if val else ""}
    truth = test.truth
    settings |= {} if test.proposals is None else {"proposals": test.proposals_sha256[:12]}
    data = {"name": truth.dataset, "reasons": list(truth.reasons), "sha256": truth.sha256}
    folder = out / name_run(settings, truth.sha256, "")
    about = {EXTERNAL: settings, "data": data, "code": {"version": ffpms.__version__, "sha256": ""}}
    about |= {} if test.proposals is None else {MADE_OF: MADE_OF_PROPOSALS}
    text, config = tomli_w.dumps(about), folder / CONFIG
    with suppress(ManifestError):  # it is not done, or damaged: it is written again
        if read_run(folder).segments is not None and read_text(config) == text:
            return folder
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        unfinish(folder)
        write_whole(config, text)
        for split, submission in ((Split.TEST, test), (Split.VAL, val)):
            if submission:
                table = submission.scores.assign(run_id=folder.name, method=name, dataset=truth.dataset)
                write_table(table, SCORE, folder / SCORES[split])
        write_table(truth.segments, SEGMENT, folder / SEGMENTS)
        if test.proposals is not None:
            write_table(test.proposals, PROPOSAL, folder / PROPOSALS)
        finish(folder)
    return folder
