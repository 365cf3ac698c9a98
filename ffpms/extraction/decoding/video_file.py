"""Opening of video files: chooses the video track, turns frames upright, explains what fails.

A file named ``.mp4``, or as its relatives are, is opened as mp4 and nothing else. Any other is
opened as what it is, if that holds its own frames: no file leads to another one.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import SideDataContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from packaging.version import Version

from ffpms.errors import MediaError
from ffpms.regular_files import check_file, open_file
from ffpms.schema import Status

ANY_TEXT: dict[str, Any] = {"metadata_errors": "replace"} if Version(av.__version__) < Version("19") else {}
"""Titles and tags may be in any encoding; from PyAV 19 on they always may."""

_VIDEO = (
    *("mov", "mp4", "matroska", "webm", "avi", "gif", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "ogg"),
    *("mxf", "nut", "ivf", "obu", "av1", "h264", "hevc", "m4v", "vc1", "dv", "rm", "wtv", "yuv4mpegpipe", "apng"),
)
_SOUND = ("mp3", "wav", "w64", "flac", "aac", "aiff", "amr", "ac3", "eac3", "au", "caf", "ape", "wv", "opus")
SAFE = {"protocol_whitelist": "file", "format_whitelist": ",".join((*_VIDEO, *_SOUND))}
"""What ffmpeg may open: a file that holds its own frames. Sound is opened to say that."""

_MP4 = (".mp4", ".m4v", ".mov", ".3gp")
"""Endings of files that are opened as mp4 alone."""
_OTHERS = {b"\x1a\x45\xdf\xa3": "Matroska or WebM", b"RIFF": "AVI", b"FLV": "FLV", b"OggS": "Ogg"}
"""How files of other kinds begin, which may be named ``.mp4``."""
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlis")
"""How files begin that only name others; they may follow a byte-order mark."""

_UNDESCRIBED = {"skip_frame": "all", "probesize": "32"}
"""Options by which ffmpeg opens an mp4 without decoding a frame of it.

What only decoding tells, as the pixel format, is then known once a frame is decoded.
"""

_DEFAULT_TRACK = 5_000_000
"""What being the default track is worth in pixels, as in ffmpeg."""


_CONVERTED_ALIKE = frozenset(
    {"yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p", "gray", "rgb24", "gbrp"}
)
"""Pixel formats that PyAV and the ffmpeg program convert to the same RGB."""


@contextmanager
def open_video(
    path: Path, track: int | None = None, *, described: bool = True, **options: str
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Opens a video file, and chooses the track that ffmpeg would choose.

    If the number of the ``track`` is known from before, or they need not be ``described``, no frame
    is decoded to describe the tracks. ``options`` are the demuxer's.

    Raises:
        MediaError: the file is missing or empty, has no video, or cannot be read inside either.
    """
    try:
        if check_file(path).stat().st_size == 0:
            raise MediaError(path, "empty file; download it again", Status.UNREADABLE)
        options |= {} if track is None and described else _UNDESCRIBED
        with open_container(path, "mp4" if is_named_mp4(path) else None, **options) as container:
            stream = _main_track(path, container) if track is None else _track(container, track)
            stream.codec_context.thread_count = 1  # we run one process a video
            yield container, stream
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MediaError(path, "not found; download it", Status.MISSING) from error
    except IsADirectoryError as error:
        raise MediaError(path, f"{error.strerror}; put the video itself there", Status.UNREADABLE) from error
    except (av.error.FFmpegError, OSError) as error:
        remedy = _remedy(path, error)
        raise MediaError(path, f"cannot be read ({reason_of(error)}); {remedy}", Status.UNREADABLE) from error


def is_named_mp4(path: Path) -> bool:
    """Whether a file is named as an mp4 or one of its relatives, and so is opened as that."""
    return path.suffix.lower() in _MP4


def open_container(path: Path, demuxer: str | None = None, **options: str) -> InputContainer:
    """Opens a local file by a demuxer, or by the one that its content asks for; and no other file.

    The path is made absolute, so that none looks like a protocol.
    """
    container: InputContainer = av.open(str(path.absolute()), "r", format=demuxer, options=SAFE | options, **ANY_TEXT)
    return container


def counts_frames(container: InputContainer) -> bool:
    """Whether the header of such a file has the number of its frames; that of AVI has another."""
    return container.format.name.startswith(("mov", "mp4"))


