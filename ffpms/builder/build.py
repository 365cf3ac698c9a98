"""``ffpms build``: makes labelled bags of face crops from a tree of videos.

The plan, the shards and the tables meet here.
"""

import math
import platform
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

import ffpms
from ffpms.builder.assembly import assemble, count, shard_rows
from ffpms.builder.build_plan import PlannedBuild, Waiting
from ffpms.builder.build_result import BuildReport, list_problems
from ffpms.builder.config import BuildConfig
from ffpms.builder.supervisor import await_shards, run_targets, stop_if_all_fail
from ffpms.checks import check_choice, check_type, number, shown, whole
from ffpms.dataset.card import files_of, write_card
from ffpms.dataset.set_files import naming_settings, read_report, tables_of, write_report
from ffpms.dataset.shortcut_audit import as_json, audit
from ffpms.engine import ENGINES
from ffpms.errors import ConfigError, StorageError, writing
from ffpms.extraction.faces.landmarks import PACKAGE, find_weights
from ffpms.extraction.shards import drop_partial, moved_aside
from ffpms.extraction.target_job import TargetResult
from ffpms.hashing import file_digest
from ffpms.installation import check_versions
from ffpms.machine.cores import default_workers
from ffpms.parquet import read_table, write_table
from ffpms.progress import Progress, not_shown
from ffpms.protocol.naming import name_mixed
from ffpms.protocol.splits import Pairs, check_pairs, read_pairs
from ffpms.sources.listing import Listing, Request
from ffpms.sources.registry import choose_corpus
from ffpms.sources.source_index import list_videos

_LIBRARIES = ("av", "dlib-bin", "isal", "numpy", "pillow", "pyarrow", "scikit-learn")


def build(
    root: str | Path | None = None,
    out: str | Path = "ffpms-data",
    *,
    corpus: str | None = None,
    table: str | Path | None = None,
    pairs: str | Path | Pairs | None = None,
    config: BuildConfig | None = None,
    workers: int | None = None,
    engine: str = "local",
    time_limit_s: float = 600.0,
    retry_failed: bool = False,
    progress: Progress = not_shown,
) -> BuildReport:
    """Builds the data set of a tree of videos in ``out``; a second call resumes the first.

    Args:
        root: the tree, as its corpus is downloaded; for FaceForensics++ also the flat re-upload.
        out: folder of the built set; read it with :func:`ffpms.load`.
        corpus: name of the corpus, such as ``celeb-df``; by default the one whose tree it is.
        table: CSV or Parquet file that lists one's own videos, in place of a tree.
        pairs: folder of split files, or their content; the official ones if none are given.
        config: settings; by default those of FFPMS v1.
        workers: number of processes; by default one a core, or one a GB of memory if that is fewer.
        engine: ``local``, or ``ray`` for a cluster.
        time_limit_s: seconds after which the build gives a file up.
        retry_failed: whether to try videos again that could not be used before.
        progress: wraps an iterable of what is done; it also gets its length, to show a bar.
            It is called once more where the tree has moved, for the finished targets compared.

    Raises:
        ConfigError: an argument is out of range or unknown, or the tree or the output folder is not
            what it should be. Or no planned video is in the tree, or a package is not installed or
            too old.
        ManifestError: a split file is damaged, or ``pairs`` are not what a split file may hold. Or
            rows of a table are wrong, such as those whose file is not there.
        StorageError: the output folder cannot be written to.

    Example:
        >>> config = ffpms.BuildConfig(crop=ffpms.CropConfig(size=64))
        >>> pairs = "minicorpus/splits"
        >>> report = ffpms.build("minicorpus", "ffpms-data", pairs=pairs, config=config)
        >>> report.problems
        []
    """
    started = time.monotonic()
    check_versions()
    config = BuildConfig() if config is None else config
    workers = default_workers() if workers is None else workers
    _check_arguments(config, workers, engine, time_limit_s)
    plan = PlannedBuild.make(_list(root, corpus, table, pairs, config), Path(out), config)
    complete, waiting = plan.folder.is_complete(), plan.waiting(retry_failed, progress)
    if complete and not waiting:
        plan.folder.note_place()
        return _finish_card(plan)
    if config.crop.landmarks:
        find_weights()
    with plan.folder.claim():
        if drop_partial(plan.out):
            waiting = plan.waiting(retry_failed, progress)
        results = run_targets(plan.jobs(waiting, time_limit_s), ENGINES[engine], workers)
        return _finish(plan, started, _watch(plan, waiting, results, progress))


