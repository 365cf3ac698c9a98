"""Truth without pixels: a published recipe as the set that it describes."""

from pathlib import Path
from typing import Any

import pandas as pd

from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.set_files import REPORT, naming_settings
from ffpms.errors import ConfigError, ManifestError
from ffpms.export.formats.recipe import RECIPE, WHICH_SET
from ffpms.export.published_recipe import PublishedRecipe
from ffpms.export.terms import has_private_names
from ffpms.hashing import digest
from ffpms.protocol.naming import SetName, name_mixed
from ffpms.protocol.v1_manifest import CUSTOM
from ffpms.schema import CROP, Split

_OF_THE_IDENTITY = ("videos", "frames", "crops", "grid")
"""Tables whose hashes make the hash of a set, in order."""


def load_set(root: Path) -> BuiltSet:
    """Reads a built set, or the set of a recipe that ``ffpms export --recipe-only`` wrote.

    The latter has tables and no pixels. Its name and its hash are the built set's.

    Raises:
        ConfigError: the recipe has not all test bags.
        ManifestError: there is neither, or it is damaged or edited.
    """
    is_recipe = (root / RECIPE).is_file() and not (root / REPORT).exists()
    return _read_recipe(root) if is_recipe else BuiltSet.load(root)


def _read_recipe(folder: Path) -> BuiltSet:
    published = PublishedRecipe.read(folder)
    path, tables = folder / RECIPE, published.tables
    settings = naming_settings(published.about, str(path))
    sha256, splits = _read_which(published, path)
    if Split.TEST not in splits:
        raise ConfigError(f"{folder}: has not all test bags of its set; export the recipe with the split test whole")
    own = _name(published, name_mixed(settings, tables["videos"], tables["sources"]))
    videos = tables["videos"][tables["videos"]["split"].isin(splits)]
    frames = tables["frames"][tables["frames"]["bag_id"].isin(videos["bag_id"])]
    crops = tables.get("crops", CROP.empty_table().to_pandas())
    rest = (sha256, False, videos, frames, crops, tables.get("grid", pd.DataFrame()), tables["sources"])
    return BuiltSet(folder.absolute(), own.name, own.reasons, settings.recipe, settings.crop.size, *rest)


def _read_which(published: PublishedRecipe, path: Path) -> tuple[str, list[str]]:
    """Reads the hash of the whole set, and the splits of which the recipe has all bags.

    Where the recipe has the set's own tables, their hashes must bear it out.
    """
    which: Any = published.about.get(WHICH_SET)
    if not isinstance(which, dict) or not isinstance(which.get("splits"), list):
        what = "does not store the hash of its set, as an older ffpms exported it"
        raise ManifestError(f"{path}: {what}; export it again, or give the built set")
    sha256 = str(which.get("sha256"))
    if published.whole and not has_private_names(published.corpus):
        content = [str(published.about["sha256"].get(f"{name}.parquet")) for name in _OF_THE_IDENTITY]
        if digest("".join(content).encode()) != sha256:
            raise ManifestError(f"{path}: its tables are not those of the set that it names; get the recipe anew")
    return sha256, which["splits"]


def _name(published: PublishedRecipe, found: SetName) -> SetName:
    """Names the set as the tables bear out.

    Those of a part cannot tell what is wrong with the rest, which may make the whole set custom.
    """
    which = published.about[WHICH_SET]
    if published.whole or which.get("name") not in (found.name, found.name + CUSTOM):
        return found
    return SetName(str(which["name"]), tuple(map(str, which.get("reasons", ()))))
