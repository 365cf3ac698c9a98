"""``ffpms export``: writes a built set, or a part of it, in the format of others."""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ffpms
from ffpms.checks import check_choice, whole
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.loading import load
from ffpms.errors import ConfigError
from ffpms.export.folder import claim
from ffpms.export.format import ExportJob, Format, Step
from ffpms.export.formats import croissant, deepfakebench, frames, huggingface, recipe, video, webdataset
from ffpms.export.readme import README, make_readme
from ffpms.export.selection import select
from ffpms.export.terms import terms_line
from ffpms.machine.cores import default_workers
from ffpms.progress import Progress, not_shown
from ffpms.storage import write_whole

_MODULES = (huggingface, deepfakebench, croissant, video, frames, webdataset, recipe)
FORMATS: dict[str, Format] = {module.FORMAT.name: module.FORMAT for module in _MODULES}
"""Every format by its name."""


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote.

    ``faceless`` bags have no face in any frame. Bags that were not built are counted by the status
    that says why: in ``left_out``, or in ``unbuilt`` if they are in it by their status. ``written``
    is the number of steps that were not done before. ``terms`` say what may be passed on.
    """

    out: Path
    format: str
    dataset: str
    pixels: bool
    bags: int
    faces: int
    faceless: int
    left_out: dict[str, int]
    unbuilt: dict[str, int]
    written: int
    terms: str

    def as_json(self) -> dict[str, Any]:
        """Returns the fields as JSON has them."""
        return asdict(self) | {"out": str(self.out)}


def export(
    data: str | Path,
    to: str,
    out: str | Path,
    *,
    splits: Collection[str] | None = None,
    manipulations: Collection[str] | None = None,
    size: int | None = None,
    recipe_only: bool = False,
    workers: int | None = None,
    progress: Progress = not_shown,
) -> ExportReport:
    """Writes a built set in the format of others; a second call goes on where a first ended.

    Args:
        data: folder of the built set.
        to: ``huggingface``, ``deepfakebench``, ``croissant``, ``video``, ``frames``,
            ``webdataset`` or ``recipe``.
        out: folder to write to, new or empty.
        splits: of the bags; all if none are given.
        manipulations: of the fakes; all if none are given. Originals are always among the bags.
        size: px of the faces; by default the stored files, or what the format wants.
        recipe_only: leaves out the pixels.
        workers: number of threads; by default one a core, or one a GB of memory if that is fewer.
        progress: wraps an iterable of what is done; it also gets its length, to show a bar.

    Raises:
        ConfigError: an argument is unknown or out of range, or ``out`` holds something else. Or a
            format of faces is asked for, and no bag has any.
        ManifestError: the set is not finished or damaged.
        StorageError: the disk is full or cannot be written to.
    """
    check_choice("to", to, FORMATS)
    form, built, folder = FORMATS[to], load(data), Path(out)
    px = _checked_size(form, size, recipe_only)
    job = ExportJob(built, folder, select(built, splits, manipulations), px, recipe_only)
    _check_place(folder, built)
    _check_faces(form, job)
    with claim(folder, _identify(form, job)):
        steps = form.make_steps(job)
        done = _run(steps, default_workers() if workers is None else whole("workers", workers, low=1))
        written = sum(progress(done, len(steps)))
        write_whole(folder / README, make_readme(form, job))
    return _report(form, job, written)


def _report(form: Format, job: ExportJob, written: int) -> ExportReport:
    kept, unbuilt = form.keeps_unbuilt, job.selection.unbuilt
    pixels = form.has_pixels and not job.recipe_only
    return ExportReport(
        out=job.out,
        format=form.name,
        dataset=job.data.name,
        pixels=pixels,
        bags=sum(job.count_bags(kept).values()),
        faces=sum(len(bag.faces) for bag in job.bags),
        faceless=sum(not bag.faces for bag in job.bags),
        left_out={} if kept else unbuilt,
        unbuilt=unbuilt if kept else {},
        written=written,
        terms=terms_line(job.corpus, pixels),
    )


def _checked_size(form: Format, size: int | None, recipe_only: bool) -> int | None:
    """Returns the size of the faces, px; None leaves them as they are.

    Raises:
        ConfigError: the size is out of range, or the format has no pixels, or nothing else.
    """
    if recipe_only and form.has_pixels and not form.without_pixels:
        able = ", ".join(f.name for f in FORMATS.values() if f.without_pixels or not f.has_pixels)
        raise ConfigError(f"recipe-only: {form.name} is nothing without pixels; choose {able}")
    if size is None:
        return form.size
    if recipe_only or not form.has_pixels:
        raise ConfigError("size: an export without pixels has none; leave it out")
    if not 16 <= whole("size", size) <= 4096:
        raise ConfigError(f"size: {size} px is not in 16..4096")
    return size


def _check_place(out: Path, data: BuiltSet) -> None:
    """Raises ConfigError if the export would lie in the set, or be it."""
    if out.resolve().is_relative_to(data.root.resolve()):
        raise ConfigError(f"{out}: lies in the built set; give an --out outside of it")


def _check_faces(form: Format, job: ExportJob) -> None:
    """Raises ConfigError if a format of faces would have none; nobody's loader opens such a one."""
    if form.has_pixels and not job.splits_with_faces:
        raise ConfigError(f"{job.data.place}: no bag that is asked for has a face, so {form.name} would be empty")


def _identify(form: Format, job: ExportJob) -> dict[str, Any]:
    """What two calls must have in common to be the same export."""
    return {
        "ffpms": ffpms.__version__,
        "format": form.name,
        "dataset": job.data.name,
        "data_sha256": job.data.sha256,
        "splits": list(job.splits),
        "manipulations": list(dict.fromkeys(str(bag.video["manipulation"]) for bag in job.bags)),
        "size": job.size,
        "recipe_only": job.recipe_only,
    }


def _run(steps: list[Step], workers: int) -> Iterator[bool]:
    """Runs the steps in threads, since files and pictures are read and written without Python's
    lock; yields for each whether it wrote.
    """
    pool = ThreadPoolExecutor(workers)
    try:
        yield from pool.map(Step.run, steps)
    finally:
        pool.shutdown(cancel_futures=True)
