"""PlannedBuild: the targets that a tree, an output folder and a configuration make."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pandas as pd

from ffpms.builder.config import BuildConfig
from ffpms.builder.mix_checks import note_mix
from ffpms.builder.output_folder import OutputFolder
from ffpms.builder.source_changes import appeared_targets, changed_targets
from ffpms.dataset.set_files import settings_of
from ffpms.errors import ConfigError
from ffpms.extraction.shards import read_shard
from ffpms.extraction.target_job import TargetJob
from ffpms.progress import Progress, not_shown
from ffpms.protocol.listing import limited
from ffpms.protocol.plan import plan_videos
from ffpms.schema import ORIGINAL, WITH_PIXELS, bag_key
from ffpms.sources.listing import Listing, Source
from ffpms.sources.source_index import check_once, other_splits
from ffpms.sources.table_files import check_listed_files

Waiting = dict[str, tuple[str, ...] | None]
"""Targets to build, each with the videos whose crops it has now: no retry may lose them.

None stands for a target whose shard must be replaced.
"""


@dataclass(frozen=True)
class PlannedBuild:
    """A build that is planned and not yet run.

    ``slots`` is the plan of the bags. ``targets`` are real videos with their fakes, and fakes that
    stand alone, by id. ``listing`` has the videos that are built.
    """

    root: Path
    out: Path
    config: BuildConfig
    slots: pd.DataFrame
    targets: dict[str, tuple[Source, ...]]
    listing: Listing

    @classmethod
    def make(cls, listing: Listing, out: Path, config: BuildConfig) -> Self:
        """Plans every bag of listed videos.

        Raises:
            ConfigError: no planned video is in the tree, or one is there twice.
            ManifestError: a planned video of a table is not there.
        """
        own = replace(config, recipe=listing.recipe, corpus=listing.corpus.name)
        own = replace(own, table=listing.table, pairs_sha256=listing.sha256, rendered=listing.rendered)
        videos = [video.standing_alone() for video in listing.videos] if own.whole else listing.videos
        listing = replace(listing, videos=limited(videos, own.limit))
        slots = plan_videos(listing.videos, own.recipe, own.splits)
        listing = replace(listing, notes=(*listing.notes, *note_mix(slots, own.recipe)))
        sources = listing.sources(slots["bag_id"].unique())
        if listing.table_file:
            check_listed_files(listing, sources)
        else:
            check_once(listing.root, sources)
        _check_any(listing, sources)
        return cls(listing.root, out, own, slots, _by_target(sources), listing)

    @cached_property
    def folder(self) -> OutputFolder:
        """The output folder, which checks what may be built in it."""
        return OutputFolder(self.out, settings_of(self.config), self.root.resolve())

    def waiting(self, retry_failed: bool, progress: Progress = not_shown) -> Waiting:
        """Returns the targets that are still to be built, or to be built again.

        A target is finished if its shard and all its crops are there, and its videos are still the
        same. It is built again if a video that was missing is there now, or one that could not be
        read was touched since. With ``retry_failed`` it is, if one of them could not be used.

        Raises:
            ConfigError: the output folder was built from another tree.
        """
        finished = {target: rows for target in self.targets if (rows := self._finished(target))}
        moved = self.folder.tree_moved()
        changed = changed_targets(self.root, self.out, finished, moved, progress)
        appeared = appeared_targets(self.root, self.out, finished, moved)
        waiting: Waiting = {}
        for target in self.targets:
            usable = tuple(r["source_video"] for r in finished.get(target, ()) if r["status"] in WITH_PIXELS)
            if target not in finished or target in changed:
                waiting[target] = None
            elif target in appeared or (retry_failed and len(usable) < len(finished[target])):
                waiting[target] = usable
        return waiting

    def jobs(self, waiting: Waiting, time_limit_s: float) -> Iterator[TargetJob]:
        """Yields one job per target."""
        for target, kept in waiting.items():
            yield TargetJob(
                root=self.root.resolve(),  # a worker elsewhere has another current folder
                out=self.out.resolve(),
                target_id=target,
                sources=self.targets[target],
                frames_per_video=self.config.recipe.frames_per_video,
                crop=self.config.crop,
                decoder=self.config.decoder,
                keep_unverified=self.config.keep_unverified,
                time_limit_s=time_limit_s,
                corpus=self.listing.corpus,
                kept=kept or (),
            )

    def _finished(self, target: str) -> list[dict[str, Any]] | None:
        """Returns the SOURCE rows of a target's shard; None if it is not whole.

        It is not if a crop is missing or has another length, or a video is planned at another path.
        Only ``ffpms verify`` compares the bytes of crops, for that means to read them all.
        """
        shard = read_shard(self.out, target)
        if shard is None or [row["path"] for row in shard.sources] != [s.path for s in self.targets[target]]:
            return None
        whole = all(_has_size(self.out / row["crop"], row["n_bytes"]) for row in shard.crops if row["crop"])
        return shard.sources if whole else None


def _check_any(listing: Listing, sources: list[Source]) -> None:
    """Raises ConfigError unless the tree has at least one fake, together with its real video.

    Otherwise the splits must be those of another tree.
    """
    there = {s.source_video for s in sources if (listing.root / s.path).is_file()}
    fakes = [s for s in sources if s.manipulation != ORIGINAL and s.source_video in there]
    if any(s.target_id == s.source_video or bag_key(ORIGINAL, s.target_id) in there for s in fakes):
        return
    if listing.corpus.has_pairs:
        raise other_splits(listing.root, "fake with its real video")
    what = "there are no fakes to build" if there else "no listed video is there"
    if fakes:
        what = f"no fake is there with its real video (first {fakes[0].path}, of {fakes[0].target_id})"
    raise ConfigError(f"{listing.root}: {what}; {listing.corpus.give_root}")


def _by_target(sources: list[Source]) -> dict[str, tuple[Source, ...]]:
    """Groups sources by target id, a real video and its fakes: one face search serves them all."""
    grouped: dict[str, list[Source]] = {}
    for source in sources:
        grouped.setdefault(source.target_id, []).append(source)
    return {target: tuple(members) for target, members in grouped.items()}


def _has_size(crop: Path, n_bytes: int) -> bool:
    try:
        return crop.stat().st_size == n_bytes
    except OSError:
        return False
