"""Run folders on disk: names, reads and marks them, without torch."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.runs.submissions.card import Card
from benchmark.runs.tables import SCORE_AGAIN, check_hashes, read_if_there, read_scores, reading_tables
from ffpms.errors import ManifestError
from ffpms.hashing import digest, file_digest
from ffpms.parquet import read_table
from ffpms.protocol.v1_manifest import CUSTOM, OFFICIAL
from ffpms.regular_files import read_text
from ffpms.schema import FEWER_SCORE, GRID_SCORE, PERTURBED_SCORE, PROPOSAL, SCORE, SEGMENT, Split
from ffpms.storage import write_whole

SCORES = {Split.VAL: "val_scores.parquet", Split.TEST: "scores.parquet"}
"""Files of the scores of each split.

A threshold is chosen on one of them, by code that has never seen the other.
"""
GRID_SCORES = "grid_scores.parquet"
"""File of the scores on the rate grid."""
FEWER_SCORES = "fewer_scores.parquet"
"""File of the scores with fewer frames."""
PERTURBED = "perturbed.parquet"
"""File of the scores of perturbed faces, of the kinds that were asked for."""
SEGMENTS = "segments.parquet"
"""File of the true segments of the test bags. Runs of older versions lack it."""
PROPOSALS = "proposals.parquet"
"""File of the segments that another tool proposes itself. In other runs frame scores do."""

CONFIG = "config.toml"
"""File of what a run is."""

FAILED = "FAILED"
"""File with the reason why a trial ended, in a run folder that is not done, and the traceback.

The reason is its first line. The next attempt removes the file.
"""

DONE = "DONE"
"""File that marks a finished run: the SHA-256 of each of its tables, as ``sha256sum`` writes it."""

OF_A_RUN = (CONFIG, *SCORES.values())
"""Files that tell the folder of a run from others."""

_UNCHECKED = "an older ffpms named the set without a look at its videos; run it again"

TRAINED, EXTERNAL = "train", "external"
"""Tables of ``config.toml`` that tell a trained run from another tool's scores."""

EVALUATE_AGAIN = "run the same 'ffpms evaluate' again, or delete the folder"
"""What to do about a damaged table of another tool's scores."""