def _main_track(path: Path, container: InputContainer) -> VideoStream:
    """Returns the default or else largest track that is not a cover picture."""
    tracks = [track for track in container.streams.video if track.codec_context is not None]
    if not tracks:
        reason = "its codec is unknown; encode it in another" if container.streams.video else "no video is in it"
        raise MediaError(path, reason, Status.UNREADABLE)
    return max(tracks, key=preference)


def _track(container: InputContainer, number: int) -> VideoStream:
    return next(track for track in container.streams.video if track.index == number)


def preference(track: VideoStream) -> tuple[bool, int]:
    """Returns what ffmpeg ranks video tracks by: still pictures last, then default, then large."""
    is_still = bool(track.disposition & Disposition.attached_pic) or track.frames == 1
    bonus = _DEFAULT_TRACK if track.disposition & Disposition.default else 0
    return not is_still, bonus + track.codec_context.width * track.codec_context.height


def _remedy(path: Path, error: Exception) -> str:
    if isinstance(error, av.error.InvalidDataError | av.error.ArgumentError | av.error.EOFError):
        with open_file(path) as file:
            start = file.read(11).lstrip(b"\xef\xbb\xbf")
        if start.startswith(_PLAYLISTS):
            return "it is a playlist, which holds no video: give the videos that it names"
        if not is_named_mp4(path):
            return "it is damaged, cut short or no video: get it again"
        kind = next((kind for mark, kind in _OTHERS.items() if start.startswith(mark)), "")
        return f"it is {kind}: name it so" if kind else "it is damaged, cut short or no mp4: download it again"
    if isinstance(error, OSError):
        return "make it readable"
    return "encode it in another way"


def reason_of(error: Exception) -> str:
    """Returns the message of a library's exception in a few words."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def as_shown(frame: av.VideoFrame) -> av.VideoFrame:
    """Returns a frame upright; if rotated, interlaced or of a rare pixel format, it is RGB then.

    Those are converted by the filters that ffmpeg takes, so that its pixels are ours.
    """
    matrix = _side_data(frame).get("DISPLAYMATRIX")
    filters = [] if matrix is None else upright_filters(np.frombuffer(matrix, np.int32).tolist())
    if frame.interlaced_frame:
        filters.append(("setfield", "prog"))
    if filters or frame.format.name not in _CONVERTED_ALIKE:
        return _filtered(frame, [*filters, ("format", "rgb24")])
    return frame


def _side_data(frame: av.VideoFrame) -> Mapping[str, Any]:
    """Reads the side data of a frame.

    ``frame.side_data`` would keep an object that refers back to the frame, so that only the garbage
    collector frees it.
    """
    return SideDataContainer(frame)  # type: ignore[call-arg]  # PyAV's stubs lack its constructor


def _filtered(frame: av.VideoFrame, filters: list[tuple[str, str | None]]) -> av.VideoFrame:
    graph = av.filter.Graph()
    last = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25))
    for name, argument in [*filters, ("buffersink", None)]:
        following = graph.add(name, argument)
        last.link_to(following)
        last = following
    graph.configure()
    graph.push(frame)
    filtered = graph.pull()
    assert isinstance(filtered, av.VideoFrame)
    return filtered


def upright_filters(matrix: list[int]) -> list[tuple[str, str | None]]:
    """Returns the filters, with arguments, by which ffmpeg obeys a display matrix.

    The matrix is (a b u, c d v, x y w), and a point goes to (a x + c y, b x + d y).

    Example:
        >>> upright_filters([-1, 0, 0, 0, 1, 0, 0, 0, 1])
        [('hflip', None)]
        >>> upright_filters([0, 1, 0, -1, 0, 0, 0, 0, 1])
        [('transpose', 'clock')]
    """
    a, b, c, d = (matrix[k] for k in (0, 1, 3, 4))
    across, down = math.hypot(a, c), math.hypot(b, d)
    angle = round(math.degrees(math.atan2(b / down, a / across))) % 360 if across and down else 0
    if angle == 90:
        return [("transpose", "cclock_flip" if c > 0 else "clock")]
    if angle == 270:
        return [("transpose", "clock_flip" if c < 0 else "cclock")]
    if angle in (0, 1, 180):
        mirrors = {"hflip": angle == 180 and a < 0, "vflip": angle != 1 and d < 0}
        return [(name, None) for name, is_on in mirrors.items() if is_on]
    return [("rotate", f"{angle}*PI/180")]
