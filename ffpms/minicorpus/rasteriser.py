"""Rasteriser: finds the triangle that each pixel shows, and shades it through a texture.

The functions are compiled by numba when they are first called, and kept on disk.
"""

import numba
import numpy as np


@numba.njit(cache=True)
def find_visible(xy: np.ndarray, depth: np.ndarray, triangles: np.ndarray, height: int, width: int) -> np.ndarray:
    """Finds the nearest triangle in each pixel with a depth buffer.

    Triangles turned away (clockwise on a y-down screen) are left out.

    Shape: xy (N, 2) px, depth (N,) smaller is nearer, triangles (T, 3) -> (H, W) rows of triangles,
    -1 where there is none.
    """
    seen = np.full((height, width), np.int32(-1))
    nearest = np.full((height, width), np.float32(np.inf))
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1], xy[c, 0], xy[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        top, bottom = max(int(np.ceil(min(ay, by, cy) - 0.5)), 0), min(int(max(ay, by, cy) - 0.5), height - 1)
        if area >= 0 or top > bottom:
            continue
        from_a, from_b = (depth[a] - depth[c]) / area, (depth[b] - depth[c]) / area
        deeper_right = (by - cy) * from_a + (cy - ay) * from_b
        deeper_down = (cx - bx) * from_a + (ax - cx) * from_b
        ab = (bx - ax) / (by - ay) if by != ay else 0.0
        bc = (cx - bx) / (cy - by) if cy != by else 0.0
        ca = (ax - cx) / (ay - cy) if ay != cy else 0.0
        for y in range(top, bottom + 1):
            left, right = min(ax, bx, cx), max(ax, bx, cx)
            for fx, fy, ty, slope in ((ax, ay, by, ab), (bx, by, cy, bc), (cx, cy, ay, ca)):
                if ty > fy:
                    left = max(left, fx + (y + 0.5 - fy) * slope)
                elif ty < fy:
                    right = min(right, fx + (y + 0.5 - fy) * slope)
            at_left = depth[c] + (y + 0.5 - cy) * deeper_down + (0.5 - cx) * deeper_right
            for x in range(max(int(np.ceil(left - 0.5)), 0), min(int(np.floor(right - 0.5)), width - 1) + 1):
                z = at_left + x * deeper_right
                if z < nearest[y, x]:
                    nearest[y, x] = z
                    seen[y, x] = t
    return seen


@numba.njit(cache=True)
def fit_planes(xy: np.ndarray, triangles: np.ndarray, attributes: np.ndarray) -> np.ndarray:
    """Writes each attribute of a triangle as a plane over the pixels: value + right * x + down * y.

    Shape: xy (N, 2) px, triangles (T, 3), attributes (N, K) -> (T, K, 3).
    """
    planes = np.empty((triangles.shape[0], attributes.shape[1], 3))
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1], xy[c, 0], xy[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        inverse = 1.0 / area if area < 0 else 0.0
        for k in range(attributes.shape[1]):
            from_a = (attributes[a, k] - attributes[c, k]) * inverse
            from_b = (attributes[b, k] - attributes[c, k]) * inverse
            right, down = (by - cy) * from_a + (cy - ay) * from_b, (cx - bx) * from_a + (ax - cx) * from_b
            planes[t, k, 0] = attributes[c, k] + (0.5 - cx) * right + (0.5 - cy) * down
            planes[t, k, 1], planes[t, k, 2] = right, down
    return planes


@numba.njit(cache=True)
def interpolate(seen: np.ndarray, planes: np.ndarray) -> np.ndarray:
    """Reads the attributes of the triangle that each pixel shows; 0 where there is none.

    Shape: seen (H, W), planes (T, K, 3) -> (H, W, K).
    """
    out = np.zeros((seen.shape[0], seen.shape[1], planes.shape[1]), np.float32)
    for y in range(seen.shape[0]):
        for x in range(seen.shape[1]):
            if seen[y, x] >= 0:
                plane = planes[seen[y, x]]
                for k in range(planes.shape[1]):
                    out[y, x, k] = plane[k, 0] + x * plane[k, 1] + y * plane[k, 2]
    return out


@numba.njit(cache=True)
def shade(texture: np.ndarray, seen: np.ndarray, planes: np.ndarray, finer: int, channels: int) -> np.ndarray:
    """Looks the texture up at each pixel's texel, lights it, and averages blocks of pixels.

    The look-up is bilinear. Blocks have ``finer`` x ``finer`` pixels. ``channels`` is that of the
    texture: as an argument, the compiler does a texel's channels in one step.

    Shape: texture (h, w, C), its first three channels colours; seen (H, W); planes (T, 5, 3) texel
    x and y, then red, green and blue light -> (H / finer, W / finer, C).
    """
    flat, stride = texture.reshape(-1), texture.shape[1] * channels
    out = np.zeros((seen.shape[0] // finer, seen.shape[1] // finer, channels), np.float32)
    share = 1.0 / (finer * finer)
    amount = np.full(channels, share)
    most_u, most_v = texture.shape[1] - 1.001, texture.shape[0] - 1.001
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            pixel = out[row, column]
            for y in range(row * finer, (row + 1) * finer):
                for x in range(column * finer, (column + 1) * finer):
                    if seen[y, x] < 0:
                        continue
                    plane = planes[seen[y, x]]
                    u = min(max(np.float32(plane[0, 0] + x * plane[0, 1] + y * plane[0, 2]) - 0.5, 0.0), most_u)
                    v = min(max(np.float32(plane[1, 0] + x * plane[1, 1] + y * plane[1, 2]) - 0.5, 0.0), most_v)
                    for k in range(3):
                        amount[k] = share * np.float32(plane[2 + k, 0] + x * plane[2 + k, 1] + y * plane[2 + k, 2])
                    i, j = int(v), int(u)
                    fv, fu = v - i, u - j
                    gv, gu = 1 - fv, 1 - fu
                    first = i * stride + j * channels
                    upper = flat[first : first + 2 * channels]
                    lower = flat[first + stride : first + stride + 2 * channels]
                    for k in range(channels):
                        above = upper[k] * gu + upper[channels + k] * fu
                        below = lower[k] * gu + lower[channels + k] * fu
                        pixel[k] += amount[k] * (above * gv + below * fv)
    return out
