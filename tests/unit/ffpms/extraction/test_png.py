"""What is written as PNG, others read as what it was."""

import io

import av
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from ffpms.extraction.png import encode_png

pictures = arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)))


@given(pictures)
def test_pillow_reads_the_same_pixels(pixels: np.ndarray) -> None:
    with Image.open(io.BytesIO(encode_png(pixels)), formats=["PNG"]) as image:
        assert image.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(image), pixels)


@given(pictures)
def test_ffmpeg_reads_the_same_pixels(pixels: np.ndarray) -> None:
    with av.open(io.BytesIO(encode_png(pixels)), format="png_pipe") as container:
        np.testing.assert_array_equal(next(container.decode()).to_ndarray(format="rgb24"), pixels)


def test_the_same_pixels_give_the_same_bytes_whatever_array_holds_them() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 40, 3), np.uint8)
    assert encode_png(pixels) == encode_png(np.asfortranarray(pixels)) == encode_png(pixels[::-1][::-1])


def test_a_smooth_picture_takes_less_than_half_its_bytes() -> None:
    y, x = np.ogrid[:299, :299]
    smooth = (np.sin(x / 40) * np.cos(y / 50) * 99 + 128)[..., None] + np.arange(3)
    assert len(encode_png(smooth.astype(np.uint8))) < smooth.size / 2
