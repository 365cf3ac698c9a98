"""Video: each bag as a lossless mp4, whose decoded frames are the faces, byte for byte.

The one module of ``ffpms.export`` that knows a codec: H.264 in RGB at quantiser 0 (libx264rgb).
"""

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import Any

import av
import numpy as np

from ffpms.export.features import BAGS, TEXT
from ffpms.export.folder_tables import METADATA, TABLE, table_steps
from ffpms.export.format import ExportJob, Format, Step, write_bytes
from ffpms.export.pictures import faces_at
from ffpms.export.selection import ExportBag

LISTS = ("slot", "frame_index", "source_video")
FEATURES = {"file_name": TEXT, "split": TEXT} | {
    name: feature for name, feature in BAGS.items() if name not in ("images", "track_id", "replaced", "box", "sha256")
}
"""The columns of its tables."""
FPS = 5
"""Slots a second."""
_LOSSLESS = {"qp": "0", "preset": "veryfast", "threads": "1"}


def make_steps(job: ExportJob) -> list[Step]:
    """Returns a step a bag, then a table a split."""
    videos = [_video_step(job, bag) for bag in job.bags if bag.faces]
    return [*videos, *table_steps(job, _rows, FEATURES)]


def people(bag: ExportBag) -> dict[str, list[int]]:
    """Returns the places of each video's faces, by its file's name: a video a person.

    Only where frames show several people has a bag more than one.
    """
    if not bag.record.crowded:
        return {f"{bag.bag_id}.mp4": list(range(len(bag.faces)))}
    tracks = sorted(set(bag.record.tracks))
    return {f"{bag.bag_id}-{t}.mp4": [i for i, own in enumerate(bag.record.tracks) if own == t] for t in tracks}


def _video_step(job: ExportJob, bag: ExportBag) -> Step:
    return Step(tuple(job.out / bag.split / name for name in people(bag)), partial(_write, job, bag))


def _write(job: ExportJob, bag: ExportBag) -> None:
    faces = faces_at(bag, job.size)
    for name, places in people(bag).items():
        slots = [bag.record.slots[i] for i in places]
        write_bytes(job.out / bag.split / name, encode_video(faces[places], slots))


def encode_video(faces: np.ndarray, slots: list[int]) -> bytes:
    """Encodes faces as an mp4, each at the time of its slot; the same faces give the same bytes.

    Shape: faces (M, S, S, 3) uint8, RGB -> bytes.
    """
    file = BytesIO()
    with av.open(file, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264rgb", rate=FPS, options=_LOSSLESS)
        stream.height, stream.width = faces.shape[1:3]
        stream.pix_fmt = "rgb24"
        for slot, face in zip(slots, faces, strict=True):
            frame = av.VideoFrame.from_ndarray(face, format="rgb24")
            frame.pts = slot
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _rows(bags: Sequence[ExportBag]) -> list[dict[str, Any]]:
    """A row a video file; one without a file for each bag without a face."""
    return [_row(bag, *file) for bag in bags for file in (people(bag) if bag.faces else {"": []}).items()]


def _row(bag: ExportBag, name: str, places: list[int]) -> dict[str, Any]:
    faces = [bag.describe_faces()[i] for i in places]
    lists = {key: [face[key] for face in faces] for key in LISTS}
    labels = {"frame_labels": [face["label"] for face in faces], "slot_labels": list(map(int, bag.slot_labels))}
    return {"file_name": name, "split": bag.split} | bag.describe() | labels | lists


def _describe(job: ExportJob) -> str:
    return f"""`SPLIT/BAG.mp4` has the faces of a bag at {job.size or job.data.side} px.
It is H.264 in RGB without loss: its decoded frames are the faces, byte for byte.
Slot s is shown at s / {FPS} seconds; a slot without a face has no frame, so the one before it stays.
Where frames show several people there is a video a person, `BAG-TRACK.mp4`.
`SPLIT/{METADATA}` has a row a file, with a label a frame and a slot.
A bag without a face has no file: `{TABLE}` has a row for every bag.

Some players cannot show H.264 in RGB; ffmpeg, mpv and VLC can."""


FORMAT = Format(
    name="video",
    title="bags as lossless video",
    unit="bag",
    make_steps=make_steps,
    describe=_describe,
    without_face="Such a slot has no frame. Such a bag has no file, and a row of `metadata.csv`.",
)
