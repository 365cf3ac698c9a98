"""Rows: score tables as arrays, read once a run and then only sliced."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from benchmark.metrics.accuracy import validate
from ffpms.errors import ConfigError
from ffpms.schema import ORIGINAL, UNKNOWN

BUCKET = 5
"""Width of a fake-rate bucket in percent: one level of a 20-frame bag."""


@dataclass(frozen=True)
class Rows:
    """The scores of one level of one run as arrays: a row a video or a face.

    ``bag`` and ``pair`` are places in the sorted names of the videos and of the test pairs. A
    bootstrap draws pairs, for the videos a_b and b_a share faces.
    """

    label: np.ndarray
    score: np.ndarray
    slot: np.ndarray
    bag: np.ndarray
    pair: np.ndarray
    manipulation: np.ndarray
    bucket: np.ndarray
    bag_names: tuple[str, ...]
    pair_names: tuple[str, ...]

    def where(self, chosen: np.ndarray) -> "Rows":
        """Returns the chosen rows."""
        names = ("label", "score", "slot", "bag", "pair", "manipulation", "bucket")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})

    def of(self, manipulation: str, bucket: str = "all") -> "Rows":
        """Returns originals and the fakes of a manipulation and bucket (or ``all``)."""
        return self.where(self.is_of(manipulation, bucket))

    def is_of(self, manipulation: str, bucket: str = "all") -> np.ndarray:
        """Tells which rows :meth:`of` takes."""
        chosen = np.ones(len(self.label), dtype=bool)
        if manipulation != "all":
            chosen &= (self.manipulation == ORIGINAL) | (self.manipulation == manipulation)
        if bucket != "all":
            chosen &= (self.bucket == "") | (self.bucket == bucket)
        return chosen

    @property
    def n_bags(self) -> int:
        """Number of videos."""
        return len(np.unique(self.bag))

    @property
    def n_pairs(self) -> int:
        """Number of test pairs."""
        return len(self.pair_names)

    @property
    def n_bearing_pairs(self) -> int:
        """Number of test pairs that a number of these rows rests on: those of the rarer class."""
        return min((len(np.unique(self.pair[self.label == y])) for y in np.unique(self.label)), default=0)


def read_rows(scores: pd.DataFrame, level: str) -> Rows:
    """Reads the video or frame rows of a SCORE table.

    Bags and pairs are numbered by name among all rows of the table. So both levels number them
    alike, and so do other methods' tables of the same bags.
    """
    bag, pair = (pd.factorize(scores[name], sort=True) for name in ("bag_id", "pair_id"))
    chosen = (scores["level"] == level).to_numpy()
    of_level = scores[chosen]
    return Rows(
        label=of_level["y_true"].to_numpy(dtype=np.int64),
        score=of_level["score"].to_numpy(dtype=np.float64),
        slot=of_level["slot"].to_numpy(dtype=np.int64),
        bag=bag[0][chosen],
        pair=pair[0][chosen],
        manipulation=of_level["manipulation"].to_numpy(dtype=str),
        bucket=bucket_of(of_level["fake_rate"]).to_numpy(dtype=str),
        bag_names=tuple(bag[1]),
        pair_names=tuple(pair[1]),
    )


def read_videos(table: pd.DataFrame) -> Rows:
    """Reads a table of videos alone, such as the rate grid's, which has no level and no slot."""
    return read_rows(table.assign(level="video", slot=UNKNOWN), "video")


def make_rows(
    label: ArrayLike,
    score: ArrayLike,
    video: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    slot: ArrayLike | None = None,
) -> Rows:
    """Makes rows of plain arrays.

    By default each row is a video of its own, each video a cluster, and a video's slots follow its
    rows.

    Shape: label, score, video, cluster, slot (N,).

    Raises:
        ConfigError: an array is of another length, or labels, scores or slots are not what they
            should be.
    """
    labels, scores = validate(label, score)
    own = np.arange(len(labels))
    bag, bag_names = _factorize(own if video is None else video, len(labels), "video")
    pair, pair_names = (bag, bag_names) if cluster is None else _factorize(cluster, len(labels), "cluster")
    slots = _check_length(_count_within(bag) if slot is None else slot, len(labels), "slot")
    if not np.issubdtype(slots.dtype, np.integer):
        raise ConfigError("slots are not all whole numbers")
    blank = np.full(len(labels), "")
    return Rows(labels, scores, slots, bag, pair, blank, blank, bag_names, pair_names)


def number(names: ArrayLike, length: int, what: str) -> np.ndarray:
    """Numbers names: the place of each among all names in order.

    Raises:
        ConfigError: there are more names or fewer than rows.
    """
    return _factorize(names, length, what)[0]


def _count_within(bag: np.ndarray) -> np.ndarray:
    """Counts 0, 1, 2, ... along the rows of each bag."""
    order = np.argsort(bag, kind="stable")
    count = np.empty(len(bag), dtype=np.int64)
    count[order] = np.arange(len(bag)) - np.searchsorted(bag[order], bag[order])
    return count


def _factorize(names: ArrayLike, length: int, what: str) -> tuple[np.ndarray, tuple[str, ...]]:
    distinct, place = np.unique(_check_length(names, length, what), return_inverse=True)
    return place, tuple(map(str, distinct))


def _check_length(values: ArrayLike, length: int, what: str) -> np.ndarray:
    found = np.asarray(values)
    if found.shape != (length,):
        raise ConfigError(f"{what} {found.shape} is not a column of the {length} rows")
    return found


def bucket_of(fake_rate: pd.Series) -> pd.Series:
    """Returns the bucket of each fake rate; of real bags ''.

    ``5-10%`` holds the rates from 5 up to but not including 10 percent; ``95-100%`` includes 100.
    """
    return fake_rate.map({rate: _bucket_of_one(rate) for rate in fake_rate.unique()})


def _bucket_of_one(fake_rate: float) -> str:
    if not fake_rate > 0:
        return ""
    low = min(int(round(100 * fake_rate, 9) // BUCKET), 100 // BUCKET - 1) * BUCKET
    return f"{low}-{low + BUCKET}%"


def sort_buckets(names: np.ndarray) -> list[str]:
    """Sorts the buckets among the names, from the lowest rate."""
    return sorted(set(names.tolist()) - {""}, key=lambda name: int(name.partition("-")[0]))
