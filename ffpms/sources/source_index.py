"""Finds a corpus's videos: a tree's layout on disk, and the path of each planned video."""

from dataclasses import replace
from pathlib import Path

from ffpms.clutter import is_clutter
from ffpms.errors import ConfigError
from ffpms.protocol.listing import list_pairs
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import Pairs, pairs_digest, read_pairs
from ffpms.schema import ORIGINAL
from ffpms.sources.corpora.ffpp import CORPUS as FFPP
from ffpms.sources.corpus import Corpus
from ffpms.sources.listing import Layout, Listing, Request, Source


def check_root(root: Path, compression: str, corpus: Corpus = FFPP) -> Layout:
    """Finds the tree's layout of the compression level.

    Raises:
        ConfigError: the folder is not there, is no tree of the corpus, or lacks the compression.
    """
    corpus.check_tree(root)
    compression, found = corpus.normalise_compression(compression), (corpus.find_layouts or no_layouts)(root) or []
    for layout in found:
        if layout.compression in (compression, ""):
            return replace(layout, compression=compression, names=_other_endings(root, layout))
    there = ", ".join(layout.compression for layout in found) or "none"
    raise ConfigError(f"{root}: no {compression} videos (found: {there}); choose another --compression")


def no_layouts(_: Path) -> list[Layout]:
    """Finds no layout: for corpora that are no list of id pairs."""
    return []


def list_layout(corpus: Corpus, root: Path, pairs: Pairs, recipe: Recipe) -> Listing:
    """Lists the videos of id pairs in a tree, there or not.

    Raises:
        ConfigError: the folder is no tree of the corpus, or lacks compression or manipulation.
    """
    own = corpus.adopt(recipe)
    return list_in(check_root(root, own.compression, corpus), corpus, root, pairs, own)


def list_in(layout: Layout, corpus: Corpus, root: Path, pairs: Pairs, recipe: Recipe) -> Listing:
    """Lists the videos of id pairs where a layout has them."""
    videos = list_pairs(pairs, recipe.manipulations)
    paths = {video.name: layout.path(video.manipulation, video.video_id) for video in videos}
    folders = tuple(sorted({layout.folder(kind) for kind in (ORIGINAL, *recipe.manipulations)}))
    known, tree = corpus.published(root, pairs), corpus.rendered and corpus.rendered(root)
    sha256 = pairs_digest(pairs)
    return Listing(corpus, root, recipe, videos, paths, layout.name, sha256, folders, known, rendered=tree)


def list_videos(corpus: Corpus, request: Request) -> Listing:
    """Lists the videos of a corpus; official id pairs are taken where none are given.

    Raises:
        ConfigError: the tree or table is not what it should be, or pairs are given to a corpus that
            has none.
        ManifestError: a file that lists videos is damaged.
    """
    if corpus.list_videos is None:
        pairs = read_pairs() if request.pairs is None else request.pairs
        return list_layout(corpus, request.root, pairs, request.recipe)
    if request.pairs is not None:
        raise ConfigError(f"splits: {corpus.title} has no id pairs; leave out --splits")
    return corpus.list_videos(corpus, request)


def video_names(folder: Path) -> list[str]:
    """Lists the names in a folder that end in ``.mp4`` in any case, sorted and without clutter.

    A folder that is not there, or cannot be listed, has none: its files are missed one by one.
    """
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []
    return [name for name in names if name.lower().endswith(".mp4") and not is_clutter(name)]


def usual_name(name: str) -> str:
    """Returns a video's name with the usual ending: ``000.MP4`` -> ``000.mp4``."""
    return f"{name[:-4]}.mp4"


def find_video(path: Path) -> Path:
    """Returns the path of a video as it is on disk: it may end in ``.MP4`` or the like."""
    if path.exists():
        return path
    return next((path.parent / name for name in video_names(path.parent) if usual_name(name) == path.name), path)


def _other_endings(root: Path, layout: Layout) -> dict[str, str]:
    """Finds the videos of a tree whose names end in ``.MP4`` or the like, by the usual path."""
    found: dict[str, str] = {}
    for folder in dict.fromkeys(layout.folders.values()):
        names = video_names(root / folder)
        others = {f"{folder}/{usual_name(name)}": f"{folder}/{name}" for name in reversed(names)}
        found |= {usual: path for usual, path in others.items() if usual != path and Path(usual).name not in names}
    return found


def find_twins(root: Path, sources: list[Source]) -> dict[str, str]:
    """Finds files that have a planned video's name but for the case of ``.mp4``.

    Maps the path of each to the path of the video that is taken.
    """
    planned = {usual_name(source.path): source.path for source in sources if source.path.lower().endswith(".mp4")}
    folders = sorted({path.rpartition("/")[0] for path in planned})
    paths = [f"{folder}/{name}" for folder in folders for name in video_names(root / folder)]
    return {path: own for path in paths if (own := planned.get(usual_name(path))) and own != path}


def check_once(root: Path, sources: list[Source]) -> None:
    """Checks that no planned video stands twice in the tree, as ``000.mp4`` and as ``000.MP4``.

    Raises:
        ConfigError: one does: nothing tells which of the two is meant.
    """
    for path, own in find_twins(root, sources).items():
        raise ConfigError(f"{root / path}: the same video as {own}, but for the case of its ending; remove one")


def other_splits(root: Path, lacks: str) -> ConfigError:
    """Makes the error for a tree that does not fit the split files."""
    own = root / "splits"
    hint = f"{own} looks like this tree's own" if own.is_dir() else "a folder with this tree's pairs"
    return ConfigError(f"{root}: holds no {lacks} of the split files; give --splits ({hint})")
