"""BuildConfig: every setting that decides the bytes of a built set, apart from the videos."""

from dataclasses import dataclass, field
from pathlib import Path

import ffpms
from ffpms.builder.mix_checks import idle_flags
from ffpms.checks import check_choice, check_type, settle, whole
from ffpms.errors import ConfigError
from ffpms.extraction.decoding.wanted_frames import DECODERS
from ffpms.hashing import code_digest
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.rendered import RenderedTree
from ffpms.protocol.splits import known_splits
from ffpms.sources.corpora.ffpp import CORPUS as FFPP

CODE = (
    *("schema.py", "hashing.py", "shown_face.py", "protocol", "sources", "extraction", "builder"),
    "dataset/shortcut_audit.py",
)
"""Files and folders of ``ffpms`` that decide the crops, tables and numbers of a built set.

A test follows the imports to see that none is missing.
"""


def _code_sha256() -> str:
    return code_digest(Path(ffpms.__file__).parent, CODE)


@dataclass(frozen=True)
class BuildConfig:
    """Settings of a build; the defaults are those of FFPMS v1.

    ``splits`` are built. ``limit`` takes only the first real videos of each split, with their
    fakes. With ``whole`` each fake stands alone: no frame of it is replaced, and it is not compared
    with its real video. :func:`ffpms.build` fills in the last fields: which corpus, the name of the
    table if there is one, the settings of a rendered tree, and the SHA-256 of its id pairs or of
    its list of videos.

    Raises:
        ConfigError: a value is out of range or unknown, or of a wrong type. Or the recipe
            says how to mix fakes that ``whole`` takes as they are.

    Example:
        >>> ffpms.BuildConfig(splits=("test",), limit=8).recipe.compression
        'c40'
    """

    recipe: Recipe = field(default_factory=Recipe)
    crop: CropConfig = field(default_factory=CropConfig)
    splits: tuple[str, ...] = ("train", "val", "test")
    pairs_sha256: str = ""
    limit: int | None = None
    decoder: str = "pyav"
    keep_unverified: bool = False
    whole: bool = False
    corpus: str = FFPP.name
    table: str = ""
    rendered: RenderedTree | None = None
    code_sha256: str = field(default_factory=_code_sha256)

    def __post_init__(self) -> None:
        check_type("recipe", self.recipe, Recipe)
        check_type("crop", self.crop, CropConfig)
        check_type("keep_unverified", self.keep_unverified, bool)
        check_type("whole", self.whole, bool)
        if self.whole and (idle := idle_flags(self.recipe)):
            raise ConfigError(f"{idle}: --whole mixes no fake; leave out one or the other")
        check_choice("decoder", self.decoder, DECODERS)
        limit = None if self.limit is None else whole("limit", self.limit, low=2)
        settle(self, splits=known_splits(self.splits), limit=limit)
