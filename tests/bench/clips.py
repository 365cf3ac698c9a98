"""A target's five videos at the size, length and bit rate of FaceForensics++ c40: some 0.4 MB for 450 frames."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from ffpms.minicorpus.encode import write_video
from ffpms.minicorpus.pair import to_pixels
from ffpms.minicorpus.videos import VideoSpec, back_and_forth, make_subject, render_real
from ffpms.sources.corpora.ffpp import FAKES, official

RENDERED = 60
"""So many frames are rendered; the video goes through them to and fro."""


def make_target(root: Path, size: tuple[int, int], n_frames: int) -> list[Path]:
    """Videos 000 and its fakes with 001, laid out like FaceForensics++."""
    layout = official("c40")
    film = list(shaken(size, n_frames))
    paths = [root / layout.path("original", "000")]
    write_video(paths[0], film, 25, 40)
    for k, kind in enumerate(FAKES):
        paths.append(root / layout.path(kind, "000_001"))
        write_video(paths[-1], [forged(frame, k) for frame in film], 25, 40)
    return paths


def shaken(size: tuple[int, int], n_frames: int) -> Iterator[np.ndarray]:
    """A rendered person before a busy background, filmed from the hand."""
    draw = np.random.default_rng(1)
    spec = VideoSpec(3, RENDERED, 25, size)
    wall = make_subject(spec).scene.background
    texture = gaussian_filter(draw.normal(0, 0.5, (*wall.shape[:2], 1)), (2, 2, 0))
    real_frames = [real.pixels + texture * is_wall(real.pixels, wall) for real in render_real(spec)]
    walk = np.cumsum(draw.normal(0, 0.7, (n_frames, 2)), axis=0)
    walk = np.rint(12 * np.tanh(walk / 12)).astype(int)
    for i in range(n_frames):
        picture = np.roll(real_frames[back_and_forth(i, RENDERED)], tuple(walk[i]), (0, 1))
        yield to_pixels(np.clip(picture, 0, 1))


def is_wall(picture: np.ndarray, wall: np.ndarray) -> np.ndarray:
    """Where nobody stands before the background, softly: (H, W, 1) in 0..1."""
    change = gaussian_filter(np.abs(picture - wall).max(axis=2), 2)
    return np.asarray(np.clip(2 - change / 0.03, 0, 1)[..., None])


def forged(frame: np.ndarray, kind: int) -> np.ndarray:
    """Another face texture: the middle of the face, softened and mirrored."""
    height, width = frame.shape[:2]
    rows, columns = slice(int(0.3 * height), int(0.6 * height)), slice(int(0.43 * width), int(0.57 * width))
    face = Image.fromarray(frame[rows, columns])
    out = frame.copy()
    out[rows, columns] = np.asarray(face.reduce(2 + kind).resize(face.size))
    return out
