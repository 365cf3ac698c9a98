"""People: a seed becomes the shape of a head, and with ``paint`` the colours on it; a cast of unlike people."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ffpms.minicorpus.head import EYE_DISTANCE, EYES, HeadModel, load_head
from ffpms.minicorpus.texture import paint, under_hair

LOOK_ALIKE, _FEW, _WAYS_TO_DIFFER = 0.06, 40, 10
"""Among few people, those who differ by less are not cast together; more people are packed closer."""

_SKIN = {"african": (138, 94, 70), "asian": (206, 160, 128), "caucasian": (222, 176, 152)}
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

    @property
    def face(self) -> np.ndarray:
        """The front of the head, (F * 3,), so that distances are root mean squares in eye distances."""
        front = self.vertices[load_head().rest[:, 2] > 0.9].ravel()
        return np.asarray(front / EYE_DISTANCE / np.sqrt(front.size))

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
    return Person(build, paint(build.skin, draw))


def cast(count: int, seed: int) -> list[int]:
    """Seeds of ``count`` people who are believable and do not look alike."""
    people: list[int] = []
    faces, skins = np.empty((count, make_build(seed).face.size), np.float32), np.empty((count, 3))
    candidate = seed * 1_000_003
    while len(people) < count:
        candidate += 1
        build, n = make_build(candidate), len(people)
        if build.is_believable and (differences(build, faces[:n], skins[:n]) > closest(count)).all():
            faces[n], skins[n] = build.face, build.skin
            people.append(candidate)
    return people


def differences(build: Build, faces: np.ndarray, skins: np.ndarray) -> np.ndarray:
    """How unlike somebody is to others: the distance of their faces, and of their skin's colour.

    Shape: faces (N, F * 3), skins (N, 3) -> (N,).
    """
    skin = 0.1 * np.abs(skins - build.skin).max(axis=1)
    return np.asarray(np.hypot(np.linalg.norm(faces - build.face, axis=1), skin))


def closest(count: int) -> float:
    """How near two of ``count`` people may come; of random pairs the share below t grows like t to the 12th power."""
    return float(LOOK_ALIKE * min(1.0, _FEW / count) ** (1 / _WAYS_TO_DIFFER))


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


def _hair_volume(head: HeadModel, thickness: float) -> np.ndarray:
    """How hair pushes the scalp, but not the ears, outwards from the middle of the head.

    Shape: -> (V, 3) dm.
    """
    outward = head.rest - [0, 7.3, 0.4]
    outward = outward / np.linalg.norm(outward, axis=1, keepdims=True)
    under = under_hair(head.rest) * (1 - head.at_vertices("ears"))
    return np.asarray(outward * (thickness * under * under * (3 - 2 * under))[:, None])
