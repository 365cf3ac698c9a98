"""PNG encoder for fast builds: one filter for all rows, deflate by ISA-L."""

import struct

import numpy as np
from isal import isal_zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB_8_BIT = (8, 2, 0, 0, 0)
_SUB = 1


def encode_png(pixels: np.ndarray) -> bytes:
    """Encodes a PNG file (ISO/IEC 15948) with the filter "Sub".

    Each pixel is stored as its difference from the one to its left.

    Shape: (h, w, 3) uint8 -> bytes.
    """
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, 3 * width)
    filtered = np.empty((height, 1 + 3 * width), np.uint8)
    filtered[:, 0] = _SUB
    filtered[:, 1:4] = rows[:, :3]
    np.subtract(rows[:, 3:], rows[:, :-3], out=filtered[:, 4:])
    header = struct.pack(">2I5B", width, height, *_RGB_8_BIT)
    chunks = (b"IHDR", header), (b"IDAT", isal_zlib.compress(filtered, 1)), (b"IEND", b"")
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", isal_zlib.crc32(kind + data))
