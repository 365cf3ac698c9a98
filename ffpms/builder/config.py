"""BuildConfig: every setting that decides the bytes of a built set, apart from the videos."""

from dataclasses import dataclass, field
from pathlib import Path

import ffpms
from ffpms.hashing import code_digest
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.recipe import Recipe

CODE = ("schema.py", "hashing.py", "protocol", "sources", "extraction", "builder", "dataset/shortcut_audit.py")
"""Files and folders of ``ffpms`` that decide the crops, tables and numbers of a built set.

A test follows the imports to see that none is missing.
"""


def _code_sha256() -> str:
    return code_digest(Path(ffpms.__file__).parent, CODE)


@dataclass(frozen=True)
class BuildConfig:
    """Settings of a build; the defaults are those of FFPMS v1.

    ``splits`` are built. ``limit`` takes only the first real videos of each split, with their
    fakes. ``pairs_sha256`` is filled in by :func:`ffpms.build`.

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
    code_sha256: str = field(default_factory=_code_sha256)
