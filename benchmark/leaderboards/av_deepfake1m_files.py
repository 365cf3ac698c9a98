"""Segments as AV-Deepfake1M's evaluator reads them: proposals of a run, and what it should find."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.leaderboards.rendering.files import write_texts
from benchmark.metrics.score_arrays import read_rows
from benchmark.metrics.segments import Segments, propose_all, read_proposals
from benchmark.runs.folder import Run
from benchmark.runs.other_sets import folder_on
from benchmark.runs.submissions.proposals import NOTHING, SUFFIX
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.segments import find_segments
from ffpms.dataset.slot_times import slot_times
from ffpms.errors import ManifestError
from ffpms.schema import ORIGINAL, Split, bag_key

FOLDER = "av-deepfake1m"
"""Folder of the files, below that of the leaderboard."""
METADATA = "_metadata.json"


def write_segments(runs: Iterable[Run], sets: Mapping[str, BuiltSet], out: Path) -> tuple[list[Path], list[str]]:
    """Writes two files for each run whose set is there: its proposals, and the true segments.

    ``<run>.json`` is ``{file: [[confidence, start_s, end_s], ...]}``, the format of a submission.
    ``<run>_metadata.json`` has the test bags of the run. ``sets`` are the built sets by their
    hashes. Returns the files, and a line on each run that is left out.

    Raises:
        ManifestError: a set does not say how many seconds a video has.
        StorageError: the folder cannot be written to.
    """
    files, left_out = list[Path](), list[str]()
    times = {sha256: slot_times(data) for sha256, data in sets.items()}
    for run in runs:
        data, proposed = sets.get(run.data_sha256), find_proposed(run)
        if data is None:
            name = f"{run.dataset} {run.data_sha256[:8]}"
            left_out.append(f"{run.run_id}: was scored on a set that is not there ({name}); name it with --data")
        elif proposed is None:
            left_out.append(f"{run.run_id}: has no scores of frames, which propose segments; score it with them")
        else:
            files += _write(run, proposed, data, times[data.sha256], out / FOLDER)
    return files, left_out


def find_proposed(run: Run) -> Segments | None:
    """Finds the proposals of a run: its own, or those of its frame scores; None without either."""
    if run.proposals is not None:
        return read_proposals(run.proposals, read_rows(run.scores, "video"))
    faces = read_rows(run.scores, "frame")
    return propose_all(faces) if len(faces.label) else None


def _write(run: Run, proposed: Segments, data: BuiltSet, times: pd.DataFrame, folder: Path) -> list[Path]:
    bags = _list_bags(run, data, times)
    other = folder_on(Path(), run.dataset, run.data_sha256).name
    name = run.run_id if run.origin is None else f"{run.run_id}-{other}"
    texts = {f"{name}.json": _submission(proposed, bags), f"{name}{METADATA}": _metadata(bags, data)}
    return write_texts(texts, folder)


def _list_bags(run: Run, data: BuiltSet, times: pd.DataFrame) -> pd.DataFrame:
    """Lists the test bags that a run scored, by name, each with its target and its times.

    Their order counts: the evaluator takes equally confident proposals in that of the metadata.
    """
    own = data.videos[data.videos["bag_id"].isin(run.scores["bag_id"])][["bag_id", "target_id"]]
    bags = own.merge(times, on="bag_id").sort_values("bag_id")
    if unknown := list(bags.loc[bags["slot_s"].isna(), "bag_id"]):
        what = f"has no fps of {len(unknown)} videos ({', '.join(unknown[:3])})"
        raise ManifestError(f"{data.place}/sources.parquet: {what}, so their seconds are not known; leave --to away")
    return bags


def _submission(proposed: Segments, bags: pd.DataFrame) -> str:
    """Makes the text of a submission: of each file its proposals, from the most confident."""
    slot_s = {str(bag): step for bag, step in zip(bags["bag_id"], bags["slot_s"], strict=True)}
    found: dict[str, list[list[float]]] = {bag: [] for bag in slot_s}
    rows = proposed.rows
    for bag, sure, start, end in zip(rows.bag, rows.score, proposed.start, proposed.end, strict=True):
        name = rows.bag_names[bag]
        found[name].append([float(sure), float(start * slot_s[name]), float(end * slot_s[name])])
    lines = (f"{json.dumps(bag + SUFFIX)}: {json.dumps(own or [NOTHING])}" for bag, own in found.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _metadata(bags: pd.DataFrame, data: BuiltSet) -> str:
    """Makes the text of the metadata: an entry a bag."""
    truth = find_segments(data.frames[data.frames["bag_id"].isin(bags["bag_id"])])
    edges = {str(bag): rows[["start", "end"]].to_numpy() for bag, rows in truth.groupby("bag_id")}
    names = set(data.videos["bag_id"])
    entries = []
    for bag in bags.to_dict("records"):
        segments = (edges.get(bag["bag_id"], np.empty((0, 2))) * bag["slot_s"]).tolist()
        real = bag_key(ORIGINAL, bag["target_id"])
        original = real + SUFFIX if real in names - {bag["bag_id"]} else None
        entries.append(json.dumps(_entry(bag, segments, original)))
    return "[\n" + ",\n".join(entries) + "\n]\n"


def _entry(bag: dict[Any, Any], segments: list[list[float]], original: str | None) -> dict[str, Any]:
    """Makes the metadata of a bag: the fields of AV-Deepfake1M, with no sound, and ``duration``.

    Their loader takes fields that it does not know, but none named ``fps``.
    """
    return {
        "file": bag["bag_id"] + SUFFIX,
        "original": original,
        "split": str(Split.TEST),
        "modify_type": "visual_modified" if segments else "real",
        "audio_model": "",
        "fake_segments": segments,
        "audio_fake_segments": [],
        "visual_fake_segments": segments,
        "video_frames": int(bag["n_frames"]),
        "audio_frames": 0,
        "duration": float(bag["duration_s"]),
    }
