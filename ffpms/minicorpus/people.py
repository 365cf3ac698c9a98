"""People: draws the shape and the colours of a head from a seed, and chooses people that differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from ffpms.minicorpus.head_mesh import EYE_DISTANCE, EYES, HeadModel, load_head
from ffpms.minicorpus.texture import make_texture, under_hair

MIN_DIFFERENCE = 0.06
"""Least difference of two people in a small corpus; in larger ones it is lower."""
_FEW, _DIMENSIONS = 40, 10
"""Least difference of two people in a small corpus; lower in larger ones."""

_SKIN = {"african": (138, 94, 70), "asian": (206, 160, 128), "caucasian": (222, 176, 152)}
_SPREAD = {"nose": 0.35, "mouth": 0.35, "chin": 0.35, "forehead": 0.35, "cheek": 0.35, "ears": 0.0, "neck": 0.15}
_OPPOSITES = (
    *(("-decr", "-incr"), ("-down", "-up"), ("-in", "-out"), ("-backward", "-forward"), ("-concave", "-convex")),
    ("-compress", "-uncompress"),
)


@dataclass(frozen=True)
class PersonGeometry:
    """The shape of a person's head, and the tone of the skin, without other colours.

    Shape: vertices (V, 3) dm at rest, the eyes where the base head has them; eyes (2, 3) centres of
    the eyeballs; skin (3,) in 0..1.
    """

    vertices: np.ndarray
    eyes: np.ndarray
    skin: np.ndarray

    @property
    def face(self) -> np.ndarray:
        """The front of the head, scaled so that distances are root mean squares in eye distances.

        Shape: (F * 3,).
        """
        front = self.vertices[load_head().rest[:, 2] > 0.9].ravel()
        return np.asarray(front / EYE_DISTANCE / np.sqrt(front.size))

    @property
    def is_plausible(self) -> bool:
        """Whether eyes, mouth and chin have proportions that real people have."""
        x, y, z = load_head().rest.T
        chin = (np.abs(x) < 0.2) & (np.abs(y - 6.1) < 0.15) & (z > 1.1)
        mouth = (np.abs(y - 6.68) < 0.1) & (z > 1.2)
        eyes = float(self.eyes[0, 0] - self.eyes[1, 0])
        chin_below_eyes = (self.eyes[:, 1].mean() - self.vertices[chin, 1].min()) / eyes
        mouth_width = np.ptp(self.vertices[mouth, 0]) / eyes
        return bool(0.87 < eyes / EYE_DISTANCE < 1.1 and 1.7 < chin_below_eyes < 2.3 and 1.3 < mouth_width < 1.75)


@dataclass(frozen=True)
class Person:
    """One identity: a geometry, and a texture as of :func:`make_texture`."""

    geometry: PersonGeometry
    texture: np.ndarray


def make_geometry(seed: int) -> PersonGeometry:
    """Returns the geometry of a seed's person."""
    return _draw_geometry(np.random.default_rng(seed))


@lru_cache(maxsize=4)
def make_person(seed: int) -> Person:
    """Returns the person of a seed; the same on every machine."""
    draw = np.random.default_rng(seed)
    geometry = _draw_geometry(draw)
    return Person(geometry, make_texture(geometry.skin, draw))


def iter_people(count: int, seed: int) -> Iterator[int]:
    """Yields the seeds of ``count`` people who are plausible and do not look alike."""
    n, candidate, least = 0, seed * 1_000_003, min_difference(count)
    middle = make_geometry(seed).face
    faces, skins = np.empty((count, middle.size), np.float32), np.empty((count, 3))
    from_middle = np.empty_like(faces)
    while n < count:
        candidate += 1
        geometry = make_geometry(candidate)
        if not geometry.is_plausible:
            continue
        faces[n], skins[n], from_middle[n] = geometry.face, geometry.skin, geometry.face - middle
        close = _are_close(from_middle[n], from_middle[:n], least)
        if (differences(geometry, faces[:n][close], skins[:n][close]) > least).all():
            yield candidate
            n += 1


