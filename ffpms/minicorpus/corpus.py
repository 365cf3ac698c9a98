"""``ffpms minicorpus``: renders a tree in the layout of FaceForensics++ from a seed."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ffpms.checks import check_type, number, settle, texts, whole
from ffpms.clutter import check_free
from ffpms.engine import run_local
from ffpms.errors import ConfigError, writing
from ffpms.minicorpus.compositing import to_bytes
from ffpms.minicorpus.encode import write_video
from ffpms.minicorpus.manipulations import FakeFrame, Quality
from ffpms.minicorpus.people import choose_people
from ffpms.minicorpus.videos import SIZES, VideoSpec, render_fakes, render_real
from ffpms.protocol.splits import Pairs
from ffpms.regular_files import read_text
from ffpms.schema import ORIGINAL, Split
from ffpms.sources.ffpp import COMPRESSIONS, FAKES, RENDERED, kept_columns, mask_path, official
from ffpms.storage import write_whole

_MASK_CRF = 23.0

Progress = Callable[[Iterable[str], int], Iterable[str]]


@dataclass(frozen=True)
class CorpusConfig:
    """Settings of a corpus.

    Every 8th identity shares its video with another person. Lengths are drawn between ``shortest``
    and ``longest``. ``shares`` says in which proportion train, val and test have the pairs.

    Raises:
        ConfigError: a value is out of range or unknown.

    Example:
        >>> ffpms.CorpusConfig(shortest=9, longest=8)
        Traceback (most recent call last):
        ...
        ffpms.errors.ConfigError: frames: 9-8 is no range of lengths
    """

    identities: int = 40
    shortest: int = 60
    longest: int = 90
    compressions: tuple[str, ...] = ("c40",)
    difficulty: float = 0.4
    seed: int = 0
    shares: tuple[int, int, int] = (3, 1, 1)

    def __post_init__(self) -> None:
        self._check_types()
        Quality(self.difficulty)
        if self.identities < 6 or self.identities % 2:
            raise ConfigError(f"identities: {self.identities} is not an even number from 6 up (a pair for each split)")
        if not 2 <= self.shortest <= self.longest:
            raise ConfigError(f"frames: {self.shortest}-{self.longest} is no range of lengths")
        unknown = [c for c in self.compressions if c not in COMPRESSIONS]
        if unknown or not self.compressions:
            raise ConfigError(f"compression: {', '.join(unknown) or 'none'}; choose from raw,c23,c40")
        if len(self.shares) != len(Split) or min(self.shares) < 1:
            raise ConfigError(f"shares: {self.shares} are not three numbers from 1 up, such as 3,1,1")

    def _check_types(self) -> None:
        settle(
            self,
            identities=whole("identities", self.identities),
            shortest=whole("frames", self.shortest),
            longest=whole("frames", self.longest),
            compressions=texts("compression", self.compressions),
            difficulty=number("difficulty", self.difficulty),
            seed=whole("seed", self.seed, low=0),
            shares=tuple(whole("shares", share) for share in self.shares),
        )


@dataclass(frozen=True)
class PairJob:
    """Two people who are each other's target and source."""

    out: Path
    ids: tuple[str, str]
    specs: tuple[VideoSpec, VideoSpec]
    config: CorpusConfig


