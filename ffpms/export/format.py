"""Format: how a set is written for others, as steps that can each be done again."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.set_files import corpus_of, read_finished
from ffpms.export.selection import ExportBag, Selection
from ffpms.sources.corpus import Corpus
from ffpms.storage import whole_file


@dataclass(frozen=True)
class ExportJob:
    """What is exported, and where to.

    ``size`` is in px; None leaves the crops as they are stored.
    """

    data: BuiltSet
    out: Path
    selection: Selection
    size: int | None = None
    recipe_only: bool = False

    @property
    def bags(self) -> tuple[ExportBag, ...]:
        """All bags, in the order of the tables."""
        return self.selection.bags

    @cached_property
    def corpus(self) -> Corpus:
        """Whose videos the set was built from."""
        return corpus_of(read_finished(self.data.root))

    @property
    def is_whole(self) -> bool:
        """Whether it has all bags of the set."""
        return len(self.selection.videos) == len(self.data.videos)

    @property
    def growth(self) -> float:
        """How much larger the pictures are than the set's size, by their area."""
        return 1.0 if self.size is None else (self.size / self.data.side) ** 2

    def count_bags(self, unbuilt: bool) -> dict[tuple[str, str], int]:
        """Counts bags by split and manipulation; ``unbuilt`` ones are counted if that is True."""
        rows = self.selection.videos
        own = rows if unbuilt else rows[rows["bag_id"].isin([bag.bag_id for bag in self.bags])]
        return dict(Counter(zip(own["split"], own["manipulation"], strict=True)))

    def of(self, split: str) -> list[ExportBag]:
        """Returns the bags of a split, in the order of the tables."""
        return [bag for bag in self.bags if bag.split == split]

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have a bag, in the order of the tables."""
        return tuple(dict.fromkeys(bag.split for bag in self.bags))

    @property
    def splits_with_faces(self) -> tuple[str, ...]:
        """The splits that have a face; a table of faces of any other would have no row."""
        return tuple(dict.fromkeys(bag.split for bag in self.bags if bag.faces))


@dataclass(frozen=True)
class Step:
    """Some files and the function that writes them, each whole; done if all are there."""

    files: tuple[Path, ...]
    write: Callable[[], None]

    def run(self) -> bool:
        """Writes the files unless all are there; returns whether it wrote."""
        if all(file.is_file() for file in self.files):
            return False
        for file in self.files:
            file.parent.mkdir(parents=True, exist_ok=True)
        self.write()
        return True


@dataclass(frozen=True)
class Format:
    """A format: its name, what it is for, its steps, and its part of the README.

    ``unit`` is what a step writes. ``without_face`` says how slots and bags without a face are
    written. ``keeps_unbuilt`` says whether bags that could not be built are in it, by their status.
    ``without_pixels`` says whether ``--recipe-only`` makes sense. ``size`` is the default of
    ``--size``.
    """

    name: str
    title: str
    unit: str
    make_steps: Callable[[ExportJob], list[Step]]
    describe: Callable[[ExportJob], str]
    without_face: str
    keeps_unbuilt: bool = False
    has_pixels: bool = True
    without_pixels: bool = False
    size: int | None = None
    head: Callable[[ExportJob], dict[str, object]] = lambda _: {}


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file that can be made again, in one step."""
    with whole_file(path, durable=False) as file:
        file.write(data)


def shards(bags: Sequence[ExportBag], limit: int, resized: float = 1.0) -> list[list[ExportBag]]:
    """Cuts bags into runs of about ``limit`` bytes of pictures each, in order.

    Bags are never split; one alone may be larger. ``resized`` scales the stored bytes.
    """
    runs: list[list[ExportBag]] = []
    filled = 0.0
    for bag in bags:
        if not runs or filled + bag.n_bytes * resized > limit:
            runs.append([])
            filled = 0
        runs[-1].append(bag)
        filled += bag.n_bytes * resized
    return runs
