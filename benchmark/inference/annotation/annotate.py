"""Annotating: writes a copy of a video with boxes, labels and a timeline; the sound is kept."""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from benchmark.inference.annotation.boxes import PersonBox, draw_boxes, make_boxes
from benchmark.inference.annotation.canvas import Canvas
from benchmark.inference.annotation.encoder import encoding, view_pixels
from benchmark.inference.annotation.sound import Source
from benchmark.inference.annotation.strip import draw_strip
from benchmark.inference.verdict import FileVerdict
from ffpms import __version__
from ffpms.errors import MediaError
from ffpms.extraction.decoding.any_video import FileStatus, open_any_video
from ffpms.extraction.decoding.sampled_frames import MiscountedError, SampledFrames, TimedFrame
from ffpms.extraction.sampling import Sampling
from ffpms.hashing import digest
from ffpms.storage import drop_abandoned

Shown = Callable[[Iterable[TimedFrame], int], Iterable[TimedFrame]]
"""Passes on frames, whose number it is told, and shows how many are done."""

NOT_SHOWN = (FileStatus.NO_VIDEO, FileStatus.UNREADABLE)
"""Files of which there is nothing to show; one without a face is shown, and says so."""


class EveryFrame(Sampling):
    """Takes all frames of a video."""

    def indices(self, times: Sequence[float]) -> list[int]:
        """Returns the indices of all frames."""
        return list(range(len(times)))

    def too_short(self, n_frames: int, n_sampled: int) -> str:  # noqa: ARG002  # of the class above
        """Returns why a video cannot be shown."""
        return "" if n_sampled else "there is no frame in it"


def annotate(verdict: FileVerdict, out: Path, shown: Shown = lambda frames, _: frames) -> bool:
    """Writes a video with its verdict drawn into it; returns False if that file is there already.

    It is upright and has square pixels. Each frame keeps its time. A picture narrower than 320 px
    is enlarged by a whole factor, so that its text can be read.

    Raises:
        ConfigError: there is no ffmpeg program, or the name asks for another kind of file.
        MediaError: the video cannot be decoded or encoded.
        StorageError: the disk does not take the file.
    """
    comment = _describe(verdict)
    if _is_done(out, comment):
        return False
    drop_abandoned(out)
    source, times = Source.read(Path(verdict.path)), None
    while True:
        frames = SampledFrames(source.path, EveryFrame(), times)
        try:
            _Annotation(verdict, source, out, comment).write(frames, shown)
        except MiscountedError as counted:
            times = counted.times
        else:
            return True


def _describe(verdict: FileVerdict) -> str:
    """Returns the comment in the file, by which it is known to show this verdict."""
    details = json.dumps(verdict.as_json() | {"path": ""})
    return f"annotated by ffpms {__version__} with the verdict {digest(details.encode())[:16]}"


def _is_done(out: Path, comment: str) -> bool:
    with suppress(MediaError), open_any_video(out) as (container, _):
        return comment in container.metadata.values()
    return False


@dataclass(frozen=True)
class _Annotation:
    verdict: FileVerdict
    source: Source
    out: Path
    comment: str

    def write(self, frames: SampledFrames, shown: Shown) -> None:
        """Encodes all frames, drawn upon."""
        decoded = iter(frames)
        first = next(decoded, None)
        if first is None:
            raise MediaError(self.source.path, "not annotated: no frame can be decoded", FileStatus.UNREADABLE)
        canvas = Canvas.of(first.frame.size, self._aspect(first))
        strip, boxes = draw_strip(self.verdict, canvas, self.source.duration), make_boxes(self.verdict, canvas)
        size = _even(canvas.width), _even(canvas.height + strip.pixels.shape[0])
        with encoding(self.source, self.out, size, self.comment) as (pixels, write):
            before = None
            for one in shown(chain([first], decoded), frames.n_sampled):
                _show(pixels[: canvas.height, : canvas.width], one, boxes)
                strip.draw(pixels[canvas.height :, : canvas.width], one.seconds, before)
                write(before := one.seconds)

    def _aspect(self, first: TimedFrame) -> float:
        """Returns the aspect of the pixels of an upright frame."""
        is_turned = first.frame.size == self.source.size[::-1] != self.source.size
        return 1 / self.source.pixel_aspect if is_turned else self.source.pixel_aspect


def _show(picture: np.ndarray, one: TimedFrame, boxes: Sequence[PersonBox]) -> None:
    """Draws a frame in the size of the picture, and its boxes."""
    height, width, _ = picture.shape
    frame = one.frame.av_frame.reformat(width, height, "rgb24", interpolation="BICUBIC", threads=1)
    picture[:] = view_pixels(frame)
    draw_boxes(picture, boxes, one.seconds)


def _even(length: int) -> int:
    """Rounds up to an even number: colours are stored for two pixels by two."""
    return length + length % 2
