"""People: a seed becomes the shape of a head and the colours of its skin, brows, hair, beard, eyes and clothes."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from ffpms.minicorpus.head import EYE_DISTANCE, EYE_TEXTURE, EYES, TEXTURE, HeadModel, load_head
from ffpms.minicorpus.raster import rasterise

FACE, MOUTH = 3, 4
"""Channels of a texture behind red, green and blue: how much a texel is of the face, and of the mouth region."""

LOOK_ALIKE = 0.06
"""People who differ by less are not cast together."""

_SKIN = {"african": (138, 94, 70), "asian": (206, 160, 128), "caucasian": (222, 176, 152)}
_HAIR = ((28, 22, 20), (54, 36, 26), (92, 62, 40), (150, 112, 66), (120, 116, 112), (110, 52, 30))
_IRIS = ((70, 44, 28), (92, 110, 66), (84, 116, 146), (60, 52, 46))
_MOUTH_PARTS = ((0.67, 0.745, 0.87, 0.925, (0.86, 0.82, 0.76)), (0.615, 0.655, 0.925, 0.99, (0.6, 0.28, 0.28)))
"""Teeth and tongue in texture coordinates: left, right, low, high, colour."""

_SPREAD = {"nose": 0.35, "mouth": 0.35, "chin": 0.35, "forehead": 0.35, "cheek": 0.35, "ears": 0.0, "neck": 0.15}
_OPPOSITES = (
    *(("-decr", "-incr"), ("-down", "-up"), ("-in", "-out"), ("-backward", "-forward"), ("-concave", "-convex")),
    ("-compress", "-uncompress"),
)


@dataclass(frozen=True)
class Build:
    """How a person is built, without colours.

    Shape: vertices (V, 3) dm at rest, the eyes where the base head has them; eyes (2, 3) centres of the eyeballs;
    skin (3,) in 0..1.
    """

    vertices: np.ndarray
    eyes: np.ndarray
    skin: np.ndarray

    def difference(self, other: "Build") -> float:
        """How unlike two people are: root mean square distance of their faces in eye distances, and of skin colour."""
        face = load_head().rest[:, 2] > 0.9
        shape = np.sqrt(np.mean((self.vertices[face] - other.vertices[face]) ** 2)) / EYE_DISTANCE
        return float(np.hypot(shape, 0.1 * np.abs(self.skin - other.skin).max()))

    @property
    def is_believable(self) -> bool:
        """Not a freak: eyes, mouth and chin in proportions that people have."""
        x, y, z = load_head().rest.T
        chin = (np.abs(x) < 0.2) & (np.abs(y - 6.1) < 0.15) & (z > 1.1)
        mouth = (np.abs(y - 6.68) < 0.1) & (z > 1.2)
        eyes = float(self.eyes[0, 0] - self.eyes[1, 0])
        chin_below_eyes = (self.eyes[:, 1].mean() - self.vertices[chin, 1].min()) / eyes
        mouth_width = np.ptp(self.vertices[mouth, 0]) / eyes
        return bool(0.87 < eyes / EYE_DISTANCE < 1.1 and 1.7 < chin_below_eyes < 2.3 and 1.3 < mouth_width < 1.75)


@dataclass(frozen=True)
class Person:
    """One identity: a build, and a texture (1024, 1152, 5) in 0..1."""

    build: Build
    texture: np.ndarray


def make_build(seed: int) -> Build:
    """The build of a seed's person."""
    return _draw_build(np.random.default_rng(seed))


@lru_cache(maxsize=4)
def make_person(seed: int) -> Person:
    """The person of a seed; the same on every machine."""
    draw = np.random.default_rng(seed)
    build = _draw_build(draw)
    return Person(build, _paint(load_head(), build.skin, draw))


