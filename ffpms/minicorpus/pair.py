"""Pair: renders the videos of two people, the eight fakes of one with the other, and the masks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ffpms.minicorpus.compositing import to_bytes
from ffpms.minicorpus.encode import write_video
from ffpms.minicorpus.manipulations import FakeFrame, Quality
from ffpms.minicorpus.videos import VideoSpec, render_fakes, render_real
from ffpms.schema import ORIGINAL
from ffpms.sources.corpora.ffpp import COMPRESSIONS, FAKES, kept_columns, mask_path, official

_MASK_CRF = 23.0


@dataclass(frozen=True)
class PairJob:
    """Two people who are each other's target and source."""

    out: Path
    ids: tuple[str, str]
    specs: tuple[VideoSpec, VideoSpec]
    compressions: tuple[str, ...]
    difficulty: float


def is_rendered(job: PairJob) -> bool:
    """Whether every file of a pair is there: each takes its name when it is whole."""
    return all((job.out / path).is_file() for path in _files(job))


def _files(job: PairJob) -> Iterator[str]:
    """Yields every mp4 of a pair, relative to the root."""
    first, second = job.ids
    for compression in job.compressions:
        for name in job.ids:
            yield official(compression).path(ORIGINAL, name)
        for kind in FAKES:
            for name in (f"{first}_{second}", f"{second}_{first}"):
                yield official(compression).path(kind, name)
    for kind in FAKES:
        for name in (f"{first}_{second}", f"{second}_{first}"):
            yield _mask_path(kind, name)


def _mask_path(kind: str, name: str) -> str:
    return mask_path(official("c40").path(kind, name))  # the same beside every compression


def render_pair(job: PairJob) -> str:
    """Renders both people's videos, the eight fakes of one with the other, and their masks.

    Files that are there are kept.
    """
    for (name, source_name), (spec, source) in zip((job.ids, job.ids[::-1]), (job.specs, job.specs[::-1]), strict=True):
        real_frames = list(render_real(spec))
        shown = [to_pixels(real.pixels) for real in real_frames]
        _write(job, ORIGINAL, name, shown, spec.fps)
        fakes = render_fakes(spec, source, real_frames, Quality(job.difficulty))
        _write_fakes(job, f"{name}_{source_name}", source.fps, fakes, shown)
    return "_".join(job.ids)


def _write_fakes(
    job: PairJob, name: str, fps: int, fakes: Iterable[tuple[str, FakeFrame]], shown: list[np.ndarray]
) -> None:
    """Writes the four fakes of the shown real frames, and their masks."""
    frames: dict[str, list[np.ndarray]] = {kind: [] for kind in FAKES}
    masks: dict[str, list[np.ndarray]] = {kind: [] for kind in FAKES}
    for kind, fake in fakes:
        pixels = shown[fake.real.index]
        left, kept = kept_columns(kind, pixels.shape[1])
        frames[kind].append(fake.over(pixels, to_pixels(fake.patch))[:, left : left + kept])
        mask = np.zeros_like(pixels)
        mask[fake.window] = np.uint8(255) * (fake.patch_mask[..., None] > 0)
        masks[kind].append(mask[:, left : left + kept])
    for kind in FAKES:
        _write(job, kind, name, frames[kind], fps)
        if not (path := job.out / _mask_path(kind, name)).is_file():
            write_video(path, masks[kind], fps, _MASK_CRF)


def to_pixels(image: np.ndarray) -> np.ndarray:
    """Converts 0..1 to contiguous bytes."""
    return np.asarray(to_bytes(np.ascontiguousarray(image, np.float32)))


def _write(job: PairJob, kind: str, name: str, frames: list[np.ndarray], fps: int) -> None:
    for compression in job.compressions:
        path = job.out / official(compression).path(kind, name)
        if not path.is_file():
            write_video(path, frames, fps, COMPRESSIONS[compression] or 0.0)
