"""Listing: the videos of a corpus as the plan sees them, without files and without pixels."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace

import pandas as pd

from ffpms.hashing import digest
from ffpms.protocol.splits import Pairs
from ffpms.schema import ORIGINAL, bag_key

Seconds = tuple[float, float]
"""Start and end of a part of a video; the end is not in it."""


@dataclass(frozen=True)
class ListedVideo:
    """A video of a corpus, real or fake, which is to be a bag.

    ``target_id`` is the real video of a fake. A fake that stands alone has none: its target is its
    own name, and no frame of it is replaced. ``source_id`` says whose face was put in, if that is
    known. Videos of one ``pair_id`` share faces, and are resampled together. ``segments`` are the
    fake seconds of a fake that stands alone; without any, all of it is fake.

    Example:
        >>> ListedVideo("test", "DF", "953_974", "953", "974", "953_974").name
        'DF_953_974'
    """

    split: str
    manipulation: str
    video_id: str
    target_id: str
    source_id: str | None
    pair_id: str
    segments: tuple[Seconds, ...] = ()

    @property
    def name(self) -> str:
        """The video's name among all manipulations, which is its bag's too."""
        return bag_key(self.manipulation, self.video_id)

    @property
    def is_alone(self) -> bool:
        """Whether it is a fake without a real counterpart."""
        return self.target_id == self.name

    def standing_alone(self) -> "ListedVideo":
        """Returns a fake without its real counterpart; a real video as it is."""
        return self if self.manipulation == ORIGINAL else replace(self, target_id=self.name)


def list_pairs(pairs: Pairs, manipulations: Sequence[str]) -> list[ListedVideo]:
    """Lists the videos of id pairs: both originals, and both fakes of each manipulation.

    Example:
        >>> [video.name for video in list_pairs({"test": [("953", "974")]}, ["DF"])]
        ['original_953', 'original_974', 'DF_953_974', 'DF_974_953']
    """
    videos = []
    for split, members in pairs.items():
        both_ways = [(ids, f"{pair[0]}_{pair[1]}") for pair in members for ids in (pair, pair[::-1])]
        videos += [ListedVideo(split, ORIGINAL, target, target, None, pair) for (target, _), pair in both_ways]
        for kind in manipulations:
            videos += [ListedVideo(split, kind, f"{t}_{s}", t, s, pair) for (t, s), pair in both_ways]
    return videos


def listing_digest(videos: Iterable[ListedVideo]) -> str:
    """SHA-256 of all that a listing says of its videos, in any order."""
    return digest(json.dumps(sorted(map(str, map(astuple, videos)))).encode())


def limited(videos: Sequence[ListedVideo], limit: int | None) -> list[ListedVideo]:
    """Returns the first ``limit`` real videos of each split, with their fakes.

    Of the fakes that stand alone it is the first of each split and manipulation.
    """
    if limit is None:
        return list(videos)
    seen: Counter[tuple[str, str]] = Counter()
    kept: set[str] = set()
    for video in videos:
        if video.manipulation == ORIGINAL or video.is_alone:
            seen[video.split, video.manipulation] += 1
            if seen[video.split, video.manipulation] <= limit:
                kept.add(video.target_id)
    return [video for video in videos if video.target_id in kept]


def is_alone(rows: pd.DataFrame) -> pd.Series:
    """Marks the rows of fakes that stand alone."""
    return rows["target_id"] == rows["bag_id"]


def counterparts(rows: pd.DataFrame) -> pd.Series:
    """Names the real video of each row's target; for a fake that stands alone it is that itself."""
    real: pd.Series = (bag_key(ORIGINAL, "") + rows["target_id"]).where(~is_alone(rows), rows["bag_id"])
    return real


def mixable(videos: pd.DataFrame) -> pd.Series:
    """Marks the fake bags in which frames can be replaced: those with a real counterpart."""
    return (videos["manipulation"] != ORIGINAL) & ~is_alone(videos)


def copies_across_splits(sources: pd.DataFrame) -> list[tuple[str, str]]:
    """Lists the videos that are a copy of one in another split: each path, and what is wrong.

    Example:
        >>> rows = pd.DataFrame({"path": ["a", "b", "c"], "split": ["train", "test", "test"]})
        >>> copies_across_splits(rows.assign(sha256=["1", "1", "2"]))
        [('b', 'the same bytes as a, which is train, and this is test')]
    """
    known = sources[sources["sha256"].fillna("") != ""]
    first = known.groupby("sha256")[["path", "split"]].transform("first")
    apart = known["split"] != first["split"]
    rows = zip(known["path"][apart], first["path"][apart], first["split"][apart], known["split"][apart], strict=True)
    return [(path, f"the same bytes as {same}, which is {split}, and this is {own}") for path, same, split, own in rows]
