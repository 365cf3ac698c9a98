"""What each step of a self-blended face does: colours, resolution, place, edge, and how often."""

import numpy as np
import pytest
from scipy import ndimage

from benchmark.data.pseudo_fakes import self_blending
from benchmark.data.pseudo_fakes.self_blending import (
    RATIOS,
    feather,
    find_crop,
    make_source_and_target,
    self_blend,
    vary,
)
from tests.helpers.faces import face_points, noise

SIDE = 96
FACE, POINTS = noise(1, SIDE), face_points(SIDE)


def detail(face: np.ndarray) -> float:
    """How much neighbours differ, whatever the brightness."""
    grey = face.astype(float).mean(axis=2)
    return float((grey - ndimage.gaussian_filter(grey, 1)).std() / grey.mean())


def test_one_of_both_copies_is_changed_and_each_as_often() -> None:
    pairs = [make_source_and_target(FACE, np.random.default_rng(seed)) for seed in range(200)]
    first = sum(np.array_equal(target, FACE) for _, target in pairs)
    assert 75 <= first <= 125
    changed = [source if np.array_equal(target, FACE) else target for source, target in pairs]
    finer = sum(detail(copy) > 1.2 * detail(FACE) for copy in changed)
    coarser = sum(detail(copy) < 0.8 * detail(FACE) for copy in changed)
    assert 75 <= finer <= 125, "sharpened"
    assert 75 <= coarser <= 125, "of a lower resolution"


def test_a_lower_resolution_moves_nothing() -> None:
    """A slope stays where it is, but at the border; by half a pixel it would be seen."""
    slope = np.repeat(np.linspace(0, 190, SIDE, dtype=np.float32)[None, :, None], SIDE, axis=0).repeat(3, axis=2)
    for factor in (2, 4):
        for image in (slope, slope.transpose(1, 0, 2)):
            coarse = self_blending._coarsen(image, factor)
            assert np.allclose(coarse[8:-8, 8:-8], image[8:-8, 8:-8], atol=1e-3)


def test_sharpening_is_its_formula() -> None:
    draw, again = np.random.default_rng(0), np.random.default_rng(0)
    share, light = again.uniform(0.2, 0.5), again.uniform(0.5, 1.0)
    kernel = -np.ones((3, 3))
    kernel[1, 1] = 8 + light
    face = 100 + noise(2, SIDE).astype(np.float32) / 100
    edges = np.stack([ndimage.convolve(face[..., c], kernel, mode="nearest") for c in range(3)], axis=2)
    assert np.allclose(self_blending._sharpen(face, draw), (1 - share) * face + share * edges, atol=1e-2)


def test_the_authors_crop_is_twice_as_wide_as_the_points_and_reaches_over_them() -> None:
    """One height of the points above them, and 0.4 below; half a width beside them."""
    middle, size = find_crop(POINTS, SIDE)
    (left, top), (right, bottom) = POINTS.min(axis=0), POINTS.max(axis=0)
    wide, high = right - left, bottom - top
    assert np.allclose(middle - size / 2, [left - wide / 2, top - high])
    assert np.allclose(middle + size / 2, [right + wide / 2, bottom + 0.4 * high])


@pytest.mark.parametrize(("scale", "sides"), [(1e-9, 1 / 4), (1e9, 4)])
def test_points_that_are_one_or_far_apart_have_a_crop_too(scale: float, sides: float) -> None:
    assert np.allclose(find_crop(SIDE / 2 + scale * (POINTS - SIDE / 2), SIDE)[1], sides * SIDE)
    assert self_blend(FACE, scale * POINTS, np.random.default_rng(0))[0].shape == FACE.shape


def test_a_shift_and_a_scale_are_within_their_limits() -> None:
    """Of the crop's middle, and of the distance of two points: each axis by itself."""
    middle, size = np.array([40.0, 30.0]), np.array([200.0, 300.0])
    drawn = [np.linalg.inv(self_blending._misplace(middle, size, np.random.default_rng(seed))) for seed in range(300)]
    shifts = np.array([(there @ [*middle, 1])[:2] - middle for there in drawn]) / size
    assert np.allclose(np.abs(shifts).max(axis=0), [0.03, 0.015], rtol=0.05)
    scales = np.array([there.diagonal()[:2] for there in drawn])
    assert np.allclose(scales.min(axis=0), 0.95, atol=0.002)
    assert np.allclose(scales.max(axis=0), 1 / 0.95, atol=0.002)
    assert abs(np.corrcoef(scales.T)[0, 1]) < 0.2


def test_the_hull_moves_with_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the blend has an edge where the moved face has it."""
    middles = []
    for right in (0, 12):
        monkeypatch.setattr(
            self_blending, "_misplace", lambda *_, by=right: np.array([[1, 0, -by], [0, 1, 0], [0, 0, 1]])
        )
        masks = [self_blend(FACE, POINTS, np.random.default_rng(seed))[1] for seed in range(4)]
        middles.append(np.array([ndimage.center_of_mass(mask) for mask in masks]))
    assert np.allclose(middles[1] - middles[0], [0, 12], atol=2)


def test_half_of_the_blends_are_whole_and_others_a_quarter_at_least() -> None:
    tops = np.array([self_blend(FACE, POINTS, np.random.default_rng(seed))[1].max() for seed in range(240)])
    near = np.abs(tops[:, None] - np.unique(RATIOS)).argmin(axis=1)
    assert np.allclose(tops, np.unique(RATIOS)[near], atol=0.05)
    assert np.bincount(near) == pytest.approx([40, 40, 40, 120], abs=25)


def test_a_mask_reaches_less_far_than_its_hull_or_farther() -> None:
    hull = np.zeros((SIDE, SIDE), np.float32)
    hull[24:72, 24:72] = 1
    size = np.array([SIDE, SIDE])
    reaches = [(feather(hull, size, np.random.default_rng(seed)) > 0.01).sum() / hull.sum() for seed in range(60)]
    assert min(reaches) < 0.9
    assert max(reaches) > 1.1


def test_an_edge_is_as_wide_as_the_authors_crop_is_large() -> None:
    """A crop twice as high has edges twice as wide above and below."""
    hull = np.zeros((SIDE, SIDE), np.float32)
    hull[24:72, 24:72] = 1

    def edges(size: tuple[int, int]) -> np.ndarray:
        """Px from a tenth to nine tenths in the middle column and row, on average."""
        soft = [feather(hull, np.array(size), np.random.default_rng(seed)) for seed in range(60)]
        lines = np.array([[mask[:, SIDE // 2], mask[SIDE // 2]] for mask in soft])
        return np.asarray(((lines > 0.1) & (lines < 0.9)).sum(axis=2).mean(axis=0))

    assert edges((SIDE, 2 * SIDE)) / edges((SIDE, SIDE)) == pytest.approx([2, 1], abs=0.2)


def test_real_faces_and_backgrounds_of_blends_differ_in_nothing() -> None:
    """Both are the target of a state of the generator."""
    for seed in range(20):
        forged, mask = self_blend(FACE, POINTS, np.random.default_rng(seed))
        _, real = make_source_and_target(FACE, np.random.default_rng(seed))
        assert (mask == 0).mean() > 0.1
        assert np.array_equal(forged[mask == 0], real[mask == 0])


def test_augmentation_leaves_some_faces_and_compresses_half() -> None:
    shown = [vary(FACE, np.random.default_rng(seed)) for seed in range(100)]
    assert 10 <= sum(np.array_equal(face, FACE) for face in shown) <= 40
    light = [face.mean() - FACE.mean() for face in shown]
    assert min(light) < -20
    assert max(light) > 20
