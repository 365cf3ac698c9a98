"""Corpus: registers a corpus with its manipulations, compression levels, layouts and file rules.

A file of ``corpora`` defines a corpus as ``CORPUS``, and ``registry.py`` collects them. No other
file names its folders. A corpus lists its videos in one of two ways: as id pairs in a layout of
folders (``find_layouts``), or with a function of its own (``list_videos``).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from ffpms.errors import ConfigError
from ffpms.protocol.published import Published
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.rendered import RenderedTree
from ffpms.protocol.set_settings import Edition
from ffpms.protocol.splits import Pairs
from ffpms.schema import ORIGINAL
from ffpms.sources.advice import OWN_VIDEOS, RENDERED_VIDEOS
from ffpms.sources.listing import Layout, Listing, Request, Source, Video
from ffpms.sources.nearby import near_tree

_AGAIN = "download it again"
AS_PUBLISHED = "as published"
"""The one compression of a corpus without levels."""


@dataclass(frozen=True)
class BrokenRule:
    """A file rule of a corpus that a file breaks, and what to do."""

    kind: Literal["wrong_compression", "length", "size", "frame_rate"]
    what: str
    todo: str = _AGAIN


Rules = Callable[[Source, Video, Video | None, Video | None], Iterable[BrokenRule]]
"""Takes a fake, its file, and the real videos of its target and source (None: cannot be read).
Returns the rules that the fake breaks."""


def no_rules(_: Source, __: Video, ___: Video | None, ____: Video | None) -> Iterable[BrokenRule]:
    """Breaks no rule: for corpora whose fakes may have any length, size and rate."""
    return ()


def not_published(_: Path, __: Pairs) -> Mapping[str, Published]:
    """Knows no video: for corpora whose lengths and sizes nobody published."""
    return {}


def no_mask(_: str) -> str:
    """Has no masks."""
    return ""


def no_tree(_: Path) -> bool:
    """Recognises no tree: for what is no tree of files."""
    return False


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A corpus of real videos and their fakes.

    ``manipulations`` has code and full name, in the order of every table. ``paper`` are those that
    are built if none are named; all if it is empty. ``manipulations`` is empty if the videos at
    hand tell which there are.

    ``find_layouts`` returns a layout for each compression level in a folder, or None if the folder
    is no tree of this corpus. Then ``not_found`` says what is missing, ``give_root`` what to give.
    A corpus that is no list of id pairs has ``recognises`` and ``list_videos`` instead.

    ``crf`` has the x264 crf that each compression level promises; it is empty if the corpus has no
    levels. ``aliases`` are other names of levels. ``mask_path`` says where the mask of a fake is.

    ``published`` takes a tree and its pairs. It returns what is published of their videos, by name,
    or nothing if the tree is of other people.

    ``rendered`` reads the settings of a tree whose people are rendered; None if they are filmed.

    ``editions`` are the published test sets, by which a set gets its name; None for somebody's own
    videos. ``terms`` says in the data card who may have its videos.
    """

    name: str
    title: str
    manipulations: Mapping[str, str]
    not_found: str
    give_root: str
    paper: tuple[str, ...] = ()
    find_layouts: Callable[[Path], list[Layout] | None] | None = None
    recognises: Callable[[Path], bool] = no_tree
    list_videos: "Callable[[Corpus, Request], Listing] | None" = None
    mask_path: Callable[[str], str] = no_mask
    crf: Mapping[str, float] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    rules: Rules = no_rules
    published: Callable[[Path, Pairs], Mapping[str, Published]] = not_published
    rendered: Callable[[Path], RenderedTree] | None = None
    editions: tuple[Edition, ...] | None = ()
    terms: str = ""

    @property
    def has_pairs(self) -> bool:
        """Whether its videos are those of id pairs, so that split files tell them."""
        return self.list_videos is None

    def is_tree(self, root: Path) -> bool:
        """Whether a folder is a tree of this corpus."""
        return self.find_layouts(root) is not None if self.find_layouts else self.recognises(root)

    def check_tree(self, root: Path) -> None:
        """Checks that a folder is a tree of this corpus.

        Raises:
            ConfigError: it is not.
        """
        if not root.is_dir():
            raise ConfigError(f"{root}: not a folder; {self.give_root}")
        if not self.is_tree(root):
            todo = near_tree(root, self.is_tree) or self.give_root
            raise ConfigError(f"{root}: no {self.title} tree ({self.not_found}); {todo}")

    def parse_manipulations(self, text: str) -> tuple[str, ...]:
        """Parses names: ``DF,FaceSwap`` -> ``("DF", "FS")``, in the order of the tables.

        They stay as they are if only the videos at hand tell which there are.

        Any case will do.

        Raises:
            ConfigError: a name is unknown.
        """
        typed = tuple(name.strip() for name in text.split(",") if name.strip())
        if not self.manipulations:
            return typed
        names = {alias.lower(): code for code, full in self.manipulations.items() for alias in (code, full)}
        asked = [name.lower() for name in typed]
        unknown = [name for name in asked if name not in names]
        if unknown or not asked:
            raise ConfigError(f"{self._choose(unknown, self.manipulations)} or their full names")
        return tuple(code for code in self.manipulations if code in {names[name] for name in asked})

    def adopt(self, recipe: Recipe, there: Mapping[str, str] | None = None) -> Recipe:
        """Returns the recipe with its manipulations in the order of the tables.

        ``there`` are those at hand, for a corpus that does not know them before. If none are named,
        they are the corpus's own. The compression of the paper, a recipe's default, stands for the
        corpus's own too.

        Raises:
            ConfigError: the corpus has not all its manipulations, or has no compression levels.
        """
        known = there or self.manipulations
        codes = {alias.lower(): code for code, full in known.items() for alias in (full, code)}
        named = tuple(codes.get(name.lower(), name) for name in recipe.manipulations)
        chosen = (self.paper or tuple(known)) if recipe.names_none else named
        if unknown := [code for code in chosen if code not in known]:
            raise ConfigError(self._choose(unknown, known))
        return replace(
            recipe,
            manipulations=tuple(code for code in known if code in chosen),
            compression=self.check_compression(recipe.compression),
        )

    def advise(self, reason: str) -> str:
        """Returns why a video cannot be used, with advice that fits: nobody published one's own, or
        a rendered one.

        Example:
            >>> from ffpms.sources.corpora.table import CORPUS
            >>> CORPUS.advise("empty file; download it again")
            'empty file; get it again'
        """
        others = OWN_VIDEOS if self.editions is None else RENDERED_VIDEOS if self.rendered else {}
        for published, own in others.items():
            reason = reason.replace(published, own)
        return reason

    def check_compression(self, compression: str) -> str:
        """Returns the compression that is built.

        Raises:
            ConfigError: a level is asked for, and the corpus has none.
        """
        if self.crf or self.find_layouts:
            return self.normalise_compression(compression)
        if compression not in ("", AS_PUBLISHED, Recipe().compression):
            raise ConfigError(f"compression: {self.title} has no levels; leave out --compression {compression}")
        return AS_PUBLISHED

    def _choose(self, unknown: list[str], known: Mapping[str, str]) -> str:
        return f"manipulations: {', '.join(unknown) or 'none'}; choose from {','.join(known)}"

    def normalise_compression(self, name: str) -> str:
        """Returns the usual name of a compression level: ``c0`` -> ``raw``."""
        return self.aliases.get(name, name)

    def broken_promise(self, compression: str, crf: float | None) -> str:
        """Returns why a file's crf does not fit its compression level; empty if it fits.

        A file that does not name its crf (None) fits every level.
        """
        if crf is None or crf == self.crf.get(compression, crf):
            return ""
        return f"encoded at crf {crf:g} in a {compression} folder"

    def _other_level(self, compression: str, crf: float | None) -> str:
        """Says what to do about a file of another level: perhaps the whole tree is of that one."""
        level = next((name for name, promised in self.crf.items() if promised == crf), "")
        hint = f", or give --compression {level} if the whole tree is so" if level else ""
        return f"put the {compression} file of {self.title} there{hint}"

    def check(
        self,
        source: Source,
        about: Video,
        target: Video | None,
        donor: Video | None,
        published: Published | None = None,
    ) -> Iterator[BrokenRule]:
        """Yields the rules that a file breaks.

        ``target`` and ``donor`` are the two real videos of a fake. What is ``published`` of the
        file takes the place of the rules of length and size.
        """
        if what := self.broken_promise(source.compression, about.crf):
            yield BrokenRule("wrong_compression", what, self._other_level(source.compression, about.crf))
        if published:
            yield from _check_published(about, published)
        for broken in self.rules(source, about, target, donor) if source.manipulation != ORIGINAL else ():
            if not (published and broken.kind in ("length", "size")):
                yield broken


def _check_published(about: Video, published: Published) -> Iterator[BrokenRule]:
    if what := published.other_length(about.n_frames):
        yield BrokenRule("length", f"{what} as published")
    if what := published.other_size(about.width, about.height):
        yield BrokenRule("size", f"{what} as published")
