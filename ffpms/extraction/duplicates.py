"""Duplicates: a fake that is another video under its name, by its bytes or by what it shows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ffpms.extraction.decoding.decoded_frame import DecodedFrame

_PUT_THERE = "put the file of this name there"


def find_copy(fake: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """Says of which other file of its target, the real one first, a fake is a copy; empty if none.

    Example:
        >>> rows = [{"source_video": name, "sha256": "00"} for name in ("original_006", "DF")]
        >>> find_copy(rows[1], rows)
        'is original_006 itself, byte for byte; put the file of this name there'
    """
    real = rows[0]
    for other in rows:
        if other["sha256"] == fake["sha256"] and other["source_video"] != fake["source_video"]:
            what, todo = (
                ("itself", _PUT_THERE) if other is real else ("too", "one of the two is not what its name says")
            )
            return f"is {other['source_video']} {what}, byte for byte; {todo}"
    return ""


def find_same_pixels(name: str, real: Mapping[int, DecodedFrame], fake: Mapping[int, DecodedFrame]) -> str:
    """Says if all frames of a fake are those of the real video called ``name``; empty if not.

    The first frame that differs ends the search.
    """
    for index, frame in fake.items():
        if frame.size != real[index].size or not np.array_equal(frame.luma(), real[index].luma()):
            return ""
    return f"shows {name} unchanged; {_PUT_THERE}"
