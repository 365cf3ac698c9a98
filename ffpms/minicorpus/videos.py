"""Videos: renders the frames of a real video and of its four fakes from seeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ffpms.minicorpus.head_mesh import load_head
from ffpms.minicorpus.manipulations import (
    FakeFrame,
    Manipulator,
    Quality,
    RealFrame,
    Subject,
    deepfakes,
    face2face,
    faceswap,
    neural_textures,
    reenact,
)
from ffpms.minicorpus.motion import make_motion
from ffpms.minicorpus.people import make_person
from ffpms.minicorpus.scene import Drawing, apply_colours, make_scene, paint_over, pose, rasterise_head
from ffpms.sources.corpora.ffpp import FAKES

SIZES = ((360, 270), (384, 288), (352, 264))
"""Frame sizes; Face2Face and NeuralTextures floor their widths to 352, 384 and 352."""


@dataclass(frozen=True)
class VideoSpec:
    """One identity's video: the person, the length, the frame rate and size, and perhaps a
    bystander.
    """

    seed: int
    n_frames: int
    fps: int
    size: tuple[int, int]
    bystander: int | None = None


@lru_cache(maxsize=4)
def make_subject(spec: VideoSpec) -> Subject:
    """Returns the person of a video in their room."""
    room = make_scene(spec.seed, *spec.size)
    scene = room if spec.bystander is None else room.shared()[0]
    return Subject(make_person(spec.seed), scene, make_motion(spec.seed, spec.n_frames, spec.fps))


def _make_bystander(spec: VideoSpec) -> Subject | None:
    if spec.bystander is None:
        return None
    scene = make_scene(spec.seed, *spec.size).shared()[1]
    return Subject(make_person(spec.bystander), scene, make_motion(spec.bystander, spec.n_frames, spec.fps))


def render_real(spec: VideoSpec) -> Iterator[RealFrame]:
    """Yields the frames of the real video, with its sensor's noise."""
    subject, other = make_subject(spec), _make_bystander(spec)
    for frame in range(spec.n_frames):
        pixels = subject.scene.background
        for person in (other, subject):
            pixels = pixels if person is None else paint_over(pixels, _draw_whole(person, frame))
        noisy = np.random.default_rng([spec.seed, 3, frame]).standard_normal(pixels.shape, np.float32)
        noisy *= np.float32(subject.scene.noise)
        noisy += pixels
        yield RealFrame(np.clip(noisy, 0, 1, out=noisy), frame)


def _draw_whole(subject: Subject, frame: int) -> Drawing:
    motion = subject.motion
    vertices = pose(load_head(), subject.person, motion.weights(frame), motion.gaze[frame], motion.rotation[frame])
    surface = rasterise_head(subject.scene, vertices, motion.shift[frame], float(motion.light[frame]))
    return apply_colours(surface, subject.person.texture)


def render_fakes(
    target: VideoSpec, source: VideoSpec, real_frames: list[RealFrame], quality: Quality
) -> Iterator[tuple[str, FakeFrame]]:
    """Yields the fakes of the target with the source, frame by frame.

    Lengths are those of FaceForensics++. Deepfakes has the target's length, Face2Face the source's
    (it plays the target's video to and fro). FaceSwap and NeuralTextures have the shorter one.
    """
    target_subject, source_subject = make_subject(target), make_subject(source)
    manipulators = {kind: Manipulator.start(quality, target.seed, source.seed, 4, n) for n, kind in enumerate(FAKES)}
    for i in range(max(target.n_frames, source.n_frames)):
        shown = real_frames[back_and_forth(i, target.n_frames)]
        if i < target.n_frames:
            yield "DF", deepfakes(target_subject, source_subject, real_frames[i], manipulators["DF"])
        if i < source.n_frames:
            drawing = reenact(target_subject, source_subject, shown, i)
            yield "F2F", face2face(drawing, shown, manipulators["F2F"])
        if i < min(target.n_frames, source.n_frames):
            real = real_frames[i]
            drawing = drawing if real is shown else reenact(target_subject, source_subject, real, i)
            yield "FS", faceswap(target_subject, source_subject, real, manipulators["FS"])
            yield "NT", neural_textures(drawing, real, manipulators["NT"])


def back_and_forth(i: int, n: int) -> int:
    """Returns the real frame that frame i of a Face2Face shows, of a target with n frames.

    It is i up to n - 2, then 2n - 3 - i, and so on to and fro. The target's last frame is never
    shown, as in FaceForensics++.

    Example:
        >>> [back_and_forth(i, 4) for i in range(8)]
        [0, 1, 2, 2, 1, 0, 0, 1]
    """
    step = i % max(2 * n - 2, 1)
    return step if step < n - 1 else max(2 * n - 3 - step, 0)
