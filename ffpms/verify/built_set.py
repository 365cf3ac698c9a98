"""Checks a built set against its manifests, and against the tree it was built from."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from ffpms.dataset.card import files_of
from ffpms.dataset.set_files import (
    REPORT,
    TABLES,
    corpus_of,
    naming_settings,
    not_ours,
    read_report,
    stored_settings,
    tables_of,
)
from ffpms.engine import run_local
from ffpms.errors import ConfigError, ManifestError
from ffpms.hashing import file_digest
from ffpms.progress import Progress, not_shown
from ffpms.protocol.listing import copies_across_splits
from ffpms.protocol.naming import explain_name, name_mixed
from ffpms.protocol.v1_manifest import DATASET
from ffpms.schema import SOURCE
from ffpms.sources.corpus import Corpus
from ffpms.sources.listing import Listing
from ffpms.verify.bags import check_bags, check_v1, read_test_bags
from ffpms.verify.crop_files import check_crops
from ffpms.verify.crop_table import check_crop_rows, index_crops
from ffpms.verify.findings import Finding, Kind, Report
from ffpms.verify.landmark_table import check_landmarks
from ffpms.verify.listed_videos import check_listing
from ffpms.verify.path_safety import check_plain, check_regular, unreadable
from ffpms.verify.tables import AGAIN, BUILD_ANEW, check_table, read_batches


@dataclass(frozen=True)
class SourceJob:
    """A source file and the SHA-256 that it had when the set was built.

    ``todo`` is what to do where it is not there.
    """

    root: Path
    path: str
    sha256: str
    todo: str = "download it"


def verify_data(
    data: Path,
    root: Path | None = None,
    workers: int = 1,
    progress: Progress = not_shown,
    listing: Listing | None = None,
) -> Report:
    """Returns every finding about a built set; with ``root`` also about the tree it was built from.

    With ``listing`` it is also about what a table lists now.

    Raises:
        ManifestError: there is no built set, or its ``build.json`` is damaged.
        ConfigError: ``root`` is no folder.
    """
    if root and not root.is_dir():
        raise ConfigError(f"{root}: not a folder; give --root the tree that {data} was built from")
    report = _read_report(data)
    about = {"data": str(data), "dataset": str(report.get("dataset", ""))}
    if not report["complete"]:
        todo = "run the same 'ffpms build' again to finish it"
        return Report(about, str(data), [Finding(REPORT, Kind.UNFINISHED, "the build was stopped", todo)])
    tables = _tables(report).items()
    findings = [fault for name, schema in tables for fault in check_table(data, f"{name}.parquet", schema, report)]
    if any(finding.kind in _NO_ROWS for finding in findings):
        findings = [_note_unchecked(finding) for finding in findings]
    else:
        findings += _check_rows(data, report, root, workers, progress, listing)
    findings += [fault for name in files_of(report["counts"]) if (fault := check_regular(data / name, name, AGAIN))]
    return Report(about, f"{data}: {about['dataset']}", findings)


_NO_ROWS = (Kind.MISSING, Kind.NOT_A_FILE, Kind.UNREADABLE, Kind.COLUMNS)
"""Kinds of findings about a table after which its rows cannot be read."""


def _note_unchecked(finding: Finding) -> Finding:
    """Adds to a finding that it prevented further checks."""
    if finding.kind not in _NO_ROWS:
        return finding
    return replace(finding, what=f"{finding.what}, so that crops and laws were not looked at")


def _read_report(data: Path) -> dict[str, Any]:
    report = read_report(data)
    if report["complete"] and not all(isinstance(report.get(key), dict) for key in ("config", "counts", "sha256")):
        raise not_ours(data / REPORT)
    return report


def _tables(report: dict[str, Any]) -> dict[str, pa.Schema]:
    """Returns the tables that the set should have."""
    try:
        return tables_of(stored_settings(report)[1])
    except ManifestError:
        return TABLES  # _check_rows reports what is wrong with the settings


def _check_rows(
    data: Path, report: dict[str, Any], root: Path | None, workers: int, progress: Progress, listing: Listing | None
) -> Iterator[Finding]:
    """Runs each check on its own, so that a broken table does not hide what other checks find."""
    try:
        recipe, crop = stored_settings(report)
        sources = _read_sources(data)
        index = index_crops(data, sources)
    except ManifestError as error:
        yield Finding.from_error(error)
        return
    checks: list[Callable[[], Iterable[Finding]]] = [
        lambda: check_crop_rows(data, sources, index),
        lambda: check_landmarks(data, sources, index) if crop.landmarks else (),
        lambda: check_bags(data, recipe, sources["n_frames"], index.rows, corpus_of(report).has_pairs),
        lambda: _check_name(data, report, sources),
        lambda: _check_copies(sources),
        lambda: check_listing(listing, report, sources) if listing else (),
        lambda: check_crops(data, crop.size, sources, workers, progress),
        lambda: _check_tree(root, sources, corpus_of(report), workers, progress) if root else (),
    ]
    for check in checks:
        try:
            yield from check()
        except ManifestError as error:
            yield Finding.from_error(error)


def _read_sources(data: Path) -> pd.DataFrame:
    """Reads sources.parquet, indexed by source_video."""
    batches = list(read_batches(data / "sources.parquet", SOURCE))
    rows = pd.concat(batches) if batches else pd.DataFrame(columns=SOURCE.names)
    if rows["source_video"].duplicated().any():
        raise ManifestError(f"sources.parquet: a source_video stands twice; {BUILD_ANEW}")
    return rows.set_index("source_video")


def _check_name(data: Path, report: dict[str, Any], sources: pd.DataFrame) -> Iterator[Finding]:
    """Checks that the set is called what its settings and tables bear out."""
    claimed = report.get("dataset")
    settings = naming_settings(report)
    bags = read_test_bags(data, math.inf) if settings.title else read_test_bags(data)
    own = name_mixed(settings, bags, sources.reset_index())
    if claimed != own.name:
        what = explain_name(own.name, own.reasons) if own.reasons else own.name
        yield Finding(REPORT, Kind.LAW, f"is named {claimed}, but is {what}", BUILD_ANEW)
    if claimed == DATASET:
        yield from check_v1(data)


def _check_copies(sources: pd.DataFrame) -> Iterator[Finding]:
    """Finds videos that are in two splits under two names, so that a test face was trained on."""
    for path, what in copies_across_splits(sources):
        yield Finding(path, Kind.DUPLICATE, what, "put two videos there, or leave one out, and build anew")


def _check_tree(root: Path, sources: pd.DataFrame, corpus: Corpus, workers: int, progress: Progress) -> list[Finding]:
    """Returns findings about the files that the set was built from."""
    known = sources[sources["sha256"].fillna("") != ""]
    todo = "download it" if corpus.editions is not None else "put it back"
    jobs = [SourceJob(root, path, sha256, todo) for path, sha256 in zip(known["path"], known["sha256"], strict=True)]
    return [fault for fault in progress(run_local(check_source, jobs, workers), len(jobs)) if fault]


def check_source(job: SourceJob) -> Finding | None:
    """Returns the fault of a source file, or None; unlike a crop it may be behind a link."""
    fault = check_plain(job.path) or check_regular(job.root / job.path, job.path, job.todo)
    if fault:
        return fault
    try:
        same = file_digest(job.root / job.path) == job.sha256
    except OSError as error:
        return unreadable(job.path, error)
    what = "not the file that the set was built from"
    return None if same else Finding(job.path, Kind.CHANGED, what, "put that file there, or build anew")
