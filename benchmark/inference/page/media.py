"""Media of a page: a small video itself, else its sampled frames; and the faces that decided."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from benchmark.inference.page.clean_copy import copy_clean
from benchmark.inference.verdict import FileVerdict, FrameScore
from ffpms.errors import MediaError
from ffpms.extraction.boxes import Box
from ffpms.extraction.crops import cut_face
from ffpms.extraction.decoding.any_video import open_any_video
from ffpms.extraction.decoding.sampled_frames import MiscountedError, SampledFrames, TimedFrame
from ffpms.extraction.sampling import Sampling
from ffpms.html.pictures import image_uri

VIDEO_BYTES = 8_000_000
"""Largest video that is put into a page, in bytes; of a larger one its frames are shown."""

MOST_FRAMES = 40
"""Number of frames that are shown of a video which is not in the page."""

FRAME_PX, FACE_PX = 640, 144
"""Longer side of a frame, and side of a face, in a page."""

_PLAYED = {"mov": ("video/mp4", ("h264", "av1", "vp9")), "matroska": ("video/webm", ("vp8", "vp9", "av1"))}
"""What browsers play: the kind of file, and its codecs in 8 bit."""


@dataclass(frozen=True)
class Video:
    """A video in a page: its kind, and its bytes in base64."""

    kind: str
    base64: str


@dataclass
class Pictures:
    """Pictures of one video as data URIs: frames by seconds, faces by index and box."""

    frames: dict[float, str] = field(default_factory=dict)
    faces: dict[tuple[int, tuple[float, ...]], str] = field(default_factory=dict)


def read_video(path: Path, room: int) -> Video | None:
    """Reads a video that browsers play, if it is small enough for a page.

    Only its picture and sound are read: a page is passed on, and a file may tell where it was made.
    """
    try:
        if path.stat().st_size > min(room, VIDEO_BYTES):
            return None
        with open_any_video(path) as (container, stream):
            kind, codecs = _PLAYED.get(container.format.name.split(",")[0], ("", ()))
            is_webm = kind != "video/webm" or path.suffix.lower() == ".webm"
            if stream.codec_context.name not in codecs or not is_webm or not _is_plain(stream.codec_context.pix_fmt):
                return None
            clean = copy_clean(container, stream, kind)
        return Video(kind, base64.b64encode(clean).decode()) if clean else None
    except (MediaError, OSError, ValueError, StopIteration):
        return None


def _is_plain(pixel_format: str | None) -> bool:
    """Whether every browser can show such pixels: 8 bit, with colours for two pixels by two."""
    return pixel_format in ("yuv420p", "yuvj420p")


def take_pictures(verdict: FileVerdict, sampling: Sampling, faces: Iterable[FrameScore], with_frames: bool) -> Pictures:
    """Decodes the sampled frames once more, for the faces that are shown and for the frames.

    A video that cannot be decoded any more has none.
    """
    wanted: dict[int, list[FrameScore]] = {}
    for face in faces:
        wanted.setdefault(face.index, []).append(face)
    shown = _spread(verdict.sampled) if with_frames else frozenset()
    times: list[float] | None = None
    while True:
        pictures = Pictures()
        try:
            for one in SampledFrames(Path(verdict.path), sampling, times):
                _take(pictures, one, wanted, shown)
        except MiscountedError as counted:
            times = counted.times
            continue
        except MediaError:
            pass
        return pictures


def _spread(sampled: tuple[float, ...]) -> frozenset[float]:
    """Chooses the frames to show, evenly."""
    places = np.linspace(0, len(sampled) - 1, min(len(sampled), MOST_FRAMES)).round().astype(int)
    return frozenset(sampled[place] for place in places)


def _take(pictures: Pictures, one: TimedFrame, wanted: Mapping[int, list[FrameScore]], shown: frozenset[float]) -> None:
    for face in wanted.get(one.index, ()):
        crop = cut_face(one.frame.rgb_of, Box(*face.box), FACE_PX, Box(0, 0, *one.frame.size))
        pictures.faces[face.index, face.box] = image_uri(crop)
    if one.seconds in shown:
        pictures.frames[one.seconds] = image_uri(_shrink(one.frame.av_frame))


def _shrink(frame: av.VideoFrame) -> np.ndarray:
    scale = min(1.0, FRAME_PX / max(frame.width, frame.height))
    size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    return np.asarray(frame.reformat(*size, "rgb24", interpolation="AREA", threads=1).to_ndarray())
