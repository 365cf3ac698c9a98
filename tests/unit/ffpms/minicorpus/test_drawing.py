"""The compiled functions that draw the embedded corpus, beside plain NumPy."""

import numpy as np
import pytest

from ffpms.minicorpus.compositing import blend, measure_colours, put_over, to_bytes
from ffpms.minicorpus.head_mesh import load_head
from ffpms.minicorpus.masks import feather
from ffpms.minicorpus.rasteriser import find_visible, fit_planes, interpolate, shade

FRONT, BACK = [0, 2, 1], [0, 1, 2]
XY = np.array([[1.0, 1.0], [9.0, 1.0], [1.0, 9.0]])


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_triangle_covers_the_pixels_whose_middle_it_holds() -> None:
    seen = find_visible(XY, np.zeros(3), np.array([FRONT]), 10, 12)
    y, x = np.mgrid[:10, :12] + 0.5
    assert np.array_equal(seen == 0, (x >= 1) & (y >= 1) & (x + y <= 10))


def test_a_triangle_turned_away_is_left_out() -> None:
    assert (find_visible(XY, np.zeros(3), np.array([BACK]), 10, 10) == -1).all()


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_the_nearer_triangle_is_seen_where_both_are(order: list[int]) -> None:
    """One lies flat at depth 4; the other's depth is x + 0.5 in the middle of a pixel."""
    xy = np.concatenate([XY, XY])
    depth = np.array([4.0, 4, 4, 1, 9, 1])
    triangles = np.array([FRONT, [i + 3 for i in FRONT]])[order]
    seen = find_visible(xy, depth, triangles, 10, 10)
    y, x = np.nonzero(seen >= 0)
    assert np.array_equal(np.array(order)[seen[y, x]], (x + 0.5 < 4).astype(int))


def test_attributes_are_interpolated_between_the_corners(draw: np.random.Generator) -> None:
    slope = draw.normal(size=(3, 4))
    triangles, attributes = np.array([FRONT]), np.c_[np.ones(3), XY] @ slope
    seen = find_visible(XY, np.zeros(3), triangles, 10, 10)
    y, x = np.nonzero(seen >= 0)
    wanted = np.c_[np.ones(len(x)), x + 0.5, y + 0.5] @ slope
    found = interpolate(seen, fit_planes(XY, triangles, attributes))
    assert found[y, x] == pytest.approx(wanted, rel=1e-5, abs=1e-6)
    assert (found[seen < 0] == 0).all()


def test_shading_looks_up_lights_and_averages() -> None:
    """Texel coordinates equal the pixel's, so that the texture is seen as it is, halved."""
    texture = np.ones((16, 16, 8), np.float32)
    texture[..., :3] = np.arange(16)[:, None, None] + 0.5  # the row's middle
    square = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
    triangles = np.array([[0, 2, 1], [1, 2, 3]])
    attributes = np.c_[square, np.full((4, 1), 1.0), np.full((4, 1), 0.5), np.full((4, 1), 0.0)]
    seen = find_visible(square, np.zeros(4), triangles, 12, 10)
    layers = shade(texture, seen, fit_planes(square, triangles, attributes), 2, 8)
    assert layers.shape == (6, 5, 8)
    assert layers[:5, :, 0] == pytest.approx(np.tile(2 * np.arange(5) + 1, (5, 1)).T, abs=1e-5)
    assert layers[:5, :, 1] == pytest.approx(layers[:5, :, 0] / 2)
    assert (layers[..., 2] == 0).all()
    assert (layers[:5, :, 3:] == 1).all()
    assert (layers[5] == 0).all()


def test_normals_point_out_of_the_head() -> None:
    head = load_head()
    normals = head.normals(head.rest)
    used = head.whole.vertices
    assert np.linalg.norm(normals[used], axis=1) == pytest.approx(1, abs=1e-6)
    nose = head.rest[:, 2].argmax()
    assert normals[nose, 2] > 0.8


def test_colours_under_a_mask_are_matched_and_put_over(draw: np.random.Generator) -> None:
    face, pixels = draw.random((2, 7, 9, 3)).astype(np.float32)
    mask = (draw.random((7, 9)) * (draw.random((7, 9)) > 0.5)).astype(np.float32)
    tint = np.array([0.9, 1.0, 1.1], np.float32)
    weight = mask / mask.sum()
    mean, variance = measure_colours(face, tint, weight)
    assert mean == pytest.approx(((face * tint) * weight[..., None]).sum(axis=(0, 1)), rel=1e-5)
    assert variance == pytest.approx((((face * tint - mean) ** 2) * weight[..., None]).sum(axis=(0, 1)), rel=1e-4)
    gain, shift = np.array([1.5, 1.0, 0.5], np.float32), np.array([0.1, 0.0, -0.1], np.float32)
    out = pixels.copy()
    put_over(out, face, mask, np.array([tint, mean, gain, shift]))
    wanted = np.clip((face * tint - mean) * gain + mean + shift, 0, 1)
    assert out == pytest.approx(pixels * (1 - mask[..., None]) + wanted * mask[..., None], abs=1e-6)
    assert np.array_equal(out[mask == 0], pixels[mask == 0])


def test_paint_covers_by_its_amount(draw: np.random.Generator) -> None:
    colour, amount, grain = (draw.random(shape).astype(np.float32) for shape in ((4, 5, 3), (4, 5), (4, 5)))
    paint = np.array([0.2, 0.4, 0.6])
    wanted = colour + (paint * grain[..., None] - colour) * amount[..., None]
    blend(colour, amount, paint, grain)
    assert colour == pytest.approx(wanted, abs=1e-6)


def test_bytes_are_rounded_to_even(draw: np.random.Generator) -> None:
    image = np.float32([[[0, 0.5 / 255, 1], [1.5 / 255, 2.5 / 255, 254.4 / 255]]])
    assert np.array_equal(to_bytes(image), np.rint(image * 255).astype(np.uint8))


def test_a_mask_is_feathered_as_if_all_of_it_were_blurred(draw: np.random.Generator) -> None:
    from scipy.ndimage import gaussian_filter

    region = np.zeros((40, 50), np.float32)
    region[25:, 20:33] = draw.random((15, 13))
    wanted = np.clip(2 * gaussian_filter(region, 1.7) - 1, 0, 1) * (region > 0)
    assert np.array_equal(feather(region, 1.7), wanted)
    assert feather(np.zeros_like(region), 1.7).max() == 0
