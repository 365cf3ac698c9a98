"""Head model: vertices, triangles, texture coordinates, and targets that move them.

The model is CC0: head_cc0.LICENSE.md.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import numpy as np

from ffpms.minicorpus.vertices import add_shift, sum_normals

TEXTURE = 1024
"""Side of the skin texture in texels; the texture of the eyes is to its right."""

EYE_TEXTURE = 128
EYES = np.array([[0.308, 7.284, 1.245], [-0.308, 7.284, 1.245]])
"""Centres of the left and right eyeball at rest, in dm.

x points to the figure's left, y up, z to the front.
"""

EYE_DISTANCE = 0.6155
"""Distance between the centres of the eyes at rest, in dm; used as the unit of length."""

_HIDDEN = ("eyelashes",)


@dataclass(frozen=True)
class Part:
    """Some triangles of the head.

    Shape: triangles (T, 3) rows of corner; vertices (n,) the rows of rest that they use.
    """

    triangles: np.ndarray
    vertices: np.ndarray


@dataclass(frozen=True)
class HeadModel:
    """The mesh, with one vertex for each (position, texture coordinate) pair.

    Shape: rest (V, 3) dm; corner (N,) rows of rest; triangles (T, 3) rows of corner; texel (N, 2);
    eyeball two (n,) rows of rest; targets name -> (rows, (n, 3) dm); masks name -> image in 0..1.
    """

    rest: np.ndarray
    corner: np.ndarray
    triangles: np.ndarray
    texel: np.ndarray
    eyeball: tuple[np.ndarray, np.ndarray]
    targets: dict[str, tuple[np.ndarray, np.ndarray]]
    masks: dict[str, np.ndarray]

    def at_vertices(self, mask: str) -> np.ndarray:
        """Samples a mask at the vertices.

        Shape: -> (V,) in 0..1.
        """
        image = self.masks[mask]
        column, row = np.clip(self.texel / TEXTURE * image.shape[0], 0, image.shape[0] - 1).astype(int).T
        values = np.zeros(len(self.rest))
        np.maximum.at(values, self.corner, image[row, column])
        return values

    @cached_property
    def whole(self) -> Part:
        """All that is shown."""
        return Part(self.triangles, np.unique(self.corner[self.triangles]))

    @cached_property
    def face(self) -> Part:
        """The face and what can hide it, without skull, neck and chest."""
        y, z = self.rest[self.corner][:, 1:].T
        near = (y > 5.8) & (z > 0.35)
        triangles = self.triangles[near[self.triangles].all(axis=1)]
        return Part(triangles, np.unique(self.corner[triangles]))

    def moved(self, start: np.ndarray, weights: dict[str, float]) -> np.ndarray:
        """Moves the vertices by weighted targets.

        Shape: start (V, 3) -> (V, 3).
        """
        vertices = start.copy()
        for name, weight in weights.items():
            if weight:
                add_shift(vertices, *self.targets[name], weight)
        return vertices

    def normals(self, vertices: np.ndarray) -> np.ndarray:
        """Unit normals of moved vertices.

        Shape: (V, 3) -> (V, 3).
        """
        normals = sum_normals(vertices, self.corner, self.triangles)
        x, y, z = normals.T
        return np.asarray(normals / (np.sqrt(x * x + y * y + z * z) + 1e-12)[:, None])


@cache
def load_head() -> HeadModel:
    """Loads the model that ships with the package."""
    with files("ffpms.minicorpus").joinpath("head_cc0.npz").open("rb") as file:
        data = dict(np.load(file))
    rest = data["v"] / 1000.0
    names = [str(n) for n in data["group_names"]]
    shown = ~np.isin(data["group"], [i for i, n in enumerate(names) if any(h in n for h in _HIDDEN)])
    faces, coordinates = data["f"][shown].astype(np.int64), data["ft"][shown].astype(np.int64)
    pairs, inverse = np.unique(np.stack([faces.ravel(), coordinates.ravel()]), axis=1, return_inverse=True)
    corner = pairs[0]
    uv = data["vt"][pairs[1]] / 65535.0
    texel = np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1) * TEXTURE
    eyeballs = tuple(np.unique(data["f"][data["group"] == names.index(f"helper-{side}-eye")]) for side in "lr")
    for centre, ball in zip(EYES, eyeballs, strict=True):
        texel = _eye_texels(texel, corner, rest, centre, ball)
    return HeadModel(
        rest=rest,
        corner=corner,
        triangles=inverse.reshape(-1, 3).astype(np.int64),
        texel=texel,
        eyeball=(eyeballs[0], eyeballs[1]),
        targets={
            str(name): (data[f"i{k}"].astype(np.int64), data[f"d{k}"] / 1000.0)
            for k, name in enumerate(data["names"], 1)
        },
        masks={k.removeprefix("mask_"): data[k] / 255.0 for k in data if k.startswith("mask_")},
    )


def _eye_texels(
    texel: np.ndarray, corner: np.ndarray, rest: np.ndarray, centre: np.ndarray, ball: np.ndarray
) -> np.ndarray:
    """Gives the vertices of an eyeball coordinates in the texture of the eyes: its front, seen
    straight.
    """
    own = np.isin(corner, ball)
    radius = np.linalg.norm(rest[ball] - centre, axis=1).max()
    seen = (rest[corner[own]] - centre)[:, :2] / radius  # (n, 2) in -1..1
    moved = texel.copy()
    moved[own] = (0.5 + 0.48 * seen * [1, -1]) * EYE_TEXTURE + [TEXTURE, 0]
    return moved
