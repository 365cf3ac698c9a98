"""``ffpms import``: builds the set of a published recipe from one's videos, and compares both."""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import ffpms
from ffpms.builder.build import build
from ffpms.builder.build_result import BuildReport
from ffpms.builder.config import BuildConfig
from ffpms.dataset.loading import load
from ffpms.dataset.set_files import stored_settings
from ffpms.errors import ConfigError, ManifestError
from ffpms.export.differences import differences
from ffpms.export.formats.recipe import RECIPE
from ffpms.export.published_recipe import AGAIN, PublishedRecipe
from ffpms.progress import Progress, not_shown
from ffpms.protocol.recipe import Recipe
from ffpms.schema import ORIGINAL
from ffpms.sources.corpora.ffpp import CORPUS as FFPP
from ffpms.sources.corpus import Corpus
from ffpms.sources.listing import Request
from ffpms.sources.registry import TABLE

_FILLED_IN = ("recipe", "crop", "splits", "pairs_sha256", "code_sha256", "corpus", "table", "rendered")
"""Settings that are read apart, or that a build fills in."""


@dataclass(frozen=True)
class ImportReport:
    """A set that was built by a recipe: the build, and a line a row that differs.

    ``note`` says that another version built the recipe's set, or that it has another name. It is
    empty if neither holds.
    """

    recipe: PublishedRecipe
    build: BuildReport
    differences: tuple[str, ...]
    note: str


def import_recipe(
    recipe: str | Path,
    root: str | Path | None = None,
    out: str | Path = "ffpms-data",
    *,
    corpus: str | None = None,
    table: str | Path | None = None,
    workers: int | None = None,
    progress: Progress = not_shown,
) -> ImportReport:
    """Builds the set of a published recipe from one's own videos, and compares the two.

    Every row of the recipe is compared: lengths and hashes of videos, labels, frames, boxes, and
    hashes of crops. A second call resumes the first.

    Args:
        recipe: folder that ``ffpms export --recipe-only`` wrote.
        root: the tree of videos; with a table, the folder that its paths start from.
        out: folder of the built set.
        corpus: whose tree it is; by default that of the recipe, which it must be.
        table: the table that lists the videos, if the recipe's set was built from one.
        workers: number of processes; by default one a core, or one a GB of memory if that is fewer.
        progress: as of :func:`ffpms.build`.

    Raises:
        ManifestError: the recipe is damaged or of another version.
        ConfigError: the tree, the table or the output folder is not what it should be.
        StorageError: the output folder cannot be written to.
    """
    published = PublishedRecipe.read(Path(recipe))
    own, config = published.corpus, config_of(published)
    _check_given(published, root, corpus, table)
    _check_listed(published, config, root, table)
    built = build(
        root,
        out,
        corpus=own.name,
        table=table,
        pairs=published.pairs,
        config=config,
        workers=workers,
        progress=progress,
    )
    data = load(out)
    tables = {name: getattr(data, name) for name in published.tables}
    found = differences(published.tables, tables, published.whole)
    return ImportReport(published, built, tuple(found), _note(published, built))


def config_of(published: PublishedRecipe) -> BuildConfig:
    """Returns the settings of a recipe; of some bags alone, for their splits and manipulations.

    Raises:
        ManifestError: they are not those of this version, or there is no fake in it.
    """
    where = str(published.folder / RECIPE)
    recipe, crop = stored_settings(published.about, where, AGAIN)
    videos, stored = published.tables["videos"], published.about["config"]
    known = {field.name for field in fields(BuildConfig)}
    if unknown := sorted(stored.keys() - known):
        what = f"setting {unknown[0]} is unknown to ffpms {ffpms.__version__}"
        raise ManifestError(f"{where}: {what}; use ffpms {published.about.get('ffpms')}")
    splits = tuple(stored["splits"] if published.whole else dict.fromkeys(videos["split"]))
    more = {name: value for name, value in stored.items() if name not in _FILLED_IN}
    try:
        return BuildConfig(recipe=_narrow(published, recipe), crop=crop, splits=splits, **more)
    except (ConfigError, KeyError, TypeError) as error:
        raise ManifestError(f"{where}: {error}; {AGAIN}") from None


