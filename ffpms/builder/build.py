"""``ffpms build``: from a tree of videos to labelled bags of crops. Plan, sources, shards and tables meet here."""

import platform
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

import ffpms
from ffpms.builder.output_folder import claim, is_complete
from ffpms.builder.supervisor import await_shards, do_all
from ffpms.builder.tables import assemble, count, shard_rows
from ffpms.dataset.card import files_of, write_card
from ffpms.dataset.files import read_report, settings_of, tables_of, write_report
from ffpms.dataset.shortcut_audit import as_json, audit
from ffpms.engine import ENGINES
from ffpms.errors import writing
from ffpms.extraction.faces.landmarks import PACKAGE, find_weights
from ffpms.extraction.shards import drop_partial, read_shard
from ffpms.extraction.target import TargetJob
from ffpms.hashing import code_digest, digest
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.plan import plan_slots
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import Pairs
from ffpms.protocol.v1 import dataset_name, is_v1
from ffpms.schema import WITH_PIXELS, Manipulation, Status, bag_key, read_table, write_table
from ffpms.sources.ffpp import Source
from ffpms.sources.layouts import check_root, index_sources, other_splits

_LIBRARIES = ("av", "dlib-bin", "isal", "numpy", "pillow", "pyarrow", "scikit-learn")
CODE = ("schema.py", "hashing.py", "protocol", "sources", "extraction", "builder")
"""Files and folders of ``ffpms`` that decide the bytes of a built set; a test follows the imports to see that none is
missing."""

Progress = Callable[[Iterable[str], int], Iterable[str]]


@dataclass(frozen=True)
class BuildConfig:
    """Everything that decides the bytes of a built set, but for the videos themselves."""

    recipe: Recipe = field(default_factory=Recipe)
    crop: CropConfig = field(default_factory=CropConfig)
    splits: tuple[str, ...] = ("train", "val", "test")
    pairs_sha256: str = ""
    limit: int | None = None
    decoder: str = "pyav"
    keep_unverified: bool = False
    code_sha256: str = field(default_factory=lambda: code_digest(Path(ffpms.__file__).parent, CODE))


@dataclass(frozen=True)
class BuildReport:
    """What a build did: the counts of ``build.json`` and one line for each source that could not be used."""

    out: Path
    summary: dict[str, Any]
    problems: list[str]
    already_done: bool
    rewritten: tuple[str, ...] = ()

    @property
    def n_failed(self) -> int:
        """Sources that could not be used."""
        return sum(n for status, n in self.summary["counts"]["sources"].items() if status not in {"all", *WITH_PIXELS})

    @property
    def is_empty(self) -> bool:
        """Whether not one bag has a face."""
        return Status.OK not in self.summary["counts"]["videos"]

    def describe(self) -> str:
        """What the command prints at its end."""
        if self.rewritten:
            return f"{self.out}: complete but for {' and '.join(self.rewritten)}: written again"
        if self.already_done:
            return f"{self.out}: complete already, nothing to do (--retry-failed does {self.n_failed} failed again)"
        counts, name = self.summary["counts"], self.summary["dataset"]
        seconds = self.summary["seconds"]
        lines = [f"{what}: " + ", ".join(f"{n} {status}" for status, n in counts[what].items()) for what in counts]
        return "\n".join([f"{self.out}: {name} built in {seconds} s", *lines])


def build(
    root: Path,
    out: Path,
    pairs: Pairs,
    config: BuildConfig,
    *,
    workers: int = 1,
    engine: str = "local",
    time_limit_s: float = 600.0,
    retry_failed: bool = False,
    progress: Progress = lambda items, _: items,
) -> BuildReport:
    """Builds the set in ``out``; what is done already is not done again.

    Raises:
        ConfigError: the tree or the output folder is not what it should be, no planned video is in the tree, or a
            package is not installed.
        StorageError: the output folder cannot be written to.
    """
    started = time.monotonic()
    slots = _limited(plan_slots(pairs, config.recipe, config.splits), pairs, config.limit)
    sources = index_sources(slots, check_root(root, config.recipe.compression))
    _check_any(root, sources)
    targets = _by_target(sources)
    complete = is_complete(out, config, root)
    waiting = [target for target in targets if _needs_work(out, target, retry_failed)]
    if complete and not waiting:
        return _finish_card(out, config, _problems(shard_rows(out, targets, "sources")))
    if config.crop.landmarks:
        find_weights()
    with claim(out, config, root):
        drop_partial(out)
        jobs = _jobs(root, out, {t: targets[t] for t in waiting}, config, time_limit_s)
        for _ in progress(do_all(jobs, ENGINES[engine], workers), len(waiting)):
            pass
        drop_partial(out)
        await_shards(out, waiting)
        tables = assemble(out, slots, targets, config.recipe, config.crop)
        v1 = is_v1(config.recipe, config.crop, pairs)
        with writing(out):
            summary = _write(out, root, tables, config, v1, time.monotonic() - started)
    return BuildReport(out, summary, _problems(tables["sources"]), False)


