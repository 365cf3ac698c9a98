"""The test bags with their scores by each method, as lists and packed bytes for the page."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from benchmark.metrics.accuracy import THRESHOLD
from benchmark.runs.folder import Run

KINDS: dict[str, tuple[type[np.unsignedinteger[Any]], int]] = {"score": (np.uint8, 100), "weight": (np.uint16, 1000)}
"""How shares are packed: as which whole number, and what 1 is.

The page shows scores in whole percents and weights in tenths, as they are packed: a number that is
rounded twice would be another. The largest whole number stands for one that is not there.
"""
_ABOUT = ["bag_id", "manipulation", "y_true", "fake_rate", "status"]


@dataclass(frozen=True, eq=False)
class Bags:
    """The test bags of one set: what they are, and the scores of each line's trainings.

    ``about`` has a row a bag. ``by_seed`` has a row a bag and a column a training of each line; a
    training that did not score a bag has NaN there.
    """

    about: pd.DataFrame
    by_seed: dict[str, pd.DataFrame]
    frames: pd.DataFrame

    @classmethod
    def read(cls, lines: Mapping[str, Sequence[Run]]) -> "Bags":
        """Reads the scores of all lines; the same bag has the same name in each."""
        videos = {name: [_videos(run) for run in runs] for name, runs in lines.items()}
        every = pd.concat([table for tables in videos.values() for table in tables])
        about = every.drop_duplicates("bag_id")[_ABOUT].reset_index(drop=True)
        by_seed = {
            name: pd.DataFrame(
                {n: table.set_index("bag_id")["score"].reindex(about["bag_id"]) for n, table in enumerate(tables)}
            )
            for name, tables in videos.items()
        }
        return cls(about, by_seed, _read_frames(lines))

    @cached_property
    def mean(self) -> pd.DataFrame:
        """The mean score over seeds: a row a bag, a column a line."""
        return pd.DataFrame({name: table.mean(axis=1) for name, table in self.by_seed.items()})

    @cached_property
    def disagreement(self) -> np.ndarray:
        """The highest less the lowest score of the methods, by bag."""
        return np.asarray(self.mean.max(axis=1) - self.mean.min(axis=1))

    @cached_property
    def error(self) -> np.ndarray:
        """The mean over methods of |score - label|, by bag."""
        label = self.about["y_true"].to_numpy()[:, None]
        return np.asarray((self.mean - label).abs().mean(axis=1))

    @cached_property
    def wrong(self) -> pd.DataFrame:
        """Whether a mean score is on the wrong side of 0.5: a row a bag, a column a line."""
        fake = self.about["y_true"].to_numpy()[:, None] == 1
        return pd.DataFrame(self.mean.notna() & ((self.mean >= THRESHOLD) != fake))

    def hardest(self, number: int) -> list[str]:
        """Returns the bags that are hardest: by turns of the highest error and disagreement."""
        names = self.about["bag_id"].to_numpy()
        ranked = [names[np.argsort(-np.nan_to_num(by), kind="stable")] for by in (self.error, self.disagreement)]
        by_turns = [str(name) for couple in zip(*ranked, strict=True) for name in couple]
        return list(dict.fromkeys(by_turns))[:number]

    def as_lists(self) -> dict[str, Any]:
        """Lists the bags for the page, in columns."""
        return {
            "id": self.about["bag_id"].tolist(),
            "manipulation": self.about["manipulation"].tolist(),
            "label": self.about["y_true"].tolist(),
            "rate": (100 * self.about["fake_rate"]).round(1).tolist(),
            "status": self.about["status"].tolist(),
            "score": [_list(self.mean[name].to_numpy()) for name in self.by_seed],
            "wrong": [self.wrong[name].astype(int).tolist() for name in self.by_seed],
            "seeds": [[_list(own[n].to_numpy()) for n in own] for own in self.by_seed.values()],
            "disagreement": _list(self.disagreement),
            "error": _list(self.error),
            "frames": self._pack_frames(),
        }

    def _pack_frames(self) -> dict[str, Any]:
        """Packs the faces of all bags, bag after bag, as bytes in base64: labels, scores, weights.

        ``count`` are the faces of each bag.
        """
        place = {name: n for n, name in enumerate(self.about["bag_id"])}
        frames = self.frames.assign(bag=self.frames["bag_id"].map(place)).dropna(subset="bag")
        frames = frames.sort_values(["bag", "slot", "track_id"], kind="stable")
        count = np.bincount(frames["bag"].to_numpy(dtype=int), minlength=len(place))
        packed = {
            "count": count.tolist(),
            "slot": _base64(frames["slot"].to_numpy(dtype="<u2")),
            "track": _base64(frames["track_id"].to_numpy(dtype="<i2")),
            "label": _base64(frames["y_true"].to_numpy(dtype=np.uint8)),
        }
        for what, (kind, steps) in KINDS.items():
            packed[what] = [_pack(frames, f"{what} {n}", kind, steps) for n in range(len(self.by_seed))]
        return packed


def _videos(run: Run) -> pd.DataFrame:
    return run.scores[run.scores["level"] == "video"].drop_duplicates("bag_id")


def _read_frames(lines: Mapping[str, Sequence[Run]]) -> pd.DataFrame:
    """Joins the frame rows of all lines: a row a face, with the mean score and weight of each line.

    Another tool may not know whose face it scored. Where every slot has one face, it has no need.
    """
    tables = {n: [_faces(run) for run in runs] for n, runs in enumerate(lines.values())}
    every = [table for own in tables.values() for table in own]
    if not any(len(table) for table in every):
        return pd.DataFrame({"bag_id": [], "slot": [], "track_id": [], "y_true": []})
    keys = ["bag_id", "slot"]
    keys += ["track_id"] if any(table.duplicated(keys).any() for table in every) else []
    known = pd.concat(every).drop_duplicates(keys)[["bag_id", "slot", "track_id", "y_true"]].set_index(keys)
    for n, own in tables.items():
        mean = pd.concat(own).groupby(keys, sort=False)[["score", "weight"]].mean()
        known = known.join(mean.rename(columns={name: f"{name} {n}" for name in mean}))
    return known.reset_index()


def _faces(run: Run) -> pd.DataFrame:
    faces = run.scores[run.scores["level"] == "frame"]
    return faces[["bag_id", "slot", "track_id", "y_true", "score"]].assign(weight=faces["weight"].astype(float))


def _pack(frames: pd.DataFrame, column: str, kind: type[np.unsignedinteger[Any]], steps: int) -> str | None:
    """Packs a column of shares as whole numbers; None if no face has one."""
    values = frames[column].to_numpy(dtype=float) if column in frames else np.array([])
    if not np.isfinite(values).any():
        return None
    whole = np.where(np.isfinite(values), (np.nan_to_num(values) * steps).round(), np.iinfo(kind).max)
    return _base64(whole.astype(np.dtype(kind).newbyteorder("<")))


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _list(values: np.ndarray) -> list[float | None]:
    there = np.isfinite(values)
    return [value if known else None for value, known in zip(values.round(6).tolist(), there.tolist(), strict=True)]
