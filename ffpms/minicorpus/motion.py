"""Motion: draws what a talking head does, frame by frame, from a seed."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d


@dataclass(frozen=True)
class Motion:
    """The movement of a whole video.

    Shape: expression name -> (F,) weights in 0..1; gaze (F, 2), rotation (F, 3) yaw, pitch, roll in
    radians; shift (F, 2) px; light (F,) brightness around 1.
    """

    expression: dict[str, np.ndarray]
    gaze: np.ndarray
    rotation: np.ndarray
    shift: np.ndarray
    light: np.ndarray

    def weights(self, frame: int) -> dict[str, float]:
        """Returns the weights of the expression targets in a frame."""
        return {f"expr/{name}": float(values[frame]) for name, values in self.expression.items()}


def _smooth_noise(draw: np.random.Generator, n_frames: int, seconds: float, fps: float) -> np.ndarray:
    """Smooth noise of unit spread that changes over about ``seconds``."""
    sigma = seconds * fps / 2.5
    pad = int(4 * sigma) + 1
    smooth = gaussian_filter1d(draw.normal(size=n_frames + 2 * pad), sigma)[pad:-pad]
    return np.asarray(smooth * np.sqrt(2 * sigma * np.sqrt(np.pi)))


def make_motion(seed: int, n_frames: int, fps: float) -> Motion:
    """Draws speech, blinks, gaze, sway and changing light."""
    draw = np.random.default_rng([seed, 1])
    talk = np.clip(0.6 + 0.7 * _smooth_noise(draw, n_frames, 1.2, fps), 0, 1)

    def mouth(scale: float) -> np.ndarray:
        return np.clip(scale * talk * (0.35 + 0.75 * _smooth_noise(draw, n_frames, 0.16, fps)), 0, 1)

    def mood(scale: float) -> np.ndarray:
        return np.clip(scale * _smooth_noise(draw, n_frames, 1.5, fps), 0, 1)

    jaw, smile, raised = mouth(draw.uniform(0.3, 0.55)), mood(draw.uniform(0.15, 0.4)), mood(draw.uniform(0.2, 0.5))
    lips = {
        "mouthFunnel": mouth(0.4),
        "mouthPucker": mouth(0.35),
        "mouthStretchLeft": mouth(0.3),
        "mouthLowerDownLeft": mouth(0.4),
    }
    blink = _blinks(draw, n_frames, fps)
    expression = {
        "jawOpen": jaw,
        "mouthClose": 0.25 * jaw * (1 - talk),
        **lips,
        "mouthStretchRight": lips["mouthStretchLeft"],
        "mouthLowerDownRight": lips["mouthLowerDownLeft"],
        "mouthSmileLeft": smile,
        "mouthSmileRight": smile * draw.uniform(0.8, 1.0),
        "browInnerUp": raised,
        "browOuterUpLeft": raised * 0.6,
        "browOuterUpRight": raised * 0.6,
        "eyeBlinkLeft": blink,
        "eyeBlinkRight": blink,
    }
    rotation = np.stack(
        [s * _smooth_noise(draw, n_frames, t, fps) for s, t in ((0.13, 1.6), (0.06, 1.1), (0.05, 1.8))], axis=1
    )
    rotation += draw.normal(0, [0.1, 0.04, 0.03])
    return Motion(
        expression=expression,
        gaze=np.stack([_saccades(draw, n_frames, fps) for _ in "xy"], axis=1) * [0.22, 0.1],
        rotation=np.clip(rotation, -0.45, 0.45),
        shift=np.stack([_smooth_noise(draw, n_frames, 1.4, fps) for _ in "xy"], axis=1) * [4.0, 2.0],
        light=1 + 0.04 * _smooth_noise(draw, n_frames, 1.0, fps),
    )


def _blinks(draw: np.random.Generator, n_frames: int, fps: float) -> np.ndarray:
    """Closes both lids for a fifth of a second, every few seconds."""
    closed = np.zeros(n_frames)
    middle = draw.uniform(0.3, 2.0) * fps
    while middle < n_frames:
        frames = np.arange(n_frames)
        closed = np.maximum(closed, np.clip(1.3 - np.abs(frames - middle) / (0.055 * fps), 0, 1))
        middle += draw.uniform(1.5, 4.5) * fps
    return closed


def _saccades(draw: np.random.Generator, n_frames: int, fps: float) -> np.ndarray:
    """Draws a gaze that rests and jumps."""
    jumps = draw.random(n_frames) < 0.9 / fps
    return draw.normal(size=n_frames)[np.maximum.accumulate(np.where(jumps, np.arange(n_frames), 0))]
