"""Films: the frames of a real video and of its four fakes, from nothing but seeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ffpms.minicorpus.head import load_head
from ffpms.minicorpus.manipulations import (
    Actor,
    Craft,
    Fake,
    Forger,
    Take,
    deepfakes,
    face2face,
    faceswap,
    neural_textures,
    reenact,
)
from ffpms.minicorpus.motion import make_motion
from ffpms.minicorpus.people import make_person
from ffpms.minicorpus.scene import Drawing, colour, look, make_scene, paint_over, pose
from ffpms.sources.ffpp import FAKES

SIZES = ((360, 270), (384, 288), (352, 264))
"""Widths that Face2Face and NeuralTextures floor to 320, 384 and 320."""


@dataclass(frozen=True)
class Role:
    """One identity's video: who, how long, how fast, and perhaps somebody else in the picture."""

    seed: int
    n_frames: int
    fps: int
    size: tuple[int, int]
    bystander: int | None = None


@lru_cache(maxsize=4)
def make_actor(role: Role) -> Actor:
    """The person of a role in their room."""
    room = make_scene(role.seed, *role.size)
    scene = room if role.bystander is None else room.shared()[0]
    return Actor(make_person(role.seed), scene, make_motion(role.seed, role.n_frames, role.fps))


def _make_bystander(role: Role) -> Actor | None:
    if role.bystander is None:
        return None
    scene = make_scene(role.seed, *role.size).shared()[1]
    return Actor(make_person(role.bystander), scene, make_motion(role.bystander, role.n_frames, role.fps))


def shoot(role: Role) -> Iterator[Take]:
    """The frames of the real video, with its sensor's noise."""
    actor, other = make_actor(role), _make_bystander(role)
    for frame in range(role.n_frames):
        picture = actor.scene.background
        for person in (other, actor):
            picture = picture if person is None else paint_over(picture, _draw_whole(person, frame))
        noise = np.random.default_rng([role.seed, 3, frame]).standard_normal(picture.shape, np.float32)
        yield Take(np.clip(picture + np.float32(actor.scene.noise) * noise, 0, 1), frame)


def _draw_whole(actor: Actor, frame: int) -> Drawing:
    motion = actor.motion
    vertices = pose(load_head(), actor.person, motion.weights(frame), motion.gaze[frame], motion.rotation[frame])
    surface = look(actor.scene, vertices, motion.shift[frame], float(motion.light[frame]))
    return colour(surface, actor.person.texture)


def forge(target: Role, source: Role, takes: list[Take], craft: Craft) -> Iterator[tuple[str, Fake]]:
    """Yields the fakes of the target with the source, frame by frame.

    Lengths are FaceForensics++'s: Deepfakes the target's, Face2Face the source's (the target's video goes back and
    forth), FaceSwap and NeuralTextures the shorter.
    """
    hero, donor = make_actor(target), make_actor(source)
    forgers = {kind: Forger.start(craft, target.seed, source.seed, 4, n) for n, kind in enumerate(FAKES)}
    for i in range(max(target.n_frames, source.n_frames)):
        take = takes[back_and_forth(i, target.n_frames)]
        if i < target.n_frames:
            yield "DF", deepfakes(hero, donor, take, forgers["DF"])
        if i < source.n_frames:
            drawing = reenact(hero, donor, take, i)
            yield "F2F", face2face(drawing, take, forgers["F2F"])
        if i < min(target.n_frames, source.n_frames):
            yield "FS", faceswap(hero, donor, take, forgers["FS"])
            yield "NT", neural_textures(drawing, take, forgers["NT"])


def back_and_forth(i: int, n: int) -> int:
    """0, 1, ..., n-1, n-2, ..., 0, 1, ...: the index at step i of going through n frames to and fro."""
    step = i % max(2 * n - 2, 1)
    return step if step < n else 2 * n - 2 - step