def _finish_card(out: Path, config: BuildConfig, problems: list[str]) -> BuildReport:
    """Of a set that is whole otherwise: writes the data card again, from the tables, if a file of it is not there."""
    summary = read_report(out)
    lost = tuple(name for name in files_of(summary["counts"]) if not (out / name).is_file())
    if lost:
        with writing(out):
            schemas = tables_of(config.crop).items()
            write_card(out, summary, {name: read_table(out / f"{name}.parquet", schema) for name, schema in schemas})
    return BuildReport(out, summary, problems, True, lost)


def _jobs(
    root: Path, out: Path, targets: dict[str, tuple[Source, ...]], config: BuildConfig, time_limit_s: float
) -> Iterator[TargetJob]:
    for target, sources in targets.items():
        yield TargetJob(
            root=root.resolve(),  # a worker elsewhere has another current folder
            out=out.resolve(),
            target_id=target,
            sources=sources,
            frames_per_video=config.recipe.frames_per_video,
            crop=config.crop,
            decoder=config.decoder,
            keep_unverified=config.keep_unverified,
            time_limit_s=time_limit_s,
        )


def _limited(slots: pd.DataFrame, pairs: Pairs, limit: int | None) -> pd.DataFrame:
    """The slots of the first ``limit`` real videos of each split and of their fakes."""
    if limit is None:
        return slots
    kept = {t for members in pairs.values() for t in [i for pair in members for i in pair][:limit]}
    return slots[slots["target_id"].isin(kept)].reset_index(drop=True)


def _check_any(root: Path, sources: list[Source]) -> None:
    """With no fake and its real video in the tree there is nothing to mix: the splits must be another tree's."""
    there = {s.source_video for s in sources if (root / s.path).is_file()}
    fakes = [s for s in sources if s.source_id and s.source_video in there]
    if any(bag_key(Manipulation.ORIGINAL, s.target_id) in there for s in fakes):
        return
    raise other_splits(root, "fake with its real video")


def _by_target(sources: list[Source]) -> dict[str, tuple[Source, ...]]:
    """Target id -> its real video and its fakes: one face search serves them all."""
    grouped: dict[str, list[Source]] = {}
    for source in sources:
        grouped.setdefault(source.target_id, []).append(source)
    return {target: tuple(members) for target, members in grouped.items()}


def _needs_work(out: Path, target: str, retry_failed: bool) -> bool:
    """A shard that is not finished, has a crop lost or of another length, or holds a failure that is to be tried
    again. That a crop's bytes are the same is for ``ffpms verify`` to say: it would have to read them all."""
    shard = read_shard(out, target)
    if shard is None or not all(_is_there(out / row["crop"], row["n_bytes"]) for row in shard.crops if row["crop"]):
        return True
    return retry_failed and any(row["status"] not in WITH_PIXELS for row in shard.sources)


def _is_there(crop: Path, n_bytes: int) -> bool:
    try:
        return crop.stat().st_size == n_bytes
    except OSError:
        return False


def _problems(sources: pd.DataFrame) -> list[str]:
    """One line a source that could not be used; many missing ones of a folder take one line."""
    lines = []
    bad = sources[sources["status"] != Status.OK]
    for (kind, split, status), group in bad.groupby(["manipulation", "split", "status"], sort=False):
        if status == Status.MISSING and len(group) > 3:
            folder = group["path"].iloc[0].rpartition("/")[0]
            lines.append(f"{folder}: {len(group)} {kind} videos of the {split} split not found; download them")
        else:
            lines += [f"{row['path']}: {row['error']}" for row in group.to_dict("records")]
    return lines


def _write(
    out: Path, root: Path, tables: dict[str, pd.DataFrame], config: BuildConfig, v1: bool, seconds: float
) -> dict[str, Any]:
    """Writes the tables and the data card, and ``build.json`` last."""
    schemas = tables_of(config.crop)
    for name, schema in schemas.items():
        write_table(tables[name], schema, out / f"{name}.parquet")
    libraries = (*_LIBRARIES, PACKAGE) if config.crop.landmarks else _LIBRARIES
    summary = {
        "complete": True,
        "ffpms": ffpms.__version__,
        "dataset": dataset_name(v1, config.recipe.compression, tables["videos"]),
        "config": settings_of(config, root),
        "counts": count(tables),
        "audit": as_json(audit(tables["videos"], tables["frames"], tables["sources"])),
        "sha256": {f"{name}.parquet": digest((out / f"{name}.parquet").read_bytes()) for name in schemas},
        "versions": {"python": platform.python_version()} | {name: version(name) for name in libraries},
        "seconds": round(seconds, 1),
    }
    write_card(out, summary, tables)
    write_report(out, summary)
    return summary