def _are_close(face: np.ndarray, faces: np.ndarray, least: float) -> np.ndarray:
    """Finds all faces that are closer than ``least``, by one product, and some that are not.

    |a - b|^2 = |a|^2 + |b|^2 - 2ab, rounded. So who is found is measured again.

    Shape: face (F * 3,), faces (N, F * 3) -> (N,) bool.
    """
    squared = face @ face + np.einsum("ij,ij->i", faces, faces) - 2 * (faces @ face)
    return np.asarray(squared < 1.1 * least**2)


def differences(geometry: PersonGeometry, faces: np.ndarray, skins: np.ndarray) -> np.ndarray:
    """Measures how much a person differs from others, by the shape of the face and the tone of the
    skin.

    Shape: faces (N, F * 3), skins (N, 3) -> (N,).
    """
    skin = 0.1 * np.abs(skins - geometry.skin).max(axis=1)
    return np.asarray(np.hypot(np.linalg.norm(faces - geometry.face, axis=1), skin))


def min_difference(count: int) -> float:
    """Returns the least difference of any two among ``count`` people.

    The share of random pairs that differ by less than t grows like t to the 12th power.
    """
    return float(MIN_DIFFERENCE * min(1.0, _FEW / count) ** (1 / _DIMENSIONS))


def _draw_geometry(draw: np.random.Generator) -> PersonGeometry:
    head = load_head()
    ethnicity, weights = _draw_shape(head, draw)
    hair = float(np.clip(draw.normal(0.12, 0.08), 0.02, 0.3))
    vertices = head.moved(head.rest, weights)
    vertices = vertices + _hair_volume(hair)
    eyes = np.array([vertices[ball].mean(axis=0) for ball in head.eyeball])
    moved = EYES.mean(axis=0) - eyes.mean(axis=0)
    tone = np.sum([np.array(_SKIN[e]) * w for e, w in ethnicity.items()], axis=0) / 255 * draw.uniform(0.9, 1.08)
    return PersonGeometry(vertices + moved, eyes + moved, tone)


def _draw_shape(head: HeadModel, draw: np.random.Generator) -> tuple[dict[str, float], dict[str, float]]:
    """Draws the weights of ethnicity, and of all targets.

    The macro details sum to 1. Each local pair gets a signed draw.
    """
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
    """Draws one signed weight for each pair of opposites, the same for left and right twins."""
    pairs = _opposites(tuple(head.targets))
    values = np.clip(draw.normal(0, [_SPREAD.get(folder, 0.25) for folder, _, _ in pairs]), -0.9, 0.9)
    weights: dict[str, float] = {}
    for (folder, part, opposite), value in zip(pairs, values.tolist(), strict=True):
        chosen = opposite if value > 0 else part
        for twin in (chosen, "r-" + chosen[2:]) if part.startswith("l-") else (chosen,):
            weights[f"{folder}/{twin}"] = abs(value)
    return weights


@cache
def _opposites(targets: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Finds the pairs of opposite local targets: the folder, and the two names in it."""
    found = []
    for name in sorted(n for n in targets if not n.startswith(("expr/", "macrodetails/"))):
        folder, _, part = name.partition("/")
        opposite = next((part.replace(a, b) for a, b in _OPPOSITES if part.endswith(a)), None)
        if not part.startswith("r-") and f"{folder}/{opposite}" in targets:
            found.append((folder, part, str(opposite)))
    return found


def _hair_volume(thickness: float) -> np.ndarray:
    """How far hair moves the scalp, but not the ears, outwards from the middle of the head.

    Shape: -> (V, 3) dm.
    """
    outward, under = _scalp()
    return np.asarray(outward * (thickness * under * under * (3 - 2 * under))[:, None])


@cache
def _scalp() -> tuple[np.ndarray, np.ndarray]:
    """Returns which way hair moves a vertex, and how much of it is under hair.

    Shape: -> (V, 3), (V,) in 0..1.
    """
    head = load_head()
    outward = head.rest - [0, 7.3, 0.4]
    under = under_hair(head.rest) * (1 - head.at_vertices("ears"))
    return outward / np.linalg.norm(outward, axis=1, keepdims=True), under
