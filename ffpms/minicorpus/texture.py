"""Texture: the colours of skin, brows, hair, beard, clothes, mouth and eyes in one image."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from ffpms.minicorpus.compositing import blend
from ffpms.minicorpus.head_mesh import EYE_TEXTURE, TEXTURE, HeadModel, load_head
from ffpms.minicorpus.rasteriser import find_visible, fit_planes, interpolate

FACE, MOUTH, COVER = 3, 4, 5
"""Channels of a texture after red, green and blue: face region, mouth region, and 1 everywhere."""

CHANNELS = 8
"""A power of two, so that a processor does those of a texel at once; the last two are empty."""

_HAIR = ((28, 22, 20), (54, 36, 26), (92, 62, 40), (150, 112, 66), (120, 116, 112), (110, 52, 30))
_IRIS = ((70, 44, 28), (92, 110, 66), (84, 116, 146), (60, 52, 46))
_MOUTH_PARTS = ((0.67, 0.745, 0.87, 0.925, (0.86, 0.82, 0.76)), (0.615, 0.655, 0.925, 0.99, (0.6, 0.28, 0.28)))
"""Teeth and tongue in texture coordinates: left, right, low, high, colour."""


def under_hair(points: np.ndarray) -> np.ndarray:
    """How much a point of the base head is under hair, in 0..1.

    Shape: (..., 3) -> (...).
    """
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    line = 7.93 - 0.75 * np.clip((1.05 - z) / 0.6, 0, 1) ** 1.5 - 0.12 * np.clip(np.abs(x) - 0.45, 0, 1)
    line = np.where(z < 0.3, 6.55 - 0.15 * np.clip(0.3 - z, 0, 1), line)
    return np.clip((y - line) / 0.09, 0, 1)


@dataclass(frozen=True)
class _TexelMap:
    """The geometry under every texel, the same for all people.

    Shape: x, y, z (T, T) dm on the base head; in 0..1 the head model's masks, hair, beard, cheeks,
    sockets, freckles and clothes (T, T), face and mouth as regions (T, T, 2).
    """

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    masks: dict[str, np.ndarray]
    hair: np.ndarray
    beard: np.ndarray
    cheeks: np.ndarray
    sockets: np.ndarray
    freckles: np.ndarray
    clothes: np.ndarray
    regions: np.ndarray


@lru_cache(maxsize=1)
def _texel_map() -> _TexelMap:
    head = load_head()
    points = _surface(head)
    x, y, z = np.ascontiguousarray(np.moveaxis(points, -1, 0))
    size = (TEXTURE, TEXTURE)
    masks = {k: np.asarray(Image.fromarray(m).resize(size, Image.Resampling.BILINEAR)) for k, m in head.masks.items()}
    jaw = np.clip((6.8 - y) / 0.16, 0, 1) * np.clip((y - 6.05) / 0.15, 0, 1) * (z > 0.5)
    front = np.clip((z - 0.6 - 0.6 * np.clip((6.6 - y) / 0.4, 0, 1)) / 0.1, 0, 1)  # not the neck under the chin
    oval = (x / 0.72) ** 2 + ((y - 6.85) / np.where(y > 6.85, 0.95, 0.9)) ** 2
    lower = (x / 0.46) ** 2 + ((y - 6.55) / 0.38) ** 2
    regions = np.stack([np.clip((1 - oval) / 0.25, 0, 1) * front, np.clip((1 - lower) / 0.4, 0, 1) * (z > 0.7)], axis=2)
    regions = np.maximum(regions, masks["inside_mouth"][..., None]).astype(np.float32)
    for rows, columns, _ in _mouth_parts():
        regions[rows, columns] = 1
    collar = 5.55 - 0.35 * np.clip(z - 0.2, 0, 1) + 0.5 * np.clip(np.abs(x) - 0.4, 0, 1)
    return _TexelMap(
        *(x, y, z, masks),
        hair=under_hair(points),
        beard=jaw * (1 - masks["lips"]),
        cheeks=np.exp(-(((np.abs(x) - 0.45) / 0.2) ** 2) - ((y - 6.95) / 0.18) ** 2) * (z > 0.8),
        sockets=np.exp(-(((np.abs(x) - 0.3) / 0.2) ** 2) - ((y - 7.24) / 0.13) ** 2) * (z > 0.9),
        freckles=np.exp(-((x / 0.6) ** 2) - ((y - 7.0) / 0.35) ** 2),
        clothes=np.clip((collar - y) / 0.03, 0, 1),
        regions=regions,
    )


def _surface(head: HeadModel) -> np.ndarray:
    """Point of the base head under each texel.

    Shape: -> (T, T, 3) dm.
    """
    body = ~np.isin(head.corner, np.concatenate(head.eyeball))
    keep = body[head.triangles].all(axis=1)
    triangles = np.concatenate([head.triangles[keep], head.triangles[keep][:, ::-1]])
    depth = np.zeros(len(head.corner))
    seen = find_visible(head.texel, depth, triangles, TEXTURE, TEXTURE)
    return np.asarray(interpolate(seen, fit_planes(head.texel, triangles, head.rest[head.corner])))


def make_texture(tone: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Draws all colours that do not depend on the pose, for a person of a skin tone.

    Shape: tone (3,) in 0..1 -> (T, T + E, C) in 0..1: red, green, blue, face, mouth and cover; the
    eyes to the right.
    """
    texels, tone = _texel_map(), tone.astype(np.float32)
    colour = _skin(texels, tone, draw)
    _paint_hair(colour, texels, tone, draw)
    _paint_clothes(colour, texels, draw)
    _paint_mouth(colour, texels)
    texture = np.zeros((TEXTURE, TEXTURE + EYE_TEXTURE, CHANNELS), np.float32)
    texture[..., COVER] = 1
    texture[:, :TEXTURE, :FACE] = np.clip(colour, 0, 1)
    texture[:, :TEXTURE, FACE:COVER] = texels.regions
    texture[:EYE_TEXTURE, TEXTURE:, :COVER] = _eye(np.array(_IRIS[draw.integers(len(_IRIS))]) / 255, draw)
    return texture


