"""Builds FFPMS: from videos on disk to labelled bags of face crops. Knows no torch."""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "BagRecord",
    "BuildConfig",
    "BuiltSet",
    "CorpusConfig",
    "CropConfig",
    "FfpmsError",
    "Recipe",
    "build",
    "load",
    "make_corpus",
]

if TYPE_CHECKING:
    from ffpms.builder.build import build
    from ffpms.builder.config import BuildConfig
    from ffpms.dataset.bag import BagRecord
    from ffpms.dataset.built_set import BuiltSet
    from ffpms.dataset.loading import load
    from ffpms.errors import FfpmsError
    from ffpms.minicorpus.corpus import CorpusConfig, make_corpus
    from ffpms.protocol.crop_config import CropConfig
    from ffpms.protocol.recipe import Recipe
else:
    _HOMES = {
        "BagRecord": "ffpms.dataset.bag",
        "BuildConfig": "ffpms.builder.config",
        "BuiltSet": "ffpms.dataset.built_set",
        "CorpusConfig": "ffpms.minicorpus.corpus",
        "CropConfig": "ffpms.protocol.crop_config",
        "FfpmsError": "ffpms.errors",
        "Recipe": "ffpms.protocol.recipe",
        "build": "ffpms.builder.build",
        "load": "ffpms.dataset.loading",
        "make_corpus": "ffpms.minicorpus.corpus",
    }

    def __getattr__(name: str) -> object:
        """Imports a public name on first use, so that ``import ffpms`` is quick (PEP 562)."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
