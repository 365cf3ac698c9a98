"""Listing: the video files of a corpus, where a tree keeps them, and what a build asks for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ffpms.protocol.listing import ListedVideo, Seconds
from ffpms.protocol.published import Published
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.rendered import RenderedTree
from ffpms.protocol.splits import Pairs

if TYPE_CHECKING:
    from ffpms.sources.corpus import Corpus


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
    """One video file that the plan asks for.

    ``path`` is relative to the root, with forward slashes. ``segments`` are its fake seconds, if
    not all of it is fake.
    """

    source_video: str
    path: str
    manipulation: str
    video_id: str
    target_id: str
    source_id: str | None
    compression: str
    split: str
    segments: tuple[Seconds, ...] = ()


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
class Request:
    """What a build asks of a corpus: its tree or table, the recipe, and pairs where it has any.

    With ``whole`` each fake stands alone, whatever its real video is.
    """

    root: Path
    recipe: Recipe
    pairs: Pairs | None = None
    table: Path | None = None
    whole: bool = False


class Written(NamedTuple):
    """How a table names a video: where (``line 3``), and its path as it is written there."""

    where: str
    path: str


@dataclass(frozen=True)
class Listing:
    """The videos of a corpus, and where they are: the path of each by its name.

    ``recipe`` has the manipulations and the compression that are built. ``sha256`` tells this list
    from others. ``folders`` should hold no video that is not listed. ``table`` is the name of the
    table that was read, if one was, ``table_file`` its place. ``written`` tells how it names each
    path. ``rendered`` has the settings of a rendered tree. ``notes`` are lines for the user.
    """

    corpus: "Corpus"
    root: Path
    recipe: Recipe
    videos: Sequence[ListedVideo]
    paths: Mapping[str, str]
    layout: str
    sha256: str
    folders: tuple[str, ...] = ()
    published: Mapping[str, Published] = field(default_factory=dict)
    table: str = ""
    table_file: Path | None = None
    written: Mapping[str, Written] = field(default_factory=dict)
    rendered: RenderedTree | None = None
    notes: tuple[str, ...] = ()

    def sources(self, names: Iterable[str]) -> list[Source]:
        """Returns the files of the videos of these names."""
        listed = {video.name: video for video in self.videos}
        return [self._source(listed[name]) for name in names]

    def _source(self, video: ListedVideo) -> Source:
        ids = (video.manipulation, video.video_id, video.target_id, video.source_id)
        kind = (self.recipe.compression, video.split, video.segments)
        return Source(video.name, self.paths[video.name], *ids, *kind)
