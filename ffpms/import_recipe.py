"""``ffpms import``: builds the set of a published recipe from one's videos, and compares both."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import ffpms
from ffpms.builder.build import build
from ffpms.builder.build_result import BuildReport
from ffpms.builder.config import BuildConfig
from ffpms.dataset.loading import load
from ffpms.dataset.set_files import stored_settings
from ffpms.errors import ConfigError, ManifestError
from ffpms.export.differences import differences
from ffpms.export.published_recipe import PublishedRecipe
from ffpms.export.recipe import RECIPE
from ffpms.schema import ORIGINAL

_FILLED_IN = ("recipe", "crop", "splits", "pairs_sha256", "code_sha256", "corpus", "table")
"""Settings that are read apart, or that a build fills in."""


@dataclass(frozen=True)
class ImportReport:
    """A set that was built by a recipe: the build, and a line a row that differs.

    ``note`` says that another version built the recipe's set; it is empty if the same did.
    """

    recipe: PublishedRecipe
    build: BuildReport
    differences: tuple[str, ...]
    note: str


def import_recipe(
    recipe: str | Path,
    root: str | Path,
    out: str | Path = "ffpms-data",
    *,
    workers: int | None = None,
    progress: Callable[[Iterable[Any], int], Iterable[Any]] = lambda items, _: items,
) -> ImportReport:
    """Builds the set of a published recipe from one's own FaceForensics++, and compares the two.

    Every row of the recipe is compared: lengths and hashes of videos, labels, frames, boxes, and
    hashes of crops. A second call resumes the first.

    Args:
        recipe: folder that ``ffpms export --recipe-only`` wrote.
        root: the tree of videos.
        out: folder of the built set.
        workers: number of processes; by default one per core.
        progress: as of :func:`ffpms.build`.

    Raises:
        ManifestError: the recipe is damaged or of another version.
        ConfigError: the tree or the output folder is not what it should be.
        StorageError: the output folder cannot be written to.
    """
    published = PublishedRecipe.read(Path(recipe))
    config = config_of(published)
    built = build(root, out, pairs=published.pairs, config=config, workers=workers, progress=progress)
    data = load(out)
    own = {name: getattr(data, name) for name in published.tables}
    found = differences(published.tables, own, published.whole)
    return ImportReport(published, built, tuple(found), _note(published, config))


def config_of(published: PublishedRecipe) -> BuildConfig:
    """Returns the settings of a recipe, for the splits and manipulations that it has.

    Raises:
        ManifestError: they are not those of this version.
    """
    recipe, crop = stored_settings(published.about, str(published.folder / RECIPE))
    videos, stored = published.tables["videos"], published.about["config"]
    known = {field.name for field in fields(BuildConfig)}
    if unknown := sorted(stored.keys() - known):
        what = f"setting {unknown[0]} is unknown to ffpms {ffpms.__version__}"
        raise ManifestError(f"{published.folder / RECIPE}: {what}; use ffpms {published.about.get('ffpms')}")
    kinds = set(videos["manipulation"]) - {ORIGINAL}
    own = replace(recipe, manipulations=tuple(kind for kind in recipe.manipulations if kind in kinds))
    more = {name: value for name, value in stored.items() if name not in _FILLED_IN}
    try:
        return BuildConfig(recipe=own, crop=crop, splits=tuple(dict.fromkeys(videos["split"])), **more)
    except (ConfigError, TypeError) as error:
        raise ManifestError(f"{published.folder / RECIPE}: {error}; get the recipe anew") from None


def _note(published: PublishedRecipe, config: BuildConfig) -> str:
    if published.about["config"].get("code_sha256") == config.code_sha256:
        return ""
    return f"The recipe's set was built by other code ({published.about.get('ffpms')}); this is {ffpms.__version__}."
