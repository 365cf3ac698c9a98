"""Frame times: when each frame of a video is shown, also at a variable frame rate."""

from pathlib import Path

from ffpms.extraction.packets import PacketList
from ffpms.extraction.sampled_frames import Clock
from ffpms.extraction.video_file import open_video


def frame_seconds(path: Path, n_frames: int, fps: float) -> list[float]:
    """Returns the seconds of each frame, from the beginning of the file as players count.

    Where packets are not surely frames, the frame rate tells them.

    Raises:
        MediaError: the file cannot be opened or read.
    """
    with open_video(path) as (container, stream):
        packets, clock = PacketList.read(container, stream), Clock.of(container, stream)
    times = sorted(clock.seconds(packet.time) for packet in packets.packets if packet.time is not None)
    return times if len(times) == n_frames else [index / (fps or clock.rate) for index in range(n_frames)]
