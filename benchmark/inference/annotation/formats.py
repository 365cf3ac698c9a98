"""Formats of an annotated video: containers, their encoders, and the sound that is copied."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ffpms.errors import ConfigError

TICKS = 90_000
"""Ticks a second of the times of frames, as in broadcasts: each usual rate is whole in it."""


@dataclass(frozen=True)
class Format:
    """A container: how ffmpeg calls it, how its video is encoded, which sound is copied into it.

    Sound of another codec is encoded by ``sound_encoder``.
    """

    muxer: str
    encoder: str
    options: Mapping[str, Any]
    copied: frozenset[str]
    sound_encoder: str


_H264 = {"crf": 20, "preset": "veryfast"}
_VP9 = {"crf": 32, "b:v": 0, "deadline": "realtime", "cpu-used": 6, "row-mt": 1}
_MP4_SOUND = frozenset({"aac", "mp3", "ac3", "eac3", "alac"})
_MKV_SOUND = _MP4_SOUND | {"opus", "vorbis", "flac", "mp2", "dts", "truehd", "pcm_s16le", "pcm_s24le", "pcm_f32le"}

FORMATS: dict[str, Format] = {
    ".mp4": Format(
        "mp4", "libx264", {**_H264, "video_track_timescale": TICKS, "movflags": "+faststart"}, _MP4_SOUND, "aac"
    ),
    ".mkv": Format("matroska", "libx264", _H264, _MKV_SOUND, "aac"),
    ".webm": Format("webm", "libvpx-vp9", _VP9, frozenset({"opus", "vorbis"}), "libopus"),
}
"""Formats by the end of the file's name."""


def format_of(out: Path) -> Format:
    """Returns the format that a file's name asks for.

    Raises:
        ConfigError: there is none of that name.
    """
    if out.suffix.lower() not in FORMATS:
        raise ConfigError(f"{out}: an annotated video is {', '.join(FORMATS)}; give such a name")
    return FORMATS[out.suffix.lower()]
