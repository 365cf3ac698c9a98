"""Opening of any local video file: every usual container and codec, and nothing but that file.

A file that only points to others (a playlist, a list of parts, a stream's description) is refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from ffpms.errors import MediaError, unreadable
from ffpms.extraction.decoding.video_file import open_container, preference, reason_of
from ffpms.regular_files import open_file


class FileStatus(StrEnum):
    """What came of a file: a verdict, or why there is none."""

    OK = "ok"
    NO_FACE = "no_face"
    NO_VIDEO = "no_video"
    TOO_SHORT = "too_short"
    UNREADABLE = "unreadable"


_END_IN_HEADER = ("matroska", "asf", "flv")
"""Kinds of files whose header has the time of the end, and not the length."""

_NO_VIDEO_FILE = "cannot be read as a video: damaged or cut short, or text, a picture or a playlist; give a video file"


@contextmanager
def open_any_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Opens a video file of any usual kind, and chooses the track that ffmpeg would choose.

    Raises:
        MediaError: it is no regular file, empty, of no such kind or damaged; or it has no video,
            with the status ``no_video``.
    """
    try:
        _check_not_empty(path)
        with open_container(path) as container:
            stream = _main_track(path, container)
            stream.codec_context.thread_count = 1  # we run one process a video
            yield container, stream
    except av.error.FFmpegError as error:
        raise MediaError(path, _explain(error), FileStatus.UNREADABLE) from error
    except FileNotFoundError as error:
        raise MediaError(path, "not found; give a video file", FileStatus.UNREADABLE) from error
    except IsADirectoryError as error:
        raise MediaError(path, f"{error.strerror}; give a video file", FileStatus.UNREADABLE) from error
    except OSError as error:
        raise MediaError(path, unreadable(error), FileStatus.UNREADABLE) from error


def length_of(container: InputContainer) -> float:
    """Returns the seconds from the beginning of a file to its end by its header; 0 if unknown."""
    start = container.start_time or 0 if container.format.name.startswith(_END_IN_HEADER) else 0
    return max((container.duration or 0) - start, 0) / av.time_base


def _check_not_empty(path: Path) -> None:
    """Reads a byte, so that a file that this user may not read says so before ffmpeg does."""
    with open_file(path) as file:
        if not file.read(1):
            raise MediaError(path, "empty file; give a video file", FileStatus.UNREADABLE)


def _explain(error: av.error.FFmpegError) -> str:
    """Says why ffmpeg does not open a file; one that is not on the list is "invalid" to it."""
    if isinstance(error, av.error.InvalidDataError | av.error.ArgumentError | av.error.EOFError):
        return _NO_VIDEO_FILE
    return f"cannot be read ({reason_of(error)}); encode it in another way"


def _main_track(path: Path, container: InputContainer) -> VideoStream:
    tracks = [track for track in container.streams.video if not track.disposition & Disposition.attached_pic]
    if not tracks:
        what = "a cover picture, but no video, is" if container.streams.video else "no video is"
        raise MediaError(path, f"{what} in it", FileStatus.NO_VIDEO)
    known = [track for track in tracks if track.codec_context is not None]
    if not known:
        raise MediaError(path, "the codec of its video is unknown; encode it in another", FileStatus.UNREADABLE)
    return max(known, key=preference)
