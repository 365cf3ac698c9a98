"""Rows: score tables as arrays, read once a run and then only sliced."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ffpms.schema import Manipulation

BUCKET = 5
"""Width of a fake-rate bucket in percent: one level of a 20-frame bag."""


@dataclass(frozen=True)
class Rows:
    """What a metric sees of one level of one run, a row a video or a face.

    ``bag`` and ``pair`` are places in the sorted names of the videos and of the test pairs; pairs are what a bootstrap
    draws, for the videos a_b and b_a share faces.
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
        """The chosen rows."""
        names = ("label", "score", "slot", "bag", "pair", "manipulation", "bucket")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})

    def of(self, manipulation: str, bucket: str = "all") -> "Rows":
        """The originals and the fakes of a manipulation (or ``all``) in a bucket (or ``all``)."""
        return self.where(self.is_of(manipulation, bucket))

    def is_of(self, manipulation: str, bucket: str = "all") -> np.ndarray:
        """Which rows :meth:`of` takes."""
        chosen = np.ones(len(self.label), dtype=bool)
        if manipulation != "all":
            chosen &= (self.manipulation == str(Manipulation.ORIGINAL)) | (self.manipulation == str(manipulation))
        if bucket != "all":
            chosen &= (self.bucket == "") | (self.bucket == bucket)
        return chosen

    @property
    def n_bags(self) -> int:
        return len(np.unique(self.bag))

    @property
    def n_pairs(self) -> int:
        return len(self.pair_names)


def read_rows(scores: pd.DataFrame, level: str) -> Rows:
    """The video or frame rows of a SCORE table. Bags and pairs are numbered by name among all rows of the table, so
    that both levels, and other methods' tables of the same bags, number them alike."""
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


def bucket_of(fake_rate: pd.Series) -> pd.Series:
    """``5-10%`` holds the rates from 5 up to but not including 10 percent; ``95-100%`` includes 100. Real bags: ''."""
    percent = (fake_rate * 100).round(9)
    low = np.minimum(np.floor(percent / BUCKET), 100 / BUCKET - 1).astype(int) * BUCKET
    names: pd.Series = low.astype(str) + "-" + (low + BUCKET).astype(str) + "%"
    return names.where(fake_rate > 0, "")


def sort_buckets(names: np.ndarray) -> list[str]:
    """The buckets among the names, from the lowest rate."""
    return sorted(set(names.tolist()) - {""}, key=lambda name: int(name.partition("-")[0]))
