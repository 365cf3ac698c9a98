"""The four manipulations: each computes a fake frame and composites it into the target's frame.

They do what FaceForensics++'s do:

- Deepfakes puts the source's face, drawn small, into the target's pose. - Face2Face gives the
target's own face the source's expression. - FaceSwap puts the source's skin on the target's
geometry. - NeuralTextures changes the mouth only.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from ffpms.errors import ConfigError
from ffpms.minicorpus.compositing import measure_colours, put_over
from ffpms.minicorpus.head_mesh import load_head
from ffpms.minicorpus.masks import feather, soften
from ffpms.minicorpus.motion import Motion
from ffpms.minicorpus.people import Person
from ffpms.minicorpus.scene import Drawing, Scene, apply_colours, pose, rasterise_head
from ffpms.minicorpus.texture import FACE, MOUTH


@dataclass(frozen=True)
class Quality:
    """How well a fake is made: at difficulty 0 it is easy to see, at 1 it is as good as it gets
    here.

    Raises:
        ConfigError: the difficulty is not in 0..1.
    """

    difficulty: float = 0.4

    def __post_init__(self) -> None:
        if not 0 <= self.difficulty <= 1:
            raise ConfigError(f"difficulty: {self.difficulty} is not in 0..1")

    @property
    def resolution(self) -> int:
        """Side of the face that the Deepfakes network produces, px."""
        return round(28 + 60 * self.difficulty)

    @property
    def match(self) -> float:
        """Share of a difference in colour that is corrected."""
        return 0.6 + 0.4 * self.difficulty

    @property
    def feather(self) -> float:
        """Standard deviation of the blur of the mask's edge, px."""
        return 0.8 + 2.5 * self.difficulty

    @property
    def jitter(self) -> float:
        """Spread of the misplacement of a face in each frame, px."""
        return 2.0 * (1 - self.difficulty)

    @property
    def blur(self) -> float:
        """Standard deviation of the blur of a reenacted face, px."""
        return 0.3 + 2.2 * (1 - self.difficulty)

    @property
    def colour_cast(self) -> float:
        """Spread of the colour cast that is left, drawn for the video and again for each frame."""
        return 0.14 * (1 - self.difficulty)


@dataclass(frozen=True)
class Subject:
    """A person in a video of their own."""

    person: Person
    scene: Scene
    motion: Motion


@dataclass(frozen=True)
class RealFrame:
    """A frame of the target's video: its pixels (H, W, 3) in 0..1 and its number."""

    pixels: np.ndarray
    index: int


@dataclass(frozen=True)
class FakeFrame:
    """A frame of a fake: what is new in a window (rows, columns) of the real frame that it shows.

    Shape: patch (h, w, 3) and patch_mask (h, w) in 0..1, of the window.
    """

    real: RealFrame
    window: tuple[slice, slice]
    patch: np.ndarray
    patch_mask: np.ndarray

    @property
    def pixels(self) -> np.ndarray:
        """The whole frame.

        Shape: -> (H, W, 3) in 0..1.
        """
        return self.over(self.real.pixels, self.patch)

    @property
    def mask(self) -> np.ndarray:
        """The mask with which the fake was composited.

        Shape: -> (H, W) in 0..1.
        """
        return self.over(np.zeros(self.real.pixels.shape[:2], np.float32), self.patch_mask)

    def over(self, frame: np.ndarray, patch: np.ndarray) -> np.ndarray:
        """Returns a frame with a patch in this fake's window."""
        out = frame.copy()
        out[self.window] = patch
        return out


@dataclass(frozen=True)
class Manipulator:
    """One method applied to one video: its quality, its own draws, and the video's colour cast
    (3,).
    """

    quality: Quality
    draw: np.random.Generator
    colour_cast: np.ndarray

    @classmethod
    def start(cls, quality: Quality, *seed: int) -> "Manipulator":
        """Makes a manipulator whose draws depend only on the seed."""
        draw = np.random.default_rng(seed)
        return cls(quality, draw, _draw_colour_cast(draw, quality.colour_cast))

    def tint(self) -> np.ndarray:
        """Draws the colour cast of the next frame.

        Shape: -> (3,).
        """
        return np.asarray(self.colour_cast * _draw_colour_cast(self.draw, 0.5 * self.quality.colour_cast))


def _draw_colour_cast(draw: np.random.Generator, spread: float) -> np.ndarray:
    """Draws a colour cast: mostly lighter or darker, a little of another colour.

    Shape: -> (3,).
    """
    lighter, tint = draw.normal(0, spread), draw.normal(0, 0.35 * spread, 3)
    return np.asarray((1 + lighter) * (1 + tint), np.float32)


def deepfakes(target: Subject, source: Subject, real: RealFrame, manipulator: Manipulator) -> FakeFrame:
    """Draws the source's face in the target's pose, expression and light.

    It is drawn small, enlarged and feathered in.
    """
    drawing = draw_face(target, source.person, target.motion.weights(real.index), real.index)
    small = _reduce_resolution(drawing, manipulator)
    mask = feather(small.layers[..., FACE], manipulator.quality.feather)
    return _composite(real, small.layers, small.window, mask, manipulator, manipulator.quality.match)