BESIDE = "beside"
"""Key of the table of the data with what else of it a run learned from, which its hash lacks."""
DEFAULTS = "defaults"
"""Table of ``config.toml`` with the settings of the method's own that are its defaults."""
TRAINING = "training"
"""Table of ``config.toml`` that names the training whose weights a run has, and describes it."""
SUBMISSION = "submission"
"""Table of ``config.toml`` with the card of another tool's scores."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """A finished run: its settings, the data it was scored on, and its scores.

    ``settings`` are the training configuration, or what is known of another tool's scores. They
    tell this run from others of the same method, apart from seed and training manipulations.
    ``grid``, ``fewer`` and ``perturbed`` may be empty. ``reasons`` say why the data's name is not
    the official one. ``defaults`` are those settings of the method's own that are no difference
    from the paper's, such as its backbone. ``segments`` are the true segments of the test bags;
    None if an older version wrote the run, which did not store them. ``training`` names the
    training whose weights it has, which other runs may share; empty if that is not known. ``shown``
    is the side in px of its faces where that is below its backbone's own, else 0. ``lacks`` says
    how many train and val videos of FaceForensics++ its set has not as they were published.
    ``proposals`` are the segments that another tool proposes itself; None if frame scores do.

    A run that was scored on another set too is there once more for that set. ``origin`` is then the
    run on the set that it was trained on, and ``manipulations`` are those of the test bags.
    ``beside`` is what else of the set it learned from, which the set's hash lacks.
    ``card`` says how another tool's scores were made; None if they came without one.
    """

    run_id: str
    method: str
    seed: int | None
    manipulations: tuple[str, ...]
    settings: Mapping[str, Any] = field(repr=False)
    dataset: str
    data_sha256: str
    code_sha256: str
    scores: pd.DataFrame = field(repr=False)
    val: pd.DataFrame = field(repr=False)
    grid: pd.DataFrame = field(repr=False)
    fewer: pd.DataFrame = field(repr=False)
    external: bool = False
    reasons: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict, repr=False)
    segments: pd.DataFrame | None = field(default=None, repr=False)
    training: str = ""
    proposals: pd.DataFrame | None = field(default=None, repr=False)
    origin: "Run | None" = field(default=None, repr=False)
    perturbed: pd.DataFrame = field(default_factory=lambda: PERTURBED_SCORE.empty_table().to_pandas(), repr=False)
    card: Card | None = field(default=None, repr=False)
    shown: int = 0
    lacks: tuple[str, ...] = ()
    beside: str = ""


@dataclass(frozen=True)
class Failure:
    """A trial that ended without scores, and the reason.

    ``data`` are the first digits of the hash of the test data. ``settings`` read
    ``backbone=legacy_xception, epochs=30``.
    """

    run_id: str
    method: str
    seed: int
    dataset: str
    data: str
    settings: str
    reason: str


def name_run(settings: Mapping[str, Any], data_sha256: str, code_sha256: str, beside: str = "") -> str:
    """Names a run by its method and the hash of settings, data and code: ``s-mil-3f2a9c1b04d7``.

    ``beside`` is what else of the set it learned from, if that is no part of the set's hash.
    """
    identity = json.dumps([settings, data_sha256, code_sha256, *([beside] if beside else [])], sort_keys=True)
    return f"{settings['method']}-{digest(identity.encode())[:12]}"


def is_done(folder: Path) -> bool:
    """Whether a run is done: its mark is written last."""
    return (folder / DONE).is_file()


def finish(folder: Path) -> None:
    """Marks the run as done, with the hashes of its tables."""
    hashes = [f"{file_digest(path)}  {path.name}\n" for path in sorted(folder.glob("*.parquet")) if path.is_file()]
    write_whole(folder / DONE, "".join(hashes))


def unfinish(folder: Path) -> None:
    """Removes the mark of a run whose files are about to be written anew.

    Its scores of perturbed faces are removed too: scoring does not write them.
    """
    (folder / DONE).unlink(missing_ok=True)
    (folder / PERTURBED).unlink(missing_ok=True)


def read_failure(folder: Path) -> Failure:
    """Reads a trial that failed.

    Raises:
        ManifestError: its files are damaged.
    """
    with _reading_config(folder):
        reason, about = read_reason(folder), _read_about(folder)
        data, trained = about["data"], dict(about[TRAINED])
        expected = name_run(trained, data["sha256"], about["code"]["sha256"], data.get(BESIDE, ""))
        own = folder.name, trained.pop("method"), trained.pop("seed"), _read_name(data)[0], data["sha256"][:8]
    _check_name(folder, expected)
    return Failure(*own, format_settings(trained), reason)


def format_settings(settings: Mapping[str, Any]) -> str:
    """Formats settings as a failure has them: ``backbone=legacy_xception, epochs=30``."""
    return ", ".join(f"{key}={value}" for key, value in settings.items())


def read_reason(folder: Path) -> str:
    """Reads why a trial failed: the first line, which a traceback may follow."""
    return read_text(folder / FAILED, errors="replace").strip().partition("\n")[0]


def _read_about(folder: Path) -> dict[str, Any]:
    return tomllib.loads(read_text(folder / CONFIG))


@contextmanager
def _reading_config(folder: Path) -> Iterator[None]:
    """Turns an error in a ``config.toml`` into one line that says what to do."""
    try:
        yield
    except FileNotFoundError:
        raise ManifestError(f"{folder}: config.toml is not in it; copy all of the run, or delete the folder") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ManifestError(f"{folder}: config.toml is damaged ({error}); delete the folder and run again") from None


def read_run(folder: Path) -> Run:
    """Reads a finished run, without its scores of perturbed faces.

    Raises:
        DamagedTableError: a table of its scores is lost or damaged.
        ManifestError: the folder is no run, the run is not finished, or its files are damaged.
    """
    if not is_done(folder):
        raise ManifestError(f"{folder}: {explain_absence(folder)}")
    with _reading_config(folder):
        about = _of_config(_read_about(folder))
    _check_name(folder, about["run_id"])
    with reading_tables(EVALUATE_AGAIN if about["external"] else SCORE_AGAIN):
        tables = _read_tables(folder, about)
    return Run(**about, **tables)


def _of_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Takes the fields of a run that its ``config.toml`` has; the tables have the others."""
    external = EXTERNAL in config
    settings = config[EXTERNAL if external else TRAINED]
    data, code = config["data"], config["code"]["sha256"]
    (dataset, reasons), beside = _read_name(data), data.get(BESIDE, "")
    training = dict(config.get(TRAINING, {}))
    return {
        "run_id": name_run(settings, data["sha256"], code, beside),
        "method": settings["method"],
        "seed": settings.get("seed") if external else settings["seed"],
        "manipulations": tuple(settings["manipulations"]),
        "settings": settings,
        "dataset": dataset,
        "data_sha256": data["sha256"],
        "code_sha256": code,
        "external": external,
        "reasons": reasons,
        "defaults": dict(config.get(DEFAULTS, {})),
        "training": str(training.get("id", "")),
        "card": Card.of(config[SUBMISSION]) if SUBMISSION in config else None,
        "shown": int(training.get("shown", 0)),
        "lacks": tuple(map(str, training.get("lacks", ()))),
        "beside": beside,
    }


def _read_tables(folder: Path, about: Mapping[str, Any]) -> dict[str, Any]:
    """Reads the tables of a run by the names of its fields; ``about`` are its other fields."""
    run_id, external = about["run_id"], about["external"]
    val, segments = folder / SCORES[Split.VAL], folder / SEGMENTS
    proposes = external and "proposals" in about["settings"]
    tables = {
        "scores": read_scores(folder / SCORES[Split.TEST], run_id),
        "val": read_if_there(val, SCORE) if external else read_scores(val, run_id),
        "grid": read_if_there(folder / GRID_SCORES, GRID_SCORE),
        "fewer": read_if_there(folder / FEWER_SCORES, FEWER_SCORE),
        "segments": read_table(segments, SEGMENT) if segments.is_file() else None,
        "proposals": read_table(folder / PROPOSALS, PROPOSAL) if proposes else None,
    }
    check_hashes(folder / DONE, but=PERTURBED)
    return tables


def _check_name(folder: Path, expected: str) -> None:
    if folder.resolve().name != expected:
        rename = "" if (folder.parent / expected).exists() else "give it that name back, or "
        raise ManifestError(f"{folder}: is a copy of {expected} or was edited; {rename}move it away")


def _read_name(data: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Returns the name of the data of a run, and the reasons why it is not the official one.

    An older ffpms named sets without looking at their videos, and wrote no reasons.
    """
    name = str(data["name"])
    if "reasons" not in data and name in OFFICIAL:
        return name + CUSTOM, (_UNCHECKED,)
    return name, tuple(data.get("reasons", ()))


def explain_absence(folder: Path) -> str:
    """Why a folder holds no finished run, and what to do."""
    if not (folder / CONFIG).is_file():
        return "no run (config.toml is not in it); give a run's own folder, such as runs/s-mil-75d02caf0dba"
    if (folder / FAILED).is_file():
        return f"the run failed ({read_reason(folder)}); run it again"
    return "the run is not finished; run the same 'ffpms bench' again"