def _list(
    root: str | Path | None, corpus: str | None, table: str | Path | None, pairs: object, config: BuildConfig
) -> Listing:
    """Lists the videos of a tree or of a table."""
    own = choose_corpus(None if root is None else Path(root), corpus, None if table is None else Path(table))
    known = _known_pairs(pairs, config.splits) if own.has_pairs or pairs is not None else None
    place = Path(root) if root is not None else Path(str(table)).parent
    request = Request(place, config.recipe, known, None if table is None else Path(table), config.whole)
    return list_videos(own, request)


def _watch(plan: PlannedBuild, waiting: Waiting, results: Iterator[TargetResult], progress: Progress) -> list[str]:
    """Waits for all targets and their shards, and returns a line for each whose old shard stayed.

    Raises:
        ConfigError: no crop was made before, and all targets fail alike.
        StorageError: a shard stayed that is not whole or of other videos.
    """
    if len(waiting) == len(plan.targets) and not any(waiting.values()):
        results = stop_if_all_fail(plan.out, results, len(waiting))
    done: list[TargetResult] = []
    for _ in progress(_collect(results, done), len(waiting)):
        pass
    if stuck := [r.problem for r in done if r.problem and waiting[r.target_id] is None]:
        raise StorageError(stuck[0] + (f" (and {len(stuck) - 1} more)" if stuck[1:] else ""))
    drop_partial(plan.out)
    await_shards(plan.out, waiting)
    return [result.problem for result in done if result.problem]


def _collect(results: Iterator[TargetResult], done: list[TargetResult]) -> Iterator[TargetResult]:
    """Yields each result, and keeps it."""
    for result in results:
        done.append(result)
        yield result


def _check_arguments(config: object, workers: object, engine: object, time_limit_s: object) -> None:
    """Raises ConfigError if an argument is one that the command line would refuse."""
    check_type("config", config, BuildConfig)
    whole("workers", workers, low=1)
    check_choice("engine", engine, ENGINES)
    if not 0 < number("time_limit_s", time_limit_s) < math.inf:
        raise ConfigError(f"time_limit_s: {time_limit_s} is not a number of seconds above 0")


def _known_pairs(pairs: object, splits: tuple[str, ...]) -> Pairs:
    """Returns the pairs of a folder or of a dict, checked alike; the official ones by default."""
    if isinstance(pairs, Mapping):
        return check_pairs(pairs, splits)
    if pairs is None or isinstance(pairs, str | Path):
        return read_pairs(Path(pairs) if pairs else None)
    raise ConfigError(f"pairs: {shown(pairs)} is neither a folder nor a dict of pairs")


def _finish_card(plan: PlannedBuild) -> BuildReport:
    """Writes the data card of a complete set again if one of its files is missing."""
    summary = read_report(plan.out)
    lost = tuple(name for name in files_of(summary["counts"]) if not (plan.out / name).is_file())
    if lost:
        schemas = tables_of(plan.config.crop).items()
        with writing(plan.out):
            tables = {name: read_table(plan.out / f"{name}.parquet", schema) for name, schema in schemas}
            write_card(plan.out, summary, tables)
    problems = list_problems(shard_rows(plan.out, plan.targets, "sources"), plan.listing)
    return BuildReport(plan.out, summary, problems, True, lost)


def _finish(plan: PlannedBuild, started: float, problems: list[str]) -> BuildReport:
    """Writes the tables and the data card, and ``build.json`` last."""
    tables = assemble(plan.out, plan.slots, plan.targets, plan.config.recipe, plan.config.crop)
    with writing(plan.out):
        for name, schema in tables_of(plan.config.crop).items():
            write_table(tables[name], schema, plan.out / f"{name}.parquet")
        summary = _summarise(plan, tables) | {"seconds": round(time.monotonic() - started, 1)}
        write_card(plan.out, summary, tables)
        write_report(plan.out, summary)
    problems += [f"{path}: an older shard that cannot be deleted; delete it" for path in moved_aside(plan.out)]
    return BuildReport(plan.out, summary, [*list_problems(tables["sources"], plan.listing), *problems], False)


def _summarise(plan: PlannedBuild, tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Returns the content of ``build.json``, without the seconds."""
    libraries = (*_LIBRARIES, PACKAGE) if plan.config.crop.landmarks else _LIBRARIES
    files, recipe = [f"{name}.parquet" for name in tables_of(plan.config.crop)], plan.config.recipe
    own = name_mixed(naming_settings({"config": plan.folder.settings}), tables["videos"], tables["sources"])
    return {
        "complete": True,
        "ffpms": ffpms.__version__,
        "dataset": own.name,
        "reasons": list(own.reasons),
        "config": plan.folder.settings,
        "ff_root": str(plan.folder.root),
        "counts": count(tables),
        "audit": as_json(audit(tables["videos"], tables["frames"], tables["sources"], recipe.placement)),
        "sha256": {name: file_digest(plan.out / name) for name in files},
        "versions": {"python": platform.python_version()} | {name: version(name) for name in libraries},
    }
