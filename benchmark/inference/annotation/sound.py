"""Sound of a video: its tracks, copied where the container takes them, else encoded anew."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import ffmpeg

from benchmark.inference.annotation.formats import Format
from ffpms.extraction.decoding.any_video import length_of, open_any_video

ITSELF = "<source>"
"""What stands for the path in a command: ffmpeg-python takes no name that is no text."""


@dataclass(frozen=True)
class Source:
    """What annotating needs to know of a video file, other than its frames.

    ``start`` is where its clock begins, in seconds. ``size`` is that of a frame as stored, and
    ``pixel_aspect`` the width of its pixels over their height. ``sounds`` are the index, codec and
    number of channels of each track of sound that can be decoded.
    """

    path: Path
    demuxer: str
    start: float
    duration: float
    size: tuple[int, int]
    pixel_aspect: float
    sounds: tuple[tuple[int, str, int], ...]

    @classmethod
    def read(cls, path: Path) -> "Source":
        """Reads the head of a file.

        Raises:
            MediaError: it cannot be read as a video.
        """
        with open_any_video(path) as (container, stream):
            start, aspect = container.start_time, stream.sample_aspect_ratio
            own = float((stream.start_time or 0) * (stream.time_base or 0))
            sounds = [(track.index, track.codec_context) for track in container.streams.audio]
            return cls(
                path=path,
                demuxer=container.format.name.split(",")[0],
                start=start / av.time_base if start is not None else own,
                duration=length_of(container),
                size=(stream.codec_context.width, stream.codec_context.height),
                pixel_aspect=float(aspect) if aspect else 1.0,
                sounds=tuple((i, codec.name, codec.channels) for i, codec in sounds if codec is not None),
            )

    def tracks(self) -> list[Any]:
        """Returns the tracks of sound for ffmpeg, which opens this file and no other.

        Their times are those of the video's frames: from the beginning of the file.
        """
        if not self.sounds:
            return []
        file = ffmpeg.input(ITSELF, format=self.demuxer, protocol_whitelist="file", itsoffset=-self.start, vn=None)
        return [file[str(index)] for index, _, _ in self.sounds]

    def options(self, form: Format) -> dict[str, Any]:
        """Returns the options of each track: copied, or encoded anew."""
        found: dict[str, Any] = {}
        for place, (_, codec, channels) in enumerate(self.sounds):
            copied = codec in form.copied
            found[f"c:a:{place}"] = "copy" if copied else form.sound_encoder
            if not copied:
                found[f"ac:a:{place}"] = min(channels, 2)  # libopus refuses some layouts of more
        return found
