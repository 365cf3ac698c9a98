"""Rasteriser: turns triangles into pixels with exact depth, and shades them through a texture."""

import numba
import numpy as np


@numba.njit(cache=True)
def rasterise(
    xy: np.ndarray, depth: np.ndarray, triangles: np.ndarray, attributes: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Interpolates the attributes of the nearest surface in each pixel.

    Triangles turned away (clockwise on a y-down screen) are left out.

    Shape: xy (N, 2) px, depth (N,) smaller is nearer, triangles (T, 3), attributes (N, K) -> (H, W,
    K), (H, W) bool.
    """
    count = attributes.shape[1]
    buffer = np.zeros((height, width, count), np.float32)
    nearest = np.full((height, width), np.float32(np.inf))
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1], xy[c, 0], xy[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= 0:
            continue
        inverse = 1.0 / area
        left, right = max(int(np.ceil(min(ax, bx, cx) - 0.5)), 0), min(int(max(ax, bx, cx) - 0.5), width - 1)
        top, bottom = max(int(np.ceil(min(ay, by, cy) - 0.5)), 0), min(int(max(ay, by, cy) - 0.5), height - 1)
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                px, py = x + 0.5, y + 0.5
                wa = ((bx - px) * (cy - py) - (by - py) * (cx - px)) * inverse
                wb = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) * inverse
                wc = 1.0 - wa - wb
                if wa < 0 or wb < 0 or wc < 0:
                    continue
                z = wa * depth[a] + wb * depth[b] + wc * depth[c]
                if z < nearest[y, x]:
                    nearest[y, x] = z
                    for k in range(count):
                        buffer[y, x, k] = wa * attributes[a, k] + wb * attributes[b, k] + wc * attributes[c, k]
    return buffer, nearest < np.inf


@numba.njit(cache=True)
def shade(texture: np.ndarray, buffer: np.ndarray, covered: np.ndarray, finer: int) -> np.ndarray:
    """Looks the texture up at each pixel's texel, lights it, and averages blocks of pixels.

    The look-up is bilinear. Blocks have ``finer`` x ``finer`` pixels.

    Shape: texture (h, w, C), its first three channels colours; buffer (H, W, 5) texel x and y, then
    red, green and blue light; covered (H, W) -> (H / finer, W / finer, C + 1), the last channel the
    share that is covered.
    """
    rows, columns, channels = texture.shape
    out = np.zeros((buffer.shape[0] // finer, buffer.shape[1] // finer, channels + 1), np.float32)
    share = 1.0 / (finer * finer)
    for y in range(out.shape[0] * finer):
        for x in range(out.shape[1] * finer):
            if not covered[y, x]:
                continue
            u = min(max(buffer[y, x, 0] - 0.5, 0.0), columns - 1.001)
            v = min(max(buffer[y, x, 1] - 0.5, 0.0), rows - 1.001)
            i, j = int(v), int(u)
            fv, fu = v - i, u - j
            pixel = out[y // finer, x // finer]
            for c in range(channels):
                upper = texture[i, j, c] * (1 - fu) + texture[i, j + 1, c] * fu
                lower = texture[i + 1, j, c] * (1 - fu) + texture[i + 1, j + 1, c] * fu
                light = buffer[y, x, 2 + c] if c < 3 else 1.0
                pixel[c] += share * light * (upper * (1 - fv) + lower * fv)
            pixel[channels] += share
    return out
