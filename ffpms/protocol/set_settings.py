"""SetSettings: the settings of a build that decide what its set may be called."""

from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.rendered import RenderedTree
from ffpms.protocol.splits import pairs_digest, read_pairs
from ffpms.protocol.v1_manifest import V1_RECIPE


@cache
def _official_pairs() -> str:
    return pairs_digest(read_pairs())


@dataclass(frozen=True)
class Edition:
    """A published test set of a corpus: its name, and how many videos it has."""

    name: str
    n_real: int
    n_fake: int


@dataclass(frozen=True)
class SetSettings:
    """The settings of a build that decide its set's name; the defaults are those of FFPMS v1.

    Landmarks, decoder and the choice of splits are not among them. They change no test pixel.
    Of another corpus than FaceForensics++, ``title`` is its name. ``editions`` are its published
    test sets; None says that the videos are somebody's own, which nobody published. ``rendered``
    are the settings of a rendered tree.
    """

    recipe: Recipe = field(default_factory=Recipe)
    crop: CropConfig = field(default_factory=CropConfig)
    pairs_sha256: str = field(default_factory=_official_pairs)
    limit: int | None = None
    keep_unverified: bool = False
    whole: bool = False
    title: str = ""
    editions: tuple[Edition, ...] | None = ()
    rendered: RenderedTree | None = None

    @property
    def has_official_pairs(self) -> bool:
        """Whether the split files are those of FaceForensics++."""
        return self.pairs_sha256 == _official_pairs()

    def as_flags(self) -> dict[str, Any]:
        """Returns every setting but the pairs, by its name."""
        values = asdict(self.recipe) | asdict(self.crop) | {"limit": self.limit}
        values |= {"keep_unverified": self.keep_unverified, "whole": self.whole, "landmarks": False}
        if self.recipe.replaced == (1, self.recipe.frames_per_video - 1):  # the default of --replace
            values["replaced"] = V1_RECIPE.replaced
        return values
