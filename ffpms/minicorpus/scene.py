"""Scenes: camera, light and background, and the image of a person in them."""

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from ffpms.minicorpus.compositing import draw_over
from ffpms.minicorpus.head_mesh import HeadModel, Part, load_head
from ffpms.minicorpus.people import Person
from ffpms.minicorpus.rasteriser import find_visible, fit_planes, shade
from ffpms.minicorpus.texture import CHANNELS, COVER
from ffpms.minicorpus.vertices import turn

SUPERSAMPLE = 2
"""Images are drawn at this many times their size and averaged down, which smooths edges."""

_CAMERA = 14.0
_PIVOT = np.array([0.0, 6.0, 0.3])


@dataclass(frozen=True)
class Scene:
    """Where a person sits: the frame's size, the place of the head, the light and the background.

    Shape: middle (2,) px where the eyes are; scale px per dm; light (3,) direction; tint (3,);
    background (H, W, 3) in 0..1; noise is the sensor's standard deviation in 0..1.
    """

    width: int
    height: int
    middle: np.ndarray
    scale: float
    light: np.ndarray
    tint: np.ndarray
    ambient: float
    background: np.ndarray
    noise: float

    def shared(self) -> tuple["Scene", "Scene"]:
        """Returns the same room for two people; the second one sits aside and is smaller."""
        left, right = self.middle - [0.17 * self.width, 0], self.middle + [0.27 * self.width, 0]
        return replace(self, middle=left), replace(self, middle=right, scale=0.8 * self.scale)


@dataclass(frozen=True)
class Drawing:
    """A person drawn alone, within a window (rows, columns) of the frame.

    Shape: layers (h, w, C): red, green, blue, face and mouth, premultiplied by alpha, which follows
    them.
    """

    layers: np.ndarray
    window: tuple[slice, slice]


def make_scene(seed: int, width: int, height: int) -> Scene:
    """Draws a room and a light for a person's video."""
    draw = np.random.default_rng([seed, 2])
    wide = draw.normal(size=(height // 8 + 2, width // 8 + 2, 1)) + 0.35 * draw.normal(
        size=(height // 8 + 2, width // 8 + 2, 3)
    )
    wide *= draw.uniform(0.02, 0.14)
    blobs = gaussian_filter(wide, (draw.uniform(1.5, 5), draw.uniform(1.5, 5), 0)) * 6
    rough = np.stack(
        [
            np.asarray(Image.fromarray(b).resize((width, height), Image.Resampling.BICUBIC))
            for b in np.moveaxis(blobs, -1, 0)
        ],
        axis=-1,
    )
    slope = np.linspace(-1, 1, height)[:, None, None] * draw.uniform(-0.12, 0.12)
    side = draw.uniform(-1, 1)
    light = np.array([0.9 * side, draw.uniform(0.1, 0.8), 1.0])
    return Scene(
        width=width,
        height=height,
        middle=np.array([width / 2 + draw.normal(0, width / 40), height * draw.uniform(0.42, 0.48)]),
        scale=height * draw.uniform(0.29, 0.33),
        light=light / np.linalg.norm(light),
        tint=1 + draw.normal(0, 0.04, 3),
        ambient=draw.uniform(0.42, 0.56),
        background=np.clip(draw.uniform(0.2, 0.75) + draw.normal(0, 0.07, 3) + slope + rough, 0.02, 0.98, dtype="f4"),
        noise=draw.uniform(1.0, 3.0) / 255,
    )


def pose(
    head: HeadModel, person: Person, weights: dict[str, float], gaze: np.ndarray, rotation: np.ndarray
) -> np.ndarray:
    """Applies expression, gaze and head rotation; the rotation fades out towards the shoulders.

    Shape: gaze (2,), rotation (3,) in radians -> (V, 3) dm.
    """
    geometry = person.geometry
    vertices = head.moved(geometry.vertices, weights)
    for ball, centre in zip(head.eyeball, geometry.eyes, strict=True):
        vertices[ball] = (geometry.vertices[ball] - centre) @ _rotation(gaze[0], gaze[1], 0.0).T + centre
    turn(vertices, _PIVOT, _rotation(*rotation))
    return vertices


def _rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    (cy, sy), (cp, sp), (cr, sr) = ((math.cos(a), math.sin(a)) for a in (yaw, pitch, roll))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z)


@dataclass(frozen=True)
class Surface:
    """What is seen in each pixel before any colour.

    It covers a window of the frame (top, left, in px), at SUPERSAMPLE times the size.

    Shape: seen (h, w) rows of triangles, or -1; planes (T, 5, 3) texel x and y, then red, green and
    blue light.
    """

    seen: np.ndarray
    planes: np.ndarray
    top: int
    left: int


def rasterise_head(
    scene: Scene, vertices: np.ndarray, shift: np.ndarray, brightness: float, part: Part | None = None
) -> Surface:
    """Rasterises posed vertices with their light; the whole head or a part."""
    head = load_head()
    part = head.whole if part is None else part
    away = _CAMERA - (vertices[:, 2] - 1.245)
    zoom = scene.scale * _CAMERA / away
    x = scene.middle[0] + shift[0] + zoom * vertices[:, 0]
    y = scene.middle[1] + shift[1] - zoom * (vertices[:, 1] - 7.284)
    left, right = _range(x[part.vertices], scene.width)
    top, bottom = _range(y[part.vertices], scene.height)
    height, width = (bottom - top) * SUPERSAMPLE, (right - left) * SUPERSAMPLE
    xy = (np.stack([x - left, y - top], axis=1) * SUPERSAMPLE)[head.corner]
    light = _light(scene, vertices, head) * brightness
    attributes = np.concatenate([head.texel, light[head.corner]], axis=1)
    seen = find_visible(xy, away[head.corner], part.triangles, height, width)
    return Surface(seen, fit_planes(xy, part.triangles, attributes), top, left)


def _range(used: np.ndarray, size: int) -> tuple[int, int]:
    """Rounds the range of coordinates to pixels of the frame."""
    return int(np.clip(np.floor(used.min()), 0, size - 1)), int(np.clip(np.ceil(used.max()), 1, size))


def _light(scene: Scene, vertices: np.ndarray, head: HeadModel) -> np.ndarray:
    """Sums ambient light, a soft key light and a small specular part.

    Shape: (V, 3) dm -> (V, 3).
    """
    normals = head.normals(vertices)
    lit = np.clip(0.75 * (normals @ scene.light) + 0.25, 0, None)
    halfway = scene.light + [0, 0, 1]
    shine = np.clip(normals @ (halfway / np.linalg.norm(halfway)), 0, None) ** 24
    return np.asarray((scene.ambient + 0.62 * lit + 0.1 * shine)[:, None] * scene.tint)


def apply_colours(surface: Surface, texture: np.ndarray) -> Drawing:
    """Gives the surface the colours of a person, at the size of the scene."""
    layers = shade(texture, surface.seen, surface.planes, SUPERSAMPLE, CHANNELS)
    rows = slice(surface.top, surface.top + layers.shape[0])
    columns = slice(surface.left, surface.left + layers.shape[1])
    return Drawing(layers, (rows, columns))


def paint_over(frame: np.ndarray, drawing: Drawing) -> np.ndarray:
    """Returns the frame with the drawn person in front."""
    out = frame.copy()
    draw_over(out[drawing.window], drawing.layers, COVER)
    return out
