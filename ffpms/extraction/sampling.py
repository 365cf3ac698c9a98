"""Sampling: which frames of a video are looked at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ffpms.errors import ConfigError
from ffpms.protocol.plan import frame_index

LEAST = 3
"""Least number of frames by which a person is judged."""


@dataclass(frozen=True)
class Sampling:
    """Which frames of a video are looked at: ``frames`` uniform ones, or one in ``every`` seconds.

    Raises:
        ConfigError: a value is out of range.

    Example:
        >>> Sampling(frames=4).indices([0.04 * i for i in range(100)])
        [12, 37, 62, 87]
        >>> Sampling(every=0.5).indices([0.0, 0.4, 0.6, 0.9, 1.2])
        [0, 2, 4]
    """

    frames: int = 20
    every: float | None = None

    def __post_init__(self) -> None:
        if self.frames < LEAST:
            raise ConfigError(f"frames: {self.frames} is too few to tell anything; give {LEAST} or more")
        if self.every is not None and not 0 < self.every < float("inf"):
            raise ConfigError(f"every: {self.every:g} is no number of seconds above 0")

    def __str__(self) -> str:
        return f"frames={self.frames}" if self.every is None else f"every={self.every:g}"

    def indices(self, times: Sequence[float]) -> list[int]:
        """Returns the indices of the frames to look at, by the sorted times of all frames."""
        if self.every is None:
            return [int(i) for i in frame_index(np.arange(self.frames), len(times), self.frames)]
        marks = np.arange(times[0], times[-1] + 1e-6, self.every)
        return [int(i) for i in np.unique(np.searchsorted(times, marks - 1e-6))]

    def too_short(self, n_frames: int, n_sampled: int) -> str:
        """Returns why a video cannot be sampled; empty if it can."""
        if n_frames < LEAST:
            return f"{_count(n_frames)}, and no one is judged by fewer than {LEAST}; give a longer video"
        if self.every is None and n_frames < self.frames:
            return f"{_count(n_frames)}, fewer than the {self.frames} to look at; give fewer --frames"
        if n_sampled < LEAST:
            return f"{_count(n_sampled)} at one in {self.every:g} s, fewer than {LEAST}; give a smaller --every"
        return ""


def _count(n_frames: int) -> str:
    return f"{n_frames} frame{'s' if n_frames != 1 else ''}"
