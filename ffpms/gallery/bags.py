"""Bags as they are shown: each person's faces in order, and the real video's at the same frames."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ffpms.dataset.built_set import BuiltSet
from ffpms.protocol.listing import mixable
from ffpms.protocol.remixing import choose_fakes
from ffpms.schema import ORIGINAL, PRESENT, UNKNOWN, Status, bag_key


class Mark(StrEnum):
    """What a face is, in the words below it; ``swapped in`` is a real frame in a fake."""

    FAKE = "fake"
    REPLACED = "swapped in"
    REAL = "real"


@dataclass(frozen=True)
class ShownFace:
    """A slot of a bag: its frame, what it shows, and its crop; no path if there is none.

    ``real`` is the crop of the real video at the same frame and place, of a fake bag.
    """

    slot: int
    frame_index: int
    track_id: int
    mark: Mark
    status: str
    crop: str
    sha256: str
    real: str = ""
    real_sha256: str = ""

    @property
    def remark(self) -> str:
        """What is odd about it, in words; empty if nothing is."""
        return "" if self.status == Status.OK else self.status.replace("_", " ")


@dataclass(frozen=True)
class ShownBag:
    """A bag with a row of faces a person; ``--faces all`` gives a bag several.

    ``people`` are track and faces. ``bucket`` is the name of its fake rate.
    """

    bag_id: str
    split: str
    manipulation: str
    target_id: str
    n_frames: int
    n_fake: int
    status: str
    error: str
    people: tuple[tuple[int, tuple[ShownFace, ...]], ...]

    @property
    def is_fake(self) -> bool:
        """Whether some of its frames are fake."""
        return self.manipulation != ORIGINAL

    @property
    def about(self) -> str:
        """Its label in words: how much of it is fake."""
        if self.status not in PRESENT:
            return f"not built: {self.status.replace('_', ' ')}"
        if not self.is_fake:
            return "real"
        return f"{self.n_fake} of {self.n_frames} frames fake ({self.n_fake / self.n_frames:.0%})"

    @property
    def counterpart(self) -> str:
        """The bag of its real video."""
        return bag_key(ORIGINAL, self.target_id)


def show_bags(data: BuiltSet, bag_ids: Iterable[str]) -> list[ShownBag]:
    """Reads bags of a set in the order that is given, to be shown; no crop is opened."""
    order = list(bag_ids)
    videos = data.videos[data.videos["bag_id"].isin(order)]
    frames = data.frames[data.frames["bag_id"].isin(order)]
    fakes = frames[frames["bag_id"].isin(videos.loc[mixable(videos), "bag_id"])]
    reals = choose_fakes(videos, fakes, data.crops, set())
    keys = zip(reals["bag_id"], reals["slot"], reals["track_id"], strict=True)
    real = dict(zip(keys, zip(reals["crop"], reals["sha256"], strict=True), strict=True))
    rows = {str(bag): own.to_dict("records") for bag, own in frames.groupby("bag_id", sort=False)}
    made = {video["bag_id"]: _show(video, rows.get(video["bag_id"], []), real) for video in videos.to_dict("records")}
    return [made[bag_id] for bag_id in order]


def _show(video: dict[Any, Any], rows: list[dict[Any, Any]], real: dict[tuple[Any, ...], tuple[str, str]]) -> ShownBag:
    tracks = sorted({row["track_id"] for row in rows} - {UNKNOWN}) or [UNKNOWN]
    people = tuple(
        (int(track), tuple(_show_face(row, real) for row in rows if row["track_id"] in (track, UNKNOWN)))
        for track in tracks
    )
    about = {name: video[name] for name in ("bag_id", "split", "manipulation", "target_id", "status", "error")}
    return ShownBag(**about, n_frames=int(video["n_frames"]), n_fake=int(video["n_fake"]), people=people)


def _show_face(row: dict[Any, Any], real: dict[tuple[Any, ...], tuple[str, str]]) -> ShownFace:
    mark = Mark.FAKE if row["label"] == 1 else Mark.REPLACED if row["replaced"] else Mark.REAL
    own = real.get((row["bag_id"], row["slot"], row["track_id"]), ("", ""))
    slot, frame_index, track_id = (int(row[name]) for name in ("slot", "frame_index", "track_id"))
    return ShownFace(slot, frame_index, track_id, mark, row["status"], row["crop"], row["sha256"], *own)
