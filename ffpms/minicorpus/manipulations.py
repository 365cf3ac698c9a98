"""The four manipulations, each computed for every frame on its own and composited into the target's frame.

As in FaceForensics++: Deepfakes puts the source's face, drawn small, into the target's pose; Face2Face gives the
target's own face the source's expression; FaceSwap puts the source's skin on the target's geometry; NeuralTextures
changes the mouth only.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from ffpms.errors import ConfigError
from ffpms.minicorpus.head import load_head
from ffpms.minicorpus.motion import Motion
from ffpms.minicorpus.people import Person
from ffpms.minicorpus.scene import Drawing, Scene, colour, look, pose
from ffpms.minicorpus.texture import FACE, MOUTH


@dataclass(frozen=True)
class Craft:
    """How well a fake is made: at 0 anybody sees it, at 1 it is as good as it gets here.

    ``resolution``, ``feather``, ``jitter`` and ``blur`` are in px; ``match`` is the share of a difference in colour
    that is corrected, ``cast`` the spread of what is left, drawn for the video and again for each frame.
    """

    difficulty: float = 0.4

    def __post_init__(self) -> None:
        if not 0 <= self.difficulty <= 1:
            raise ConfigError(f"difficulty: {self.difficulty} is not in 0..1")

    @property
    def resolution(self) -> int:
        return round(28 + 60 * self.difficulty)

    @property
    def match(self) -> float:
        return 0.6 + 0.4 * self.difficulty

    @property
    def feather(self) -> float:
        return 0.8 + 2.5 * self.difficulty

    @property
    def jitter(self) -> float:
        return 2.0 * (1 - self.difficulty)

    @property
    def blur(self) -> float:
        return 0.3 + 2.2 * (1 - self.difficulty)

    @property
    def cast(self) -> float:
        return 0.14 * (1 - self.difficulty)


@dataclass(frozen=True)
class Actor:
    """A person in a video of their own."""

    person: Person
    scene: Scene
    motion: Motion


@dataclass(frozen=True)
class Take:
    """A frame of the target's video: its picture (H, W, 3) in 0..1 and its number."""

    picture: np.ndarray
    frame: int


@dataclass(frozen=True)
class Fake:
    """A frame of a fake, (H, W, 3) in 0..1, and the mask (H, W) in 0..1 with which it was composited."""

    picture: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class Forger:
    """One method at work on one video: its craft, its own draws, and the colour cast of the whole video (3,)."""

    craft: Craft
    draw: np.random.Generator
    cast: np.ndarray

    @classmethod
    def start(cls, craft: Craft, *seed: int) -> "Forger":
        """A forger whose draws only the seed decides."""
        draw = np.random.default_rng(seed)
        return cls(craft, draw, _draw_cast(draw, craft.cast))

    def tint(self) -> np.ndarray:
        """The colour cast of the next frame, (3,)."""
        return np.asarray(self.cast * _draw_cast(self.draw, 0.5 * self.craft.cast))


def _draw_cast(draw: np.random.Generator, spread: float) -> np.ndarray:
    """Mostly lighter or darker, a little of another colour, (3,)."""
    lighter, tint = draw.normal(0, spread), draw.normal(0, 0.35 * spread, 3)
    return np.asarray((1 + lighter) * (1 + tint), np.float32)


def deepfakes(target: Actor, source: Actor, take: Take, forger: Forger) -> Fake:
    """The source's face in the target's pose, expression and light, drawn small, blown up and feathered in."""
    drawing = draw_face(target, source.person, target.motion.weights(take.frame), take.frame)
    small = _through_a_small_patch(drawing, forger)
    mask = _feather(small.layers[..., FACE], forger.craft.feather)
    return _composite(take, small, small.layers[..., :3] * forger.tint(), mask, forger.craft.match)


def reenact(target: Actor, source: Actor, take: Take, source_frame: int) -> Drawing:
    """The target's own face with the source's expression: what Face2Face and NeuralTextures composite."""
    return draw_face(target, target.person, source.motion.weights(source_frame), take.frame)


def face2face(drawing: Drawing, take: Take, forger: Forger) -> Fake:
    """The reenacted face, without the target's sensor noise."""
    mask = _feather(drawing.layers[..., FACE], forger.craft.feather)
    return _composite(take, drawing, _soften(drawing, 0.7 * forger.craft.blur) * forger.tint(), mask)


