"""``ffpms minicorpus``: renders a tree in the layout of FaceForensics++ from a seed."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ffpms import __version__
from ffpms.checks import check_type, settle, texts, whole
from ffpms.clutter import check_free
from ffpms.engine import run_local
from ffpms.errors import ConfigError, writing
from ffpms.locks import LOCK, hold_folder, names_in_work
from ffpms.minicorpus.manipulations import Quality
from ffpms.minicorpus.pair import PairJob, is_rendered, render_pair
from ffpms.minicorpus.people import iter_people
from ffpms.minicorpus.videos import SIZES, VideoSpec
from ffpms.progress import Progress, not_shown
from ffpms.protocol.rendered import OFFICIAL_SIZE, RenderedTree, scaled_lengths, settle_shares
from ffpms.protocol.splits import Pairs, known_splits, pairs_digest
from ffpms.sources.corpora.ffpp import COMPRESSIONS
from ffpms.sources.corpora.minicorpus import RENDERED, SETTINGS, read_tree
from ffpms.storage import PARTIAL, write_whole


@dataclass(frozen=True)
class CorpusConfig:
    """Settings of a corpus.

    Every 8th identity shares its video with another person. Lengths are drawn between ``shortest``
    and ``longest``. ``shares`` says in which proportion train, val and test have the pairs, by
    default 3, 1, 1. 1,000 identities have the pairs of FaceForensics++ and its lengths, scaled.

    ``compressions`` and ``splits`` say what of the corpus is rendered. They change none of its
    videos, so that more of it can be rendered into the same folder later.

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
    shares: tuple[int, ...] | None = None
    splits: tuple[str, ...] = ("train", "val", "test")

    def __post_init__(self) -> None:
        known = asdict(self.tree) | {"shares": self.shares}
        named = {"compressions": texts("compression", self.compressions), "splits": known_splits(self.splits)}
        settle(self, **named, **known)
        Quality(self.difficulty)
        unknown = [c for c in self.compressions if c not in COMPRESSIONS]
        if unknown or not self.compressions:
            raise ConfigError(f"compression: {', '.join(unknown) or 'none'}; choose from raw,c23,c40")
        if self.shares is not None and self.identities == OFFICIAL_SIZE:
            what = f"{OFFICIAL_SIZE} people have the 360, 70 and 70 pairs of FaceForensics++"
            raise ConfigError(f"shares: {what}; leave out --shares, or take {OFFICIAL_SIZE - 2} people")

    @property
    def tree(self) -> RenderedTree:
        """The settings that decide the videos."""
        shares = settle_shares(self.identities, self.shares)
        return RenderedTree(self.identities, self.shortest, self.longest, self.difficulty, self.seed, shares)


def plan_corpus(config: CorpusConfig, progress: Progress = not_shown) -> tuple[dict[str, VideoSpec], Pairs]:
    """Plans the video of each person, and the pairs of each split, at least one.

    1,000 people have the pairs of FaceForensics++, its lengths as of :func:`scaled_lengths`, and
    bystanders of their own split.
    """
    draw = np.random.default_rng([config.seed, 5])
    pairs, official = config.tree.pairs, config.tree.shares is None
    ids = sorted(i for members in pairs.values() for pair in members for i in pair)
    people = dict(zip(ids, _choose(config, progress), strict=True))
    beside = _followers(pairs) if official else dict(zip(ids, ids[3:] + ids[:3], strict=True))
    specs = {
        name: VideoSpec(
            seed=person,
            n_frames=int(draw.integers(config.shortest, config.longest + 1)),
            fps=int(draw.choice([25, 30])),
            size=SIZES[int(draw.integers(len(SIZES)))],
            bystander=people[beside[name]] if i % 8 == 5 else None,
        )
        for i, (name, person) in enumerate(people.items())
    }
    lengths = scaled_lengths(config.shortest, config.longest) if official else {}
    return {name: replace(spec, n_frames=lengths.get(name, spec.n_frames)) for name, spec in specs.items()}, pairs


def _choose(config: CorpusConfig, progress: Progress) -> list[int]:
    """Chooses the people, and shows how many there are."""
    return list(progress(iter_people(config.identities, config.seed), config.identities))


def _followers(pairs: Pairs) -> dict[str, str]:
    """Returns for each person another one of the same split, who is not the other of the pair."""
    splits = [[i for pair in members for i in pair] for members in pairs.values()]
    return {name: other for ids in splits for name, other in zip(ids, ids[3:] + ids[:3], strict=True)}


def make_corpus(
    out: str | Path,
    config: CorpusConfig | None = None,
    workers: int = 1,
    progress: Progress = not_shown,
) -> Pairs:
    """Renders a tree of talking heads and their fakes; videos that are there already are kept.

    Returns the pairs of each split, which :func:`ffpms.build` takes.

    Args:
        out: the tree's folder.
        config: what to render; by default 40 people.
        workers: processes.
        progress: takes people, then pairs, and their number, and shows how they pass.

    Raises:
        ConfigError: the folder holds something else, or a corpus of other settings. Or another
            process renders into it, or a setting is out of range.
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
    _check_out(out, config)
    with writing(out), hold_folder(out, out / LOCK, "renders into it"):
        _claim(out, config)
        specs, pairs = plan_corpus(config, progress)
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
    """Renders every pair of the chosen splits that is not there already."""
    made = (config.compressions, config.difficulty)
    chosen = [pair for split in config.splits for pair in pairs[split]]
    jobs = [PairJob(out, (a, b), (specs[a], specs[b]), *made) for a, b in chosen]
    waiting = [job for job in jobs if not is_rendered(job)]
    for _ in progress(run_local(render_pair, waiting, workers), len(waiting)):
        pass


def _check_out(out: Path, config: CorpusConfig) -> None:
    """Checks that a folder is free, or holds this very corpus, whole or not."""
    if not (out / RENDERED).is_file():
        check_free(out, names_in_work(out, RENDERED))
    elif read_tree(out) != config.tree:
        raise ConfigError(f"{out}: holds a corpus of other settings (see {RENDERED}); give another --out")


def _claim(out: Path, config: CorpusConfig) -> None:
    """Writes what the tree will be, for whoever has its lock.

    What a kill left half written is removed.
    """
    _check_out(out, config)
    for left in out.rglob(f"*{PARTIAL}"):
        left.unlink(missing_ok=True)
    if not (out / RENDERED).is_file():
        write_whole(out / RENDERED, json.dumps(_describe(config), indent=1) + "\n")


def _describe(config: CorpusConfig) -> dict[str, Any]:
    """Says what the tree is: rendered, by which version, with which settings and pairs."""
    official = config.tree.shares is None
    counts = ", ".join(f"{len(members)} {split}" for split, members in config.tree.pairs.items())
    whose = "the official pairs of FaceForensics++, and its lengths scaled" if official else "neighbours"
    return {
        "rendered": "by 'ffpms minicorpus': nobody in these videos exists; they say nothing about deepfakes",
        "ffpms": __version__,
        "pairs": f"{whose}: {counts}",
        "pairs_sha256": pairs_digest(config.tree.pairs),
        SETTINGS: asdict(config.tree),
    }
