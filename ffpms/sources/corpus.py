"""Corpus: registers a corpus with its manipulations, compression levels, layouts and file rules.

A file of this folder defines a corpus as ``CORPUS``, and :func:`corpora` collects them. No other
file names its folders.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Literal, Protocol

import ffpms.sources
from ffpms.errors import ConfigError
from ffpms.protocol.published import Published
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import Pairs

_FIRST = ("ffpp",)
_AGAIN = "download it again"


class Video(Protocol):
    """The properties of a video file; ``crf`` is None where the file does not name it."""

    @property
    def n_frames(self) -> int:
        """Number of frames."""

    @property
    def width(self) -> int:
        """Width in px."""

    @property
    def height(self) -> int:
        """Height in px."""

    @property
    def fps(self) -> float:
        """Frames a second."""

    @property
    def crf(self) -> float | None:
        """The x264 crf that the file names, if it names one."""


@dataclass(frozen=True)
class Source:
    """One mp4 that the plan asks for; ``path`` is relative to the root, with forward slashes."""

    source_video: str
    path: str
    manipulation: str
    video_id: str
    target_id: str
    source_id: str | None
    compression: str
    split: str


@dataclass(frozen=True)
class Layout:
    """Where a tree keeps the videos of one compression level.

    ``folders`` has the folder of each manipulation and of ``original``, relative to the root, with
    forward slashes. ``compression`` is empty where nothing in the tree tells it. ``names`` has the
    paths of files whose names end in ``.MP4`` or the like, by the path that ends in ``.mp4``.
    """

    name: str
    compression: str
    folders: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)

    def folder(self, manipulation: str) -> str:
        """Returns the folder of a manipulation's videos, or of the real ones."""
        return self.folders[manipulation]

    def path(self, manipulation: str, video_id: str) -> str:
        """Returns the path where a video should be."""
        path = f"{self.folder(manipulation)}/{video_id}.mp4"
        return self.names.get(path, path)


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


@dataclass(frozen=True)
class Corpus:
    """A corpus of real videos and their fakes.

    ``manipulations`` has code and full name, in the order of every table.

    ``find_layouts`` returns a layout for each compression level in a folder, or None if the folder
    is no tree of this corpus. Then ``not_found`` says what is missing, ``give_root`` what to give.

    ``crf`` has the x264 crf that each compression level promises; it is empty if the corpus has no
    levels. ``aliases`` are other names of levels. ``mask_path`` says where the mask of a fake is.

    ``published`` takes a tree and its pairs. It returns what is published of their videos, by name,
    or nothing if the tree is of other people.
    """

    name: str
    title: str
    manipulations: Mapping[str, str]
    find_layouts: Callable[[Path], list[Layout] | None]
    not_found: str
    give_root: str
    mask_path: Callable[[str], str]
    crf: Mapping[str, float] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    rules: Rules = no_rules
    published: Callable[[Path, Pairs], Mapping[str, Published]] = not_published

    def parse_manipulations(self, text: str) -> tuple[str, ...]:
        """Parses names: ``DF,FaceSwap`` -> ``("DF", "FS")``, in the order of the tables.

        Any case will do.

        Raises:
            ConfigError: a name is unknown.
        """
        names = {alias.lower(): code for code, full in self.manipulations.items() for alias in (code, full)}
        asked = [name.strip().lower() for name in text.split(",") if name.strip()]
        unknown = [name for name in asked if name not in names]
        if unknown or not asked:
            raise ConfigError(f"{self._choose(unknown)} or their full names")
        return tuple(code for code in self.manipulations if code in {names[name] for name in asked})

    def adopt(self, recipe: Recipe) -> Recipe:
        """Returns the recipe with its manipulations in the order of the tables.

        Raises:
            ConfigError: the corpus has not all its manipulations.
        """
        if unknown := [code for code in recipe.manipulations if code not in self.manipulations]:
            raise ConfigError(self._choose(unknown))
        return replace(recipe, manipulations=tuple(c for c in self.manipulations if c in recipe.manipulations))

    def _choose(self, unknown: list[str]) -> str:
        return f"manipulations: {', '.join(unknown) or 'none'}; choose from {','.join(self.manipulations)}"

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
        for broken in self.rules(source, about, target, donor) if source.source_id else ():
            if not (published and broken.kind in ("length", "size")):
                yield broken


def _check_published(about: Video, published: Published) -> Iterator[BrokenRule]:
    if what := published.other_length(about.n_frames):
        yield BrokenRule("length", f"{what} as published")
    if what := published.other_size(about.width, about.height):
        yield BrokenRule("size", f"{what} as published")


@cache
def corpora() -> dict[str, Corpus]:
    """Returns every corpus by name, FaceForensics++ first."""
    names = [module.name for module in iter_modules(ffpms.sources.__path__)]
    modules = [import_module(f"ffpms.sources.{name}") for name in (*_FIRST, *sorted({*names} - {*_FIRST}))]
    return {corpus.name: corpus for module in modules if (corpus := getattr(module, "CORPUS", None))}


def in_order(manipulations: Iterable[str]) -> list[str]:
    """Sorts manipulations into the order of every table: corpus by corpus, unknown ones last."""
    asked = set(manipulations)
    known = dict.fromkeys(code for corpus in corpora().values() for code in corpus.manipulations)
    return [*(code for code in known if code in asked), *sorted(asked - known.keys())]
