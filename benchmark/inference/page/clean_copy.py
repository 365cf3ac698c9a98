"""Clean copy of a video: picture and sound, without what its file tells of place and device."""

from io import BytesIO

import av
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

FORMATS = {"video/mp4": "mp4", "video/webm": "webm"}
"""Kinds of file that a copy can be."""

_Times = tuple[list[float], int]
"""Seconds of the packets of a picture, and the degrees by which it is turned."""


def copy_clean(container: InputContainer, stream: VideoStream, kind: str) -> bytes | None:
    """Copies the packets of a video and its sound into a new file, as they are.

    Titles, places, devices, dates, chapters, subtitles and tracks of data stay behind. What an
    encoder wrote into the picture itself does not. None if a frame would be shown at another time
    or turned otherwise.

    Raises:
        av.error.FFmpegError: a packet is damaged, or the new file does not take it.
        ValueError: the new file does not take a track.
    """
    target = BytesIO()
    with av.open(target, "w", format=FORMATS[kind]) as copy:
        before = _copy_packets(container, stream, copy)
    target.seek(0)
    with av.open(target, "r") as copied:
        own = copied.streams.video[0]
        seconds = sorted(float(packet.pts * packet.time_base) for packet in copied.demux(own) if packet.pts is not None)
        copied.seek(0)
        after = seconds, next(copied.decode(own)).rotation
    return target.getvalue() if _are_alike(before, after) else None


def _copy_packets(container: InputContainer, stream: VideoStream, copy: OutputContainer) -> _Times:
    container.seek(0)
    turned = next(container.decode(stream)).rotation
    container.seek(0)
    seconds, chosen = list[float](), [stream, *container.streams.audio]
    into = {track.index: copy.add_stream_from_template(track) for track in chosen}
    for packet in container.demux(*chosen):
        if packet.dts is None:  # the end of a track
            continue
        if packet.stream.index == stream.index and packet.pts is not None:
            seconds.append(float(packet.pts * packet.time_base))
        packet.stream = into[packet.stream.index]
        copy.mux(packet)
    return sorted(seconds), turned


def _are_alike(before: _Times, after: _Times) -> bool:
    """Whether every frame has its time, to the millisecond of WebM, and is turned as it was."""
    seconds = zip(before[0], after[0], strict=True) if len(before[0]) == len(after[0]) else [(0.0, 1.0)]
    return before[1] == after[1] and all(abs(a - b) < 2e-3 for a, b in seconds)