def plan_corpus(config: CorpusConfig) -> tuple[dict[str, VideoSpec], Pairs]:
    """Plans the video of each person, and the pairs of each split, at least one."""
    draw = np.random.default_rng([config.seed, 5])
    digits = max(3, len(str(config.identities - 1)))
    people = choose_people(config.identities, config.seed)
    specs = {
        f"{i:0{digits}d}": VideoSpec(
            seed=person,
            n_frames=int(draw.integers(config.shortest, config.longest + 1)),
            fps=int(draw.choice([25, 30])),
            size=SIZES[int(draw.integers(len(SIZES)))],
            bystander=people[(i + 3) % len(people)] if i % 8 == 5 else None,
        )
        for i, person in enumerate(people)
    }
    ids = list(specs)
    pairs = list(zip(ids[::2], ids[1::2], strict=True))
    val, test = (max(1, len(pairs) * share // sum(config.shares)) for share in config.shares[1:])
    first = len(pairs) - val - test
    return specs, {"train": pairs[:first], "val": pairs[first : first + val], "test": pairs[first + val :]}


def make_corpus(
    out: str | Path,
    config: CorpusConfig | None = None,
    workers: int = 1,
    progress: Progress = lambda items, _: items,
) -> Pairs:
    """Renders a tree of talking heads and their fakes; videos that are there already are kept.

    Returns the pairs of each split, which :func:`ffpms.build` takes.

    Args:
        out: the tree's folder.
        config: what to render; by default 40 people.
        workers: processes.
        progress: takes pairs and their number, and shows how they pass.

    Raises:
        ConfigError: the folder holds something else, or a corpus of other settings. Or a setting is
            out of range.
        StorageError: the folder cannot be written to.

    Example:
        >>> people = ffpms.CorpusConfig(identities=6, shortest=24, longest=27)
        >>> pairs = ffpms.make_corpus("minicorpus", people)
        >>> pairs["test"]
        [('004', '005')]
    """
    out, config = Path(out), CorpusConfig() if config is None else config
    check_type("config", config, CorpusConfig)
    whole("workers", workers, low=1)
    with writing(out):
        _claim(out, config)
        specs, pairs = plan_corpus(config)
        _write_splits(out, pairs)
        _render(out, config, specs, pairs, workers, progress)
    return pairs


def _write_splits(out: Path, pairs: Pairs) -> None:
    for split, members in pairs.items():
        path = out / "splits" / f"{split}.json"
        path.parent.mkdir(exist_ok=True)
        write_whole(path, json.dumps(members) + "\n")


def _render(
    out: Path, config: CorpusConfig, specs: dict[str, VideoSpec], pairs: Pairs, workers: int, progress: Progress
) -> None:
    """Renders every pair that is not there already."""
    jobs = [
        PairJob(out, pair, (specs[pair[0]], specs[pair[1]]), config) for members in pairs.values() for pair in members
    ]
    waiting = [job for job in jobs if not all((out / path).is_file() for path in _files(job))]
    for _ in progress(run_local(render_pair, waiting, workers), len(waiting)):
        pass


def _claim(out: Path, config: CorpusConfig) -> None:
    record = out / RENDERED
    settings = _as_json(config)
    if record.is_file():
        if _recorded(record) != settings:
            raise ConfigError(f"{out}: holds a corpus of other settings (see {RENDERED}); give another --out")
    else:
        check_free(out)
        out.mkdir(parents=True, exist_ok=True)
        write_whole(record, json.dumps(settings, indent=1) + "\n")


def _as_json(config: CorpusConfig) -> dict[str, Any]:
    return dict(json.loads(json.dumps(asdict(config))))


def _recorded(record: Path) -> object:
    """Reads the settings of a corpus; older versions had fewer, at their defaults."""
    try:
        found = json.loads(read_text(record))
        return _as_json(CorpusConfig()) | found if isinstance(found, dict) else found
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{record}: damaged ({error}); remove it, then give a new or empty --out") from None


def _files(job: PairJob) -> Iterator[str]:
    """Yields every mp4 of a pair, relative to the root."""
    first, second = job.ids
    for compression in job.config.compressions:
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
    """Renders and writes both people's videos, the eight fakes of one with the other, and their
    masks.
    """
    for (name, source_name), (spec, source) in zip((job.ids, job.ids[::-1]), (job.specs, job.specs[::-1]), strict=True):
        real_frames = list(render_real(spec))
        shown = [to_pixels(real.pixels) for real in real_frames]
        _write(job, ORIGINAL, name, shown, spec.fps)
        fakes = render_fakes(spec, source, real_frames, Quality(job.config.difficulty))
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
        white = np.uint8(255) * (fake.patch_mask[..., None] > 0)
        masks[kind].append(fake.over(np.zeros_like(pixels), white)[:, left : left + kept])
    for kind in FAKES:
        _write(job, kind, name, frames[kind], fps)
        write_video(job.out / _mask_path(kind, name), masks[kind], fps, _MASK_CRF)


def to_pixels(image: np.ndarray) -> np.ndarray:
    """Converts 0..1 to contiguous bytes."""
    return np.asarray(to_bytes(np.ascontiguousarray(image, np.float32)))


def _write(job: PairJob, kind: str, name: str, frames: list[np.ndarray], fps: int) -> None:
    for compression in job.config.compressions:
        crf = COMPRESSIONS[compression] or 0.0
        write_video(job.out / official(compression).path(kind, name), frames, fps, crf)