def _narrow(published: PublishedRecipe, recipe: Recipe) -> Recipe:
    """Leaves out the manipulations of which there is no bag in a recipe of some bags alone."""
    kinds = set(published.tables["videos"]["manipulation"]) - {ORIGINAL}
    if not kinds:
        raise ManifestError(f"{published.folder}: has no fake bag, and a set needs some; export it with fakes")
    there = tuple(kind for kind in recipe.manipulations if kind in kinds)
    return recipe if published.whole else replace(recipe, manipulations=there)


def _check_given(
    published: PublishedRecipe, root: str | Path | None, corpus: str | None, table: str | Path | None
) -> None:
    """Checks that videos of the recipe's corpus are given.

    Raises:
        ConfigError: they are not; says what to give.
    """
    own = published.corpus
    given = TABLE if table is not None and own.name != TABLE else corpus
    given = own.name if own.rendered and given == FFPP.name else given  # --ff-root, which has the same layout
    fits = table is not None if own.name == TABLE else root is not None
    if fits and given in (None, own.name):
        return
    other = "" if given in (None, own.name) else f", not of {given}"
    flag = "--ff-root" if own.name == FFPP.name else "--root"
    todo = "--table FILE, which lists them" if own.name == TABLE else f"{flag} DIR, your {own.title} tree"
    videos = "somebody's own videos" if own.name == TABLE else own.title
    raise ConfigError(f"{published.folder}: its set is of {videos}{other}; give {todo}")


class _AnyKind(Corpus):
    """A corpus of which all videos are listed, whatever manipulations are asked for."""

    def adopt(self, recipe: Recipe, _: object = None) -> Recipe:
        """Returns the recipe as it is."""
        return recipe


def _check_listed(
    published: PublishedRecipe, config: BuildConfig, root: str | Path | None, table: str | Path | None
) -> None:
    """Checks, before anything is built, that videos of each manipulation are there.

    The id pairs of FaceForensics++ name its videos, so of it there is nothing to check.

    Raises:
        ConfigError: not one of those of a manipulation is listed.
        ManifestError: the table, or a file of the tree that lists videos, is damaged.
    """
    own, place = published.corpus, Path(table or root or "")
    if own.list_videos is None:
        return
    start = Path(root) if root is not None else place.parent
    request = Request(start, config.recipe, table=None if table is None else place, whole=config.whole)
    listed = {video.name for video in own.list_videos(_AnyKind(**vars(own)), request).videos}
    for kind, rows in published.tables["videos"].groupby("manipulation", sort=False):
        if listed.isdisjoint(rows["bag_id"]):
            what = f"lists none of the recipe's {len(rows)} {kind} videos (first {rows['bag_id'].iloc[0]})"
            raise ConfigError(f"{place}: {what}; {_todo(own)}")


def _todo(corpus: Corpus) -> str:
    if corpus.name == TABLE:
        return "give the table of the recipe's videos, and --root if its paths start from another folder"
    return "give the tree that has them"


def _note(published: PublishedRecipe, built: BuildReport) -> str:
    """Says in what the set is not the recipe's, although all rows are."""
    about, own = published.about, built.summary
    notes = []
    if about["config"].get("code_sha256") != own["config"]["code_sha256"]:
        wrote = about.get("ffpms")
        notes.append(f"The recipe's set was built by other code ({wrote}); this is {ffpms.__version__}.")
    if published.whole and about.get("dataset") != own["dataset"]:
        notes.append(f"The recipe's set is called {about.get('dataset')}, this one {own['dataset']}.")
    return " ".join(notes)
