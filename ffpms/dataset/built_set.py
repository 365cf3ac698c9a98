"""BuiltSet: reads a built set and its bags."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ffpms.checks import shown, whole
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.segments import find_segments
from ffpms.dataset.set_files import REPORT, naming_settings, read_finished
from ffpms.errors import ConfigError, ManifestError
from ffpms.hashing import digest, file_digest
from ffpms.parquet import read_table
from ffpms.protocol.listing import mixable
from ffpms.protocol.naming import name_mixed
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.remixing import choose_fakes, redraw, remix
from ffpms.schema import CROP, FRAME, GRID, LANDMARK, PRESENT, SOURCE, VIDEO, WITH_PIXELS, Split

if TYPE_CHECKING:
    from ffpms.dataset.torch_data import TorchBags

_OF_A_VIDEO = ("bag_id", "manipulation", "pair_id", "label", "fake_rate", "status")
_OF_A_FACE = {"slots": "slot", "tracks": "track_id", "frame_labels": "label", "crops": "crop", "sha256": "sha256"}
_TABLES = {"videos": VIDEO, "frames": FRAME, "crops": CROP, "grid": GRID}
_OF_FILES = {"sources": SOURCE}
"""A table that names the set, and is no part of its identity: it holds no label and no pixel."""

LANDMARKS = "landmarks.parquet"
"""A table by which some methods forge faces: no part of the identity, for others never see it."""


@dataclass(frozen=True, repr=False, eq=False)
class BuiltSet:
    """A built set, as :func:`ffpms.load` reads it.

    ``name`` is what settings and tables bear out (:mod:`ffpms.protocol.naming`), whatever
    ``build.json`` says. ``reasons`` say why it is not the official one.
    ``unmixed`` is True if all frames of its fakes are taken as fake. Two sets are equal only if
    they are the same object; compare their ``sha256`` to compare their tables.

    Example:
        >>> data = ffpms.load("ffpms-data")
        >>> data.name, data.side, data.manipulations
        ('Minicorpus-6-custom', 64, ('DF', 'F2F', 'FS', 'NT'))
    """

    root: Path
    name: str
    reasons: tuple[str, ...]
    recipe: Recipe
    side: int
    sha256: str
    unmixed: bool
    videos: pd.DataFrame
    frames: pd.DataFrame
    crops: pd.DataFrame
    grid: pd.DataFrame
    sources: pd.DataFrame

    def __repr__(self) -> str:
        return f"BuiltSet({str(self.place)!r}, {self.name}, {len(self.videos)} bags)"

    @property
    def place(self) -> Path:
        """The root as one reads it: from the current folder, if it lies below that."""
        here = Path.cwd()
        return self.root.relative_to(here) if self.root.is_relative_to(here) else self.root

    @classmethod
    def load(cls, root: str | Path) -> "BuiltSet":
        """Reads a finished set from its folder; its root is absolute from then on.

        Raises:
            ManifestError: there is none, it is not finished, or a table is damaged.
        """
        root = Path(root)
        about = read_finished(root)
        schemas = _TABLES | _OF_FILES
        tables = {name: read_table(root / f"{name}.parquet", schema) for name, schema in schemas.items()}
        content = {name: file_digest(root / f"{name}.parquet") for name in schemas}
        if changed := [name for name, own in content.items() if own != about["sha256"].get(f"{name}.parquet")]:
            raise ManifestError(
                f"{root / changed[0]}.parquet: is not what was built; run the same 'ffpms build' again to repair it"
            )
        for name, table in tables.items():
            _check_texts(table, root / f"{name}.parquet")
        settings = naming_settings(about, str(root / REPORT))
        own = name_mixed(settings, tables["videos"], tables["sources"])
        sha256 = digest("".join(content[name] for name in _TABLES).encode())
        size = settings.crop.size
        return cls(root.absolute(), own.name, own.reasons, settings.recipe, size, sha256, False, **tables)

    def bags(
        self,
        split: str,
        manipulations: str | Collection[str] | None = None,
        seed: int | None = None,
        mix: str = "recipe",
    ) -> list[BagRecord]:
        """Returns the bags of a split: originals and fakes.

        Args:
            split: ``train``, ``val`` or ``test``.
            manipulations: one short name or several; all of the set if none are given.
            seed: draws anew which frames are replaced, as a training run does for its train bags.
            mix: how many of them, if not as the set was built: ``whole``, ``bernoulli`` or
                ``varied``, as ``ffpms bench --train-mix`` takes them.

        Raises:
            ConfigError: there is no such split, manipulation or mix, or ``seed`` is no number.

        Example:
            >>> {bag.label for bag in ffpms.load("ffpms-data").bags("test", ["DF", "NT"])}
            {0, 1}
        """
        _check_known("split", [split], list(Split))
        kinds = self.manipulations if manipulations is None else manipulations
        kinds = [kinds] if isinstance(kinds, str) or not isinstance(kinds, Iterable) else list(kinds)
        _check_known("manipulations", kinds, list(dict.fromkeys(self.videos["manipulation"])))
        videos, frames = self._rows(split, ["original", *kinds])
        if seed is not None or mix != "recipe":
            fake = redraw(videos, self.recipe, self.recipe.seed if seed is None else whole("seed", seed, low=0), mix)
            videos, frames = remix(videos, frames, self.crops, fake)
        return self.make_records(videos, frames)

    def torch(
        self,
        split: str,
        frames: int | None = 8,
        seed: int = 0,
        manipulations: str | Collection[str] | None = None,
    ) -> "tuple[TorchBags, Callable[[list[dict[str, Any]]], dict[str, Any]]]":
        """Returns a torch data set of a split's bags, and the function that collates a batch.

        A batch is a dict: ``faces`` (B, M, 3, S, S) uint8; ``mask`` (B, M) bool, True for a face;
        ``label`` (B,) and ``frame_labels`` (B, M) float; ``bag_id``.
        Bags without a face are left out.

        Args:
            split: ``train``, ``val`` or ``test``.
            frames: frames drawn of a bag, with all their faces, in the order of time; None takes
                all.
            seed: draws the frames, anew for each epoch that ``set_epoch`` names.
            manipulations: one short name or several; all of the set if none are given.

        Raises:
            ConfigError: there is no such split or manipulation, or ``frames`` is below 1. Or
                ``seed`` is no number.

        Example:
            >>> dataset, collate = ffpms.load("ffpms-data").torch("train", frames=8, seed=0)
            >>> batch = collate([dataset[0], dataset[1]])
            >>> batch["faces"].shape, batch["mask"].shape
            (torch.Size([2, 8, 3, 64, 64]), torch.Size([2, 8]))
        """
        from ffpms.dataset.torch_data import TorchBags, collate

        return TorchBags(self.bags(split, manipulations), frames, seed), collate

    def segments(self, split: str) -> pd.DataFrame:
        """Returns the runs of fake slots of the bags that were built, in slots and in seconds.

        ``end`` is the slot after the last. Seconds are NaN where a video's frame rate is not known.

        Shape: -> a row a segment: bag_id, start, end, start_s, end_s.

        Raises:
            ConfigError: there is no such split.

        Example:
            >>> segments = ffpms.load("ffpms-data").segments("test")
            >>> segments.columns.tolist()
            ['bag_id', 'start', 'end', 'start_s', 'end_s']
        """
        from ffpms.dataset.slot_times import slot_times

        _check_known("split", [split], list(Split))
        usable = self.videos["status"].isin(PRESENT)
        bags = self.videos.loc[usable & (self.videos["split"] == split), "bag_id"]
        found = find_segments(self.frames[self.frames["bag_id"].isin(bags)])
        slot_s = found["bag_id"].map(slot_times(self).set_index("bag_id")["slot_s"])
        return found.assign(start_s=found["start"] * slot_s, end_s=found["end"] * slot_s)

    def landmarks(self) -> dict[str, np.ndarray]:
        """Reads the landmarks of the real videos' crops: (68, 2) px by the crop's path.

        Raises:
            ManifestError: the set was built without them.
        """
        path = self.root / LANDMARKS
        if not path.is_file():
            raise ManifestError(f"{self.root}: has no landmarks; build it with --landmarks, by which faces are forged")
        if file_digest(path) != read_finished(self.root)["sha256"].get(path.name):
            raise ManifestError(f"{path}: is not what was built; run the same 'ffpms build' again to repair it")
        rows = read_table(path, LANDMARK).merge(self.crops, on=["source_video", "frame_index", "track_id"])
        return dict(zip(rows["crop"], points_of(rows), strict=True))

    def pure(self, split: str, manipulations: tuple[str, ...], fake: bool) -> list[BagRecord]:
        """Returns the fakes of a split, with all frames fake or with all frames replaced.

        A fake that stands alone is left out: no frame of it can be replaced.
        """
        videos, frames = self._rows(split, manipulations)
        videos = videos[mixable(videos)]
        frames = frames[frames["bag_id"].isin(videos["bag_id"])]
        slots = set(zip(frames["bag_id"], frames["slot"], strict=True)) if fake else set()
        return self.make_records(videos, choose_fakes(videos, frames, self.crops, slots))

    @property
    def manipulations(self) -> tuple[str, ...]:
        """The manipulations that have bags with pixels, in the order of the tables."""
        seen = self.videos[(self.videos["label"] == 1) & self.videos["status"].isin(WITH_PIXELS)]
        return tuple(dict.fromkeys(seen["manipulation"]))

    @property
    def crowded(self) -> tuple[str, ...]:
        """The bags in which a frame shows several people, as ``--faces all`` allows."""
        seen = self.frames[self.frames["status"].isin(WITH_PIXELS)]
        return tuple(seen.loc[seen.duplicated(["bag_id", "slot"]), "bag_id"].unique())

    def make_records(self, videos: pd.DataFrame, frames: pd.DataFrame) -> list[BagRecord]:
        """Makes the bags of a VIDEO table, with the faces that a FRAME table gives them."""
        usable = frames[frames["status"].isin(WITH_PIXELS)]
        by_bag = {str(bag): rows for bag, rows in usable.groupby("bag_id", sort=False)}
        return [self._make_record(video, by_bag.get(video["bag_id"])) for video in videos.to_dict("records")]

    def _make_record(self, video: dict[Any, Any], rows: pd.DataFrame | None) -> BagRecord:
        fields = {name: video[name] for name in _OF_A_VIDEO}
        fields |= {name: tuple(rows[column]) if rows is not None else () for name, column in _OF_A_FACE.items()}
        return BagRecord(**fields, dataset=self.name, side=self.side, root=self.root)

    def _rows(self, split: str, manipulations: Collection[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Returns the videos of a split and of manipulations, and their frames."""
        wanted = self.videos["manipulation"].isin(list(manipulations)) & (self.videos["split"] == split)
        videos = self.videos[wanted]
        return videos, self.frames[self.frames["bag_id"].isin(videos["bag_id"])]