def faceswap(target: Actor, source: Actor, take: Take, forger: Forger) -> Fake:
    """The source's skin on the target's geometry, its colours matched, blended at the hull."""
    skin = Person(target.person.build, source.person.texture)
    drawing = draw_face(target, skin, target.motion.weights(take.frame), take.frame)
    mask = _feather(drawing.layers[..., FACE], 0.4 * forger.craft.feather)
    return _composite(take, drawing, drawing.layers[..., :3] * forger.tint(), mask, forger.craft.match)


def neural_textures(drawing: Drawing, take: Take, forger: Forger) -> Fake:
    """The reenacted mouth region only, smoothed."""
    mask = _feather(drawing.layers[..., MOUTH], forger.craft.feather)
    return _composite(take, drawing, _soften(drawing, forger.craft.blur) * forger.tint(), mask)


def draw_face(target: Actor, person: Person, weights: dict[str, float], frame: int) -> Drawing:
    """A person in the target's place: pose, gaze and light of the target's frame."""
    head, motion = load_head(), target.motion
    vertices = pose(head, person, weights, motion.gaze[frame], motion.rotation[frame])
    surface = look(target.scene, vertices, motion.shift[frame], float(motion.light[frame]), head.face_triangles)
    return colour(surface, person.texture)


def _through_a_small_patch(drawing: Drawing, forger: Forger) -> Drawing:
    """What a face network of limited resolution leaves of a drawing, placed a little askew in each frame."""
    craft, draw = forger.craft, forger.draw
    height, width = drawing.alpha.shape[:2]
    ratio = craft.resolution / max(height, width)
    size = (max(8, round(width * ratio)), max(8, round(height * ratio)))
    dx, dy = draw.normal(0, 0.5 * craft.jitter, 2)
    grow = 1 + draw.normal(0, 0.006 * craft.jitter)
    layers = drawing.layers.copy()
    for channel in range(FACE + 1):
        patch = Image.fromarray(layers[..., channel].astype(np.float32))
        back = patch.resize(size, Image.Resampling.BOX).resize(patch.size, Image.Resampling.BICUBIC)
        askew = (grow, 0, dx, 0, grow, dy)
        moved = back.transform(patch.size, Image.Transform.AFFINE, askew, Image.Resampling.BILINEAR)
        layers[..., channel] = np.clip(np.asarray(moved), 0, None)
    return Drawing(layers, drawing.alpha, drawing.window)


def _feather(region: np.ndarray, sigma: float) -> np.ndarray:
    """A soft mask that ends within the region."""
    return np.asarray(np.clip(2 * gaussian_filter(region, sigma) - 1, 0, 1) * (region > 0))


def _soften(drawing: Drawing, sigma: float) -> np.ndarray:
    return np.asarray(gaussian_filter(drawing.layers[..., :3], (sigma, sigma, 0)))


def _match(face: np.ndarray, picture: np.ndarray, mask: np.ndarray, share: float) -> np.ndarray:
    """Brings mean and spread of each colour under the mask towards the picture's."""
    weight = (mask / max(mask.sum(), 1e-9))[..., None]
    mean, wanted = ((image * weight).sum(axis=(0, 1)) for image in (face, picture))
    spread, wanted_spread = (
        np.sqrt((((image - m) ** 2) * weight).sum(axis=(0, 1))) for image, m in ((face, mean), (picture, wanted))
    )
    gain = 1 + share * (np.clip(wanted_spread / np.maximum(spread, 1e-6), 0.6, 1.6) - 1)
    return np.asarray((face - mean) * gain + mean + share * (wanted - mean))


def _composite(take: Take, drawing: Drawing, face: np.ndarray, mask: np.ndarray, match: float = 0.0) -> Fake:
    """The face on the target's frame where the mask is; every other pixel stays the target's own."""
    picture, whole_mask = take.picture.copy(), np.zeros(take.picture.shape[:2], np.float32)
    inside = picture[drawing.window]
    matched = _match(face, inside, mask, match) if match else face
    picture[drawing.window] = inside * (1 - mask[..., None]) + np.clip(matched, 0, 1) * mask[..., None]
    whole_mask[drawing.window] = mask
    return Fake(picture, whole_mask)
