"""Vertices: moves them and sums their normals.

The functions are compiled by numba when they are first called, and kept on disk.
"""

import numba
import numpy as np


@numba.njit(cache=True)
def add_shift(vertices: np.ndarray, rows: np.ndarray, shift: np.ndarray, weight: float) -> None:
    """Moves some vertices by a weighted shift, in place.

    Shape: vertices (V, 3), rows (n,), shift (n, 3).
    """
    for i in range(len(rows)):
        for k in range(3):
            vertices[rows[i], k] += weight * shift[i, k]


@numba.njit(cache=True)
def turn(vertices: np.ndarray, pivot: np.ndarray, rotation: np.ndarray) -> None:
    """Turns the head about a pivot, in place; the rotation fades out towards the shoulders.

    Shape: vertices (V, 3) dm, pivot (3,), rotation (3, 3).
    """
    from_pivot = np.empty(3)
    for v in range(len(vertices)):
        share = min(max((vertices[v, 1] - 5.3) / 0.9, 0.0), 1.0)
        share = share * share * (3 - 2 * share)
        for k in range(3):
            from_pivot[k] = vertices[v, k] - pivot[k]
        for k in range(3):
            turned = pivot[k]
            for j in range(3):
                turned += rotation[k, j] * from_pivot[j]
            vertices[v, k] = vertices[v, k] * (1 - share) + turned * share


@numba.njit(cache=True)
def sum_normals(vertices: np.ndarray, corner: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Sums the normals of the triangles around each vertex, weighted by their areas.

    Shape: vertices (V, 3), corner (N,) rows of vertices, triangles (T, 3) rows of corner -> (V, 3).
    """
    normals = np.zeros_like(vertices)
    normal = np.empty(3)
    for t in range(len(triangles)):
        a, b, c = corner[triangles[t, 0]], corner[triangles[t, 1]], corner[triangles[t, 2]]
        for k in range(3):
            i, j = (k + 1) % 3, (k + 2) % 3
            normal[k] = (vertices[b, i] - vertices[a, i]) * (vertices[c, j] - vertices[a, j]) - (
                vertices[b, j] - vertices[a, j]
            ) * (vertices[c, i] - vertices[a, i])
        for v in (a, b, c):
            for k in range(3):
                normals[v, k] += normal[k]
    return normals