def cast(count: int, seed: int) -> list[int]:
    """Seeds of ``count`` people who are believable and do not look alike."""
    kept: dict[int, Build] = {}
    candidate = seed * 1_000_003
    while len(kept) < count:
        candidate += 1
        build = make_build(candidate)
        if build.is_believable and all(build.difference(other) > LOOK_ALIKE for other in kept.values()):
            kept[candidate] = build
    return list(kept)


def _draw_build(draw: np.random.Generator) -> Build:
    head = load_head()
    ethnicity, weights = _draw_shape(head, draw)
    hair = float(np.clip(draw.normal(0.12, 0.08), 0.02, 0.3))
    vertices = head.moved(head.rest, weights)
    vertices = vertices + _hair_volume(head, hair)
    eyes = np.array([vertices[ball].mean(axis=0) for ball in head.eyeball])
    moved = EYES.mean(axis=0) - eyes.mean(axis=0)
    tone = np.sum([np.array(_SKIN[e]) * w for e, w in ethnicity.items()], axis=0) / 255 * draw.uniform(0.9, 1.08)
    return Build(vertices + moved, eyes + moved, tone)


def _draw_shape(head: HeadModel, draw: np.random.Generator) -> tuple[dict[str, float], dict[str, float]]:
    """Weights of ethnicity, and of all targets: macro details that sum to 1, and a signed draw for each local pair."""
    ethnic = dict(zip(_SKIN, draw.dirichlet([0.35] * 3), strict=True))
    gender = dict(zip(("female", "male"), draw.dirichlet([0.4] * 2), strict=True))
    age = dict(zip(("young", "old"), draw.dirichlet([1.2, 0.6]), strict=True))
    weight = dict(zip(("minweight", "averageweight", "maxweight"), draw.dirichlet([0.8, 1.6, 0.8]), strict=True))
    weights: dict[str, float] = {}
    for g, a in ((g, a) for g in gender for a in age):
        for e in ethnic:
            weights[f"macrodetails/{e}-{g}-{a}"] = ethnic[e] * gender[g] * age[a]
        for w in weight:
            weights[f"macrodetails/universal-{g}-{a}-averagemuscle-{w}"] = gender[g] * age[a] * weight[w]
    return ethnic, weights | _draw_local(head, draw)


def _draw_local(head: HeadModel, draw: np.random.Generator) -> dict[str, float]:
    """One signed weight for each pair of opposites, the same for left and right twins."""
    weights: dict[str, float] = {}
    local = sorted(n for n in head.targets if not n.startswith(("expr/", "macrodetails/")))
    for name in local:
        folder, _, part = name.partition("/")
        opposite = next((part.replace(a, b) for a, b in _OPPOSITES if part.endswith(a)), None)
        if part.startswith("r-") or opposite is None or f"{folder}/{opposite}" not in head.targets:
            continue
        value = float(np.clip(draw.normal(0, _SPREAD.get(folder, 0.25)), -0.9, 0.9))
        chosen = opposite if value > 0 else part
        for twin in (chosen, "r-" + chosen[2:]) if part.startswith("l-") else (chosen,):
            weights[f"{folder}/{twin}"] = abs(value)
    return weights


def _scalp(points: np.ndarray) -> np.ndarray:
    """How much a point of the base head is under hair.

    Shape: (..., 3) -> (...).
    """
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    line = 7.93 - 0.75 * np.clip((1.05 - z) / 0.6, 0, 1) ** 1.5 - 0.12 * np.clip(np.abs(x) - 0.45, 0, 1)
    line = np.where(z < 0.3, 6.55 - 0.15 * np.clip(0.3 - z, 0, 1), line)
    return np.clip((y - line) / 0.09, 0, 1)


def _hair_volume(head: HeadModel, thickness: float) -> np.ndarray:
    """How hair pushes the scalp, but not the ears, outwards from the middle of the head.

    Shape: -> (V, 3) dm.
    """
    outward = head.rest - [0, 7.3, 0.4]
    outward = outward / np.linalg.norm(outward, axis=1, keepdims=True)
    under = _scalp(head.rest) * (1 - head.at_vertices("ears"))
    return np.asarray(outward * (thickness * under * under * (3 - 2 * under))[:, None])


