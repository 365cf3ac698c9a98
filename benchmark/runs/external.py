"""External scores: checks another tool's scores and stores them as a run (``ffpms evaluate``)."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

import ffpms
from benchmark.runs.folder import CONFIG, EXTERNAL, SCORES, SEGMENTS, finish, name_run, read_run, unfinish
from benchmark.runs.ground_truth import GroundTruth
from benchmark.runs.submission import Submission, find_problems, keys_of, read_submission
from ffpms.errors import ConfigError, ManifestError, writing
from ffpms.parquet import write_table
from ffpms.regular_files import read_text
from ffpms.schema import NO_FACE_SCORE, SCORE, SEGMENT, UNKNOWN, Split
from ffpms.storage import write_whole


def check_name(name: str) -> None:
    """Checks the name of another tool, which becomes part of a folder and a row.

    Raises:
        ConfigError: it is not made of 1 to 64 letters, digits, dots, dashes and underscores.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise ConfigError(f"name: {name!r} is no name of 1 to 64 letters, digits, dots and dashes such as my-tool")


def read_scores(path: Path, truth: GroundTruth) -> tuple[Submission | None, list[str]]:
    """Reads a file's scores of the bags of a ground truth.

    Returns None and the problems, one line a kind, if something is wrong with them.

    Raises:
        ManifestError: the file is no table.
    """
    rows, problems = read_submission(path)
    problems = problems or find_problems(rows, truth)
    if problems:
        return None, [f"{path}: {problem}" for problem in problems]
    return Submission(truth, _make_scores(rows, truth)), []


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
    data = {"name": truth.dataset, "reasons": list(truth.reasons), "sha256": truth.sha256}
    folder = out / name_run(settings, truth.sha256, "")
    about = {EXTERNAL: settings, "data": data, "code": {"version": ffpms.__version__, "sha256": ""}}
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
        finish(folder)
    return folder
