"""Scores of a run on other sets than it was trained on: a folder for each, in the run's folder.

Each has a mark of its own. So a set that is added later touches nothing that is done.
"""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from benchmark.runs.folder import (
    DONE,
    FEWER_SCORES,
    GRID_SCORES,
    PERTURBED,
    SCORES,
    SEGMENTS,
    Failure,
    Run,
    format_settings,
    is_done,
    read_reason,
    read_run,
)
from benchmark.runs.tables import (
    SCORE_AGAIN,
    DamagedTableError,
    check_hashes,
    read_if_there,
    read_scores,
    reading_tables,
)
from ffpms.errors import on_one_line
from ffpms.parquet import read_table
from ffpms.regular_files import read_text
from ffpms.schema import FEWER_SCORE, GRID_SCORE, SEGMENT, Split
from ffpms.storage import write_whole

SET = "set.json"
"""File that says which set the scores beside it are of: its name, the reasons for it, its hash."""
ON = "on-"
"""Begin of the name of such a folder."""


def folder_on(run: Path, dataset: str, sha256: str) -> Path:
    """Names the folder of a run's scores on a set.

    Example:
        >>> folder_on(Path("runs/s-mil-75d02caf0dba"), "Celeb-DF-v2", "3f2a9c1b04d7").name
        'on-Celeb-DF-v2-3f2a9c1b'
    """
    return run / f"{ON}{re.sub('[^A-Za-z0-9+_.-]', '-', dataset)}-{sha256[:8]}"


def list_folders(run: Path) -> list[Path]:
    """Lists the folders of a run's scores on other sets, finished or not."""
    return sorted(path for path in run.glob(f"{ON}*") if path.is_dir())


def scored_sets(run: Path) -> set[str]:
    """Returns the hashes of the other sets that a run has scored."""
    found = set[str]()
    for folder in filter(is_done, list_folders(run)):
        with suppress(DamagedTableError):
            found.add(_read_set(folder)[2])
    return found


def write_set(folder: Path, dataset: str, reasons: Sequence[str], sha256: str) -> None:
    """Writes which set the scores of a folder are of; makes the folder.

    Raises:
        StorageError: the folder cannot be written to.
    """
    folder.mkdir(exist_ok=True)
    about = {"name": dataset, "reasons": list(reasons), "sha256": sha256}
    write_whole(folder / SET, json.dumps(about, indent=2) + "\n")


def read_on(folder: Path, run: Run) -> Run:
    """Reads a run's scores on another set, as a run on that set.

    Its val scores stay those of the set that it was trained on: they choose every threshold.

    Raises:
        DamagedTableError: a file of the scores is lost or damaged, or of another set.
    """
    dataset, reasons, sha256 = _read_set(folder)
    with reading_tables(SCORE_AGAIN):
        scores = read_scores(folder / SCORES[Split.TEST], run.run_id)
        grid, fewer = (
            read_if_there(folder / name, schema)
            for name, schema in ((GRID_SCORES, GRID_SCORE), (FEWER_SCORES, FEWER_SCORE))
        )
        segments = read_table(folder / SEGMENTS, SEGMENT)
        check_hashes(folder / DONE, but=PERTURBED)
    if set(scores["dataset"]) != {dataset}:
        raise DamagedTableError(f"{folder / SCORES[Split.TEST]}: has scores of another set than {SET}", SCORE_AGAIN)
    kinds = tuple(dict.fromkeys(scores.loc[scores["fake_rate"] > 0, "manipulation"]))
    named = replace(run, dataset=dataset, reasons=reasons, data_sha256=sha256, manipulations=kinds, origin=run)
    return replace(named, scores=scores, grid=grid, fewer=fewer, segments=segments, perturbed=run.perturbed.iloc[:0])


def read_failure_on(folder: Path, run: Run) -> Failure:
    """Reads why a finished run has no scores on another set.

    Raises:
        DamagedTableError: the folder does not say which set it is.
    """
    dataset, _, sha256 = _read_set(folder)
    settings = {key: value for key, value in run.settings.items() if key not in ("method", "seed")}
    reason = read_reason(folder)
    return Failure(run.run_id, run.method, run.seed or 0, dataset, sha256[:8], format_settings(settings), reason)


def read_alone(folder: Path) -> Run:
    """Reads a run's scores on another set, and the run of the folder around it.

    Raises:
        ManifestError: one of them is damaged.
    """
    return read_on(folder, read_run(folder.parent))


def _read_set(folder: Path) -> tuple[str, tuple[str, ...], str]:
    """Reads name, reasons and hash of the set.

    Raises:
        DamagedTableError: the file is lost or damaged, or names a set that the folder does not.
    """
    path = folder / SET
    try:
        about = json.loads(read_text(path))
        dataset, reasons, sha256 = str(about["name"]), tuple(map(str, about["reasons"])), str(about["sha256"])
    except FileNotFoundError:
        raise DamagedTableError(f"{path}: lost", SCORE_AGAIN) from None
    except OSError as error:
        raise DamagedTableError(f"{path}: {error.strerror or error}", SCORE_AGAIN) from None
    except KeyError as error:
        raise DamagedTableError(f"{path}: damaged (it has no {error})", SCORE_AGAIN) from None
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedTableError(f"{path}: damaged ({on_one_line(error)})", SCORE_AGAIN) from None
    if folder.name != (named := folder_on(folder.parent, dataset, sha256).name):
        what = f"{folder}: is a copy of {named}, or its {SET} was edited"
        raise DamagedTableError(what, "delete it; the same 'ffpms bench' makes what is missing")
    return dataset, reasons, sha256