def _skin(texels: _TexelMap, tone: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Draws mottled skin with flushed cheeks, dark sockets, freckles and lips."""
    mottle = 1 + 0.02 * _noise(draw, 24) + 0.02 * _noise(draw, 6) + 0.018 * _noise(draw, 1.2)
    colour = tone * mottle[..., None]
    _blend(colour, texels.cheeks * draw.uniform(0.05, 0.25), tone * [1.08, 0.8, 0.78])
    _blend(colour, texels.sockets * draw.uniform(0.1, 0.35), tone * [0.72, 0.62, 0.6])
    spots = (_noise(draw, 2.0) > draw.uniform(1.6, 3.2)) * texels.freckles
    _blend(colour, spots * 0.35, tone * [0.66, 0.5, 0.42])
    lips = np.clip(texels.masks["lips"] * 1.2, 0, 1)
    _blend(colour, lips * draw.uniform(0.5, 0.85), tone * [0.86, 0.52, 0.52])
    return colour


def _paint_hair(colour: np.ndarray, texels: _TexelMap, tone: np.ndarray, draw: np.random.Generator) -> None:
    """Paints brows, perhaps a beard, and the hair of the head, in place."""
    hair = np.array(_HAIR[draw.integers(len(_HAIR))]) / 255 * draw.uniform(0.85, 1.15)
    strands = np.clip(1 + 0.13 * _noise(draw, 1.5) + 0.08 * _noise(draw, 8), 0.4, 1.6)
    brows = _brows(texels, draw)
    _blend(colour, np.clip(brows * strands, 0, 1) * draw.uniform(0.5, 0.8), np.minimum(hair * 0.8, tone * 0.5))
    density = draw.choice([0, 0, 0, 0.12, 0.25, 0.4]) * np.clip(0.85 + 0.12 * _noise(draw, 1.5), 0, 1)
    _blend(colour, texels.beard * density, hair)
    cover = np.clip(texels.hair * (0.94 + 0.05 * strands), 0, 1) * (1 - texels.masks["ears"])
    _blend(colour, cover, hair)
    colour *= np.where(texels.hair > 0.5, strands, 1)[..., None]


def _brows(texels: _TexelMap, draw: np.random.Generator) -> np.ndarray:
    """Draws two arches that taper outwards."""
    thick, lift, bend = draw.uniform(0.022, 0.042), draw.uniform(0.21, 0.27), draw.uniform(0.0, 0.06)
    along = (np.abs(texels.x) - 0.1) / 0.45
    arch = 7.284 + lift + bend * np.sin(np.clip(along, 0, 1) * 2.6)
    taper = np.clip(along / 0.1, 0, 1) * np.clip((1 - along) / 0.45, 0, 1) ** 0.7
    return np.asarray(np.exp(-(((texels.y - arch) / thick) ** 2)) * taper * (texels.z > 1.0))


def _paint_clothes(colour: np.ndarray, texels: _TexelMap, draw: np.random.Generator) -> None:
    """Paints a plain top below the collar, in place."""
    cloth = draw.uniform(0.1, 0.75) * (1 + draw.normal(0, 0.16, 3))
    _blend(colour, texels.clothes, cloth, 1 + 0.05 * _noise(draw, 3))


def _paint_mouth(colour: np.ndarray, texels: _TexelMap) -> None:
    """Paints a dark mouth cavity, teeth and tongue, in place."""
    _blend(colour, texels.masks["inside_mouth"], np.array([0.24, 0.08, 0.08]))
    for rows, columns, paint in _mouth_parts():
        colour[rows, columns] = paint


def _mouth_parts() -> Iterator[tuple[slice, slice, tuple[float, ...]]]:
    for left, right, low, high, paint in _MOUTH_PARTS:
        rows = slice(int((1 - high) * TEXTURE), int((1 - low) * TEXTURE))
        yield rows, slice(int(left * TEXTURE), int(right * TEXTURE)), paint


def _blend(colour: np.ndarray, amount: np.ndarray, paint: np.ndarray, grain: np.ndarray | None = None) -> None:
    """Moves a colour towards a paint, in place.

    Shape: colour (H, W, 3), amount (H, W) in 0..1, paint (3,), grain (H, W) that multiplies it.
    """
    grain = np.ones_like(colour[..., 0]) if grain is None else grain
    blend(colour, amount.astype(np.float32), paint.astype(np.float64), grain)


def _noise(draw: np.random.Generator, sigma: float) -> np.ndarray:
    """Smooth noise of unit spread over the texture."""
    small = max(1, int(sigma / 2))
    rough = gaussian_filter(draw.standard_normal((TEXTURE // small, TEXTURE // small), np.float32), sigma / small)
    rough /= rough.std()
    return np.asarray(Image.fromarray(rough).resize((TEXTURE, TEXTURE), Image.Resampling.BICUBIC))


def _eye(iris: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Draws white, iris with a dark rim, pupil and a glint, seen from the front; all of it face."""
    side = (np.arange(EYE_TEXTURE) + 0.5) / EYE_TEXTURE * 2 - 1
    radius = np.hypot(*np.meshgrid(side, side)) / 0.96
    eye = np.ones((EYE_TEXTURE, EYE_TEXTURE, 5), np.float32)
    eye[..., :3] = np.array([0.86, 0.84, 0.82]) * (1 - 0.35 * radius[..., None] ** 4)
    size = draw.uniform(0.46, 0.52)
    ring = np.clip((size - radius) / 0.05, 0, 1)[..., None]
    eye[..., :3] = eye[..., :3] * (1 - ring) + iris * (0.7 + 0.5 * radius / size)[..., None] * ring
    pupil = np.clip((size * 0.45 - radius) / 0.04, 0, 1)[..., None]
    eye[..., :3] = eye[..., :3] * (1 - pupil) + 0.03 * pupil
    eye[..., MOUTH] = 0
    return eye