def _check_known(what: str, chosen: Iterable[object], known: list[str]) -> None:
    """Checks that every name is a known one.

    Raises:
        ConfigError: one is not; lists those that are.
    """
    if unknown := [name for name in chosen if not isinstance(name, str) or name not in known]:
        names = ", ".join(name if isinstance(name, str) else shown(name) for name in unknown)
        raise ConfigError(f"{what}: {names} is unknown; choose from {', '.join(known)}")


def _check_texts(table: pd.DataFrame, path: Path) -> None:
    """Raises ManifestError if a name or a word is missing, but for an original's source_id."""
    texts = table.select_dtypes(["object", "string"]).drop(columns="source_id", errors="ignore")
    if empty := list(texts.columns[texts.isna().any()]):
        what = f"column {', '.join(empty)} has empty cells"
        raise ManifestError(f"{path}: {what}; 'ffpms build' writes no such set, do not use it")


N_POINTS = 68


def points_of(rows: pd.DataFrame) -> np.ndarray:
    """Returns the points of LANDMARK rows.

    Shape: -> (len(rows), 68, 2) float32, x and y.
    """
    flat = [np.asarray(points, np.float32) for points in rows["points"]]
    return np.stack(flat).reshape(-1, N_POINTS, 2) if flat else np.empty((0, N_POINTS, 2), np.float32)
