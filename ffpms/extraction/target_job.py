"""Target job: what a worker gets to build one shard, and what it says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ffpms.protocol.crop_config import CropConfig
from ffpms.sources.corpora.ffpp import CORPUS as FFPP
from ffpms.sources.corpus import Corpus
from ffpms.sources.listing import Source


@dataclass(frozen=True)
class TargetJob:
    """Everything a worker needs to build one shard.

    ``sources`` has the real video first, or is a fake that stands alone. ``skipped`` maps the path
    of each file that is not to be read to the reason. ``kept`` are videos whose crops are there
    already: where the new shard lacks one, the old shard stays.
    """

    root: Path
    out: Path
    target_id: str
    sources: tuple[Source, ...]
    frames_per_video: int
    crop: CropConfig
    decoder: str = "pyav"
    keep_unverified: bool = False
    time_limit_s: float = 600.0
    skipped: Mapping[str, str] = field(default_factory=dict)
    corpus: Corpus = FFPP
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class TargetResult:
    """What a worker says of a target: its id, why its old shard stayed, and an unexpected error."""

    target_id: str
    problem: str = ""
    unexpected: str = ""