def reenact(target: Subject, source: Subject, real: RealFrame, source_frame: int) -> Drawing:
    """Draws the target's own face with the source's expression.

    Face2Face and NeuralTextures composite it.
    """
    return draw_face(target, target.person, source.motion.weights(source_frame), real.index)


def face2face(drawing: Drawing, real: RealFrame, manipulator: Manipulator) -> FakeFrame:
    """Composites the reenacted face, without the target's sensor noise."""
    mask = feather(drawing.layers[..., FACE], manipulator.quality.feather)
    face = soften(drawing.layers, 0.7 * manipulator.quality.blur, mask)
    return _composite(real, face, drawing.window, mask, manipulator)


def faceswap(target: Subject, source: Subject, real: RealFrame, manipulator: Manipulator) -> FakeFrame:
    """Puts the source's skin on the target's geometry, matches its colours and blends it at the
    hull.
    """
    skin = Person(target.person.geometry, source.person.texture)
    drawing = draw_face(target, skin, target.motion.weights(real.index), real.index)
    mask = feather(drawing.layers[..., FACE], 0.4 * manipulator.quality.feather)
    return _composite(real, drawing.layers, drawing.window, mask, manipulator, manipulator.quality.match)


def neural_textures(drawing: Drawing, real: RealFrame, manipulator: Manipulator) -> FakeFrame:
    """Composites the reenacted mouth region only, smoothed."""
    mask = feather(drawing.layers[..., MOUTH], manipulator.quality.feather)
    face = soften(drawing.layers, manipulator.quality.blur, mask)
    return _composite(real, face, drawing.window, mask, manipulator)


def draw_face(target: Subject, person: Person, weights: dict[str, float], frame: int) -> Drawing:
    """Draws a person in the target's place: pose, gaze and light of the target's frame."""
    head, motion = load_head(), target.motion
    vertices = pose(head, person, weights, motion.gaze[frame], motion.rotation[frame])
    surface = rasterise_head(target.scene, vertices, motion.shift[frame], float(motion.light[frame]), head.face)
    return apply_colours(surface, person.texture)


def _reduce_resolution(drawing: Drawing, manipulator: Manipulator) -> Drawing:
    """Reduces a drawing to what a face network of limited resolution keeps, misplaced in each
    frame.
    """
    quality, draw = manipulator.quality, manipulator.draw
    height, width = drawing.layers.shape[:2]
    ratio = quality.resolution / max(height, width)
    size = (max(8, round(width * ratio)), max(8, round(height * ratio)))
    dx, dy = draw.normal(0, 0.5 * quality.jitter, 2)
    grow = 1 + draw.normal(0, 0.006 * quality.jitter)
    layers = np.empty((height, width, FACE + 1), np.float32)
    for channel in range(FACE + 1):
        patch = Image.fromarray(drawing.layers[..., channel])
        back = patch.resize(size, Image.Resampling.BOX).resize(patch.size, Image.Resampling.BICUBIC)
        askew = (grow, 0, dx, 0, grow, dy)
        moved = back.transform(patch.size, Image.Transform.AFFINE, askew, Image.Resampling.BILINEAR)
        layers[..., channel] = np.maximum(np.asarray(moved), 0)
    return Drawing(layers, drawing.window)


def _match(face: np.ndarray, pixels: np.ndarray, tint: np.ndarray, mask: np.ndarray, share: float) -> list[np.ndarray]:
    """Moves mean and spread of each colour under the mask towards those of the target's pixels.

    Shape: -> mean (3,), gain (3,), shift (3,), as :func:`put_over` takes them.
    """
    weight = mask / max(mask.sum(), np.float32(1e-9))
    mean, variance = measure_colours(face, tint, weight)
    wanted, wanted_variance = measure_colours(pixels, np.ones_like(tint), weight)
    ratio = np.sqrt(wanted_variance) / np.maximum(np.sqrt(variance), 1e-6)
    return [mean, 1 + share * (np.clip(ratio, 0.6, 1.6) - 1), share * (wanted - mean)]


def _composite(
    real: RealFrame,
    face: np.ndarray,
    window: tuple[slice, slice],
    mask: np.ndarray,
    manipulator: Manipulator,
    match: float = 0.0,
) -> FakeFrame:
    """Puts the face on the target's frame where the mask is; every other pixel stays the target's
    own.
    """
    patch, tint = real.pixels[window].copy(), manipulator.tint()
    untouched = [np.zeros(3), np.ones(3), np.zeros(3)]
    colours = _match(face, patch, tint, mask, match) if match else untouched
    put_over(patch, face, mask, np.array([tint, *colours], np.float32))
    return FakeFrame(real, window, patch, mask)