@lru_cache(maxsize=1)
def _surface() -> tuple[np.ndarray, np.ndarray]:
    """The base head's point under each texel, and which texels have one."""
    head = load_head()
    body = ~np.isin(head.corner, np.concatenate(head.eyeball))
    keep = body[head.triangles].all(axis=1)
    triangles = np.concatenate([head.triangles[keep], head.triangles[keep][:, ::-1]])
    depth = np.zeros(len(head.corner))
    return rasterise(head.texel, depth, triangles, head.rest[head.corner], TEXTURE, TEXTURE)


def _noise(draw: np.random.Generator, sigma: float) -> np.ndarray:
    """Smooth noise of unit spread over the texture."""
    small = max(1, int(sigma / 2))
    rough = gaussian_filter(draw.normal(size=(TEXTURE // small, TEXTURE // small)), sigma / small)
    rough = rough / rough.std()
    return (
        rough if small == 1 else np.asarray(Image.fromarray(rough).resize((TEXTURE, TEXTURE), Image.Resampling.BICUBIC))
    )


def _paint(head: HeadModel, tone: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Bakes all colour that does not depend on the pose."""
    points, _ = _surface()
    x, y, z = np.moveaxis(points, -1, 0)
    masks = {
        k: np.asarray(Image.fromarray(m).resize((TEXTURE, TEXTURE), Image.Resampling.BILINEAR))
        for k, m in head.masks.items()
    }
    mottle = 1 + 0.02 * _noise(draw, 24) + 0.02 * _noise(draw, 6) + 0.018 * _noise(draw, 1.2)
    colour = tone * mottle[..., None]

    def blend(amount: np.ndarray, paint: np.ndarray | tuple[float, ...]) -> None:
        nonlocal colour
        colour = colour * (1 - amount[..., None]) + np.asarray(paint) * amount[..., None]

    cheeks = np.exp(-(((np.abs(x) - 0.45) / 0.2) ** 2) - ((y - 6.95) / 0.18) ** 2) * (z > 0.8)
    blend(cheeks * draw.uniform(0.05, 0.25), tone * [1.08, 0.8, 0.78])
    sockets = np.exp(-(((np.abs(x) - 0.3) / 0.2) ** 2) - ((y - 7.24) / 0.13) ** 2) * (z > 0.9)
    blend(sockets * draw.uniform(0.1, 0.35), tone * [0.72, 0.62, 0.6])
    freckles = (_noise(draw, 2.0) > draw.uniform(1.6, 3.2)) * np.exp(
        -((np.abs(x) / 0.6) ** 2) - ((y - 7.0) / 0.35) ** 2
    )
    blend(freckles * 0.35, tone * [0.66, 0.5, 0.42])
    blend(np.clip(masks["lips"] * 1.2, 0, 1) * draw.uniform(0.5, 0.85), tone * [0.86, 0.52, 0.52])
    hair = np.array(_HAIR[draw.integers(len(_HAIR))]) / 255 * draw.uniform(0.85, 1.15)
    strands = np.clip(1 + 0.13 * _noise(draw, 1.5) + 0.08 * _noise(draw, 8), 0.4, 1.6)
    thick, lift, bend = draw.uniform(0.022, 0.042), draw.uniform(0.21, 0.27), draw.uniform(0.0, 0.06)
    along = (np.abs(x) - 0.1) / 0.45
    arch = 7.284 + lift + bend * np.sin(np.clip(along, 0, 1) * 2.6)
    taper = np.clip(along / 0.1, 0, 1) * np.clip((1 - along) / 0.45, 0, 1) ** 0.7
    brows = np.exp(-(((y - arch) / thick) ** 2)) * taper * (z > 1.0)
    blend(np.clip(brows * strands, 0, 1) * draw.uniform(0.5, 0.8), np.minimum(hair * 0.8, tone * 0.5))
    beard = np.clip((6.8 - y) / 0.16, 0, 1) * np.clip((y - 6.05) / 0.15, 0, 1) * (z > 0.5) * (1 - masks["lips"])
    density = draw.choice([0, 0, 0, 0.12, 0.25, 0.4]) * np.clip(0.85 + 0.12 * _noise(draw, 1.5), 0, 1)
    blend(beard * density, hair)
    blend(np.clip(_scalp(points) * (0.94 + 0.05 * strands), 0, 1) * (1 - masks["ears"]), 1.0 * hair)
    colour = np.where((_scalp(points) > 0.5)[..., None], colour * strands[..., None], colour)
    cloth = draw.uniform(0.1, 0.75) * (1 + draw.normal(0, 0.16, 3)) * (1 + 0.05 * _noise(draw, 3)[..., None])
    collar = np.clip((5.55 - 0.35 * np.clip(z - 0.2, 0, 1) + 0.5 * np.clip(np.abs(x) - 0.4, 0, 1) - y) / 0.03, 0, 1)
    blend(collar, cloth)
    texture = np.zeros((TEXTURE, TEXTURE + EYE_TEXTURE, 5))
    texture[:, :TEXTURE, :3] = np.clip(colour, 0, 1)
    oval = (x / 0.72) ** 2 + ((y - 6.85) / np.where(y > 6.85, 0.95, 0.9)) ** 2
    front = np.clip((z - 0.6 - 0.6 * np.clip((6.6 - y) / 0.4, 0, 1)) / 0.1, 0, 1)  # not the neck under the chin
    texture[:, :TEXTURE, FACE] = np.clip((1 - oval) / 0.25, 0, 1) * front
    lower = (x / 0.46) ** 2 + ((y - 6.55) / 0.38) ** 2
    texture[:, :TEXTURE, MOUTH] = np.clip((1 - lower) / 0.4, 0, 1) * (z > 0.7)
    _paint_mouth(texture[:, :TEXTURE], masks["inside_mouth"])
    texture[:EYE_TEXTURE, TEXTURE:] = _paint_eye(np.array(_IRIS[draw.integers(len(_IRIS))]) / 255, draw)
    return texture


def _paint_mouth(texture: np.ndarray, inside: np.ndarray) -> None:
    """Dark mouth cavity, teeth and tongue, in place; all of it face and mouth."""
    cavity = inside[..., None]
    texture[..., :3] = texture[..., :3] * (1 - cavity) + np.array([0.24, 0.08, 0.08]) * cavity
    texture[..., FACE:] = np.maximum(texture[..., FACE:], cavity)
    for left, right, low, high, paint in _MOUTH_PARTS:
        rows, columns = (
            slice(int((1 - high) * TEXTURE), int((1 - low) * TEXTURE)),
            slice(int(left * TEXTURE), int(right * TEXTURE)),
        )
        texture[rows, columns] = (*paint, 1, 1)


def _paint_eye(iris: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """White, iris with a dark rim, pupil and a glint, seen from the front; all of it face."""
    side = (np.arange(EYE_TEXTURE) + 0.5) / EYE_TEXTURE * 2 - 1
    radius = np.hypot(*np.meshgrid(side, side)) / 0.96
    eye = np.ones((EYE_TEXTURE, EYE_TEXTURE, 5))
    eye[..., :3] = np.array([0.86, 0.84, 0.82]) * (1 - 0.35 * radius[..., None] ** 4)
    size = draw.uniform(0.46, 0.52)
    ring = np.clip((size - radius) / 0.05, 0, 1)[..., None]
    eye[..., :3] = eye[..., :3] * (1 - ring) + iris * (0.7 + 0.5 * radius / size)[..., None] * ring
    pupil = np.clip((size * 0.45 - radius) / 0.04, 0, 1)[..., None]
    eye[..., :3] = eye[..., :3] * (1 - pupil) + 0.03 * pupil
    eye[..., MOUTH] = 0
    return eye
