"""A frame has the bytes of a plain conversion, and goes when nobody needs it any more."""

import gc
from pathlib import Path

import av
import numpy as np
import pytest

from ffpms.extraction.decoding.decoded_frame import DecodedFrame
from ffpms.extraction.decoding.wanted_frames import decode_needed
from tests.helpers.corpus import encode, portrait

UNSPECIFIED, BT709, BT601 = 2, 1, 6


@pytest.mark.parametrize("colours", [UNSPECIFIED, BT709, BT601])
@pytest.mark.parametrize("levels", [0, 1, 2], ids=["unspecified", "studio", "full"])
def test_rgb_by_way_of_planes_has_the_bytes_of_a_plain_conversion(colours: int, levels: int) -> None:
    """All levels of luma and chroma are in it, those too that are no colour."""
    frame = av.VideoFrame(333, 97, "yuv444p")
    for plane in frame.planes:
        plane.update(np.random.default_rng(plane.buffer_size).bytes(plane.buffer_size))
    frame.colorspace, frame.color_range = colours, levels
    assert np.array_equal(DecodedFrame(frame).rgb(), frame.to_ndarray(format="rgb24"))


def test_frames_go_without_the_garbage_collector(tmp_path: Path) -> None:
    encode(tmp_path / "001.mp4", list(portrait()))
    before = frames_in_memory()
    gc.disable()
    try:
        frames = dict(decode_needed(tmp_path / "001.mp4", [3, 11, 24]))
        assert frames_in_memory() == before + 3
        frames.clear()
        assert frames_in_memory() == before
    finally:
        gc.enable()


def frames_in_memory() -> int:
    return sum(type(thing) is av.VideoFrame for thing in gc.get_objects())


def test_luma_does_not_keep_its_frame() -> None:
    assert DecodedFrame(av.VideoFrame(64, 64, "yuv444p")).luma().base is None
