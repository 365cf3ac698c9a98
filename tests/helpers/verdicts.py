"""Verdicts made up for a video: two people of whom one looks fake, and none."""

from pathlib import Path

import numpy as np

from benchmark.inference.verdict import FileVerdict, FrameScore, Track

Box = tuple[float, float, float, float]


def make_verdict(
    path: Path, times: list[float], size: tuple[int, int], boxes: list[Box], weights: bool = True, run: str = "run"
) -> FileVerdict:
    """A verdict on a video of 10 frames a second: a person at each box, of whom the first looks fake."""
    tracks = tuple(_track(i, times, box, weights) for i, box in enumerate(boxes))
    return FileVerdict(
        path=str(path),
        status="ok" if boxes else "no_face",
        error="" if boxes else f"no face in the {len(times)} frames looked at",
        probability=tracks[0].probability if boxes else None,
        tracks=tracks,
        run=run,
        trained_on="FFPMS",
        threshold=0.5,
        n_real_val=140,
        real_val_as_high=8 if boxes else None,
        width=size[0],
        height=size[1],
        sampled=tuple(times),
    )


def _track(number: int, times: list[float], box: Box, weights: bool) -> Track:
    prob = 0.9 if number == 0 else 0.2
    shares = np.linspace(1, 3, len(times)) / np.linspace(1, 3, len(times)).sum()
    frames = [
        FrameScore(int(10 * time + 1e-6), time, prob - i / 100, float(shares[i]) if weights else None, box)
        for i, time in enumerate(times)
    ]
    return Track(number, prob, tuple(frames))
