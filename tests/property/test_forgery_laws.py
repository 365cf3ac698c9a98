"""Self-made forgeries: nothing changes outside the mask, the boundary is that of the mask, a draw is a draw, and no
face is put on its own video."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from benchmark.data.pseudo_fakes.align import similarity, upright, warp
from benchmark.data.pseudo_fakes.blending import blend, boundary
from benchmark.data.pseudo_fakes.colour import jitter
from benchmark.data.pseudo_fakes.hull import HULLS, draw_hull
from benchmark.data.pseudo_fakes.mask import deform, paste, soften
from benchmark.data.pseudo_fakes.nearest import nearest_other
from benchmark.data.pseudo_fakes.self_blending import RATIOS, feather, make_source_and_target, self_blend, vary
from benchmark.data.pseudo_fakes.warping import warp_face
from ffpms.errors import ConfigError
from tests.helpers.faces import face_points, noise

SIDE = 64
NOWHERE = np.full((68, 2), -500.0) + face_points(100)

seeds = st.integers(0, 2**32 - 1)
masks = arrays.arrays(np.float32, (9, 9), elements=st.floats(0, 1, width=32))
pictures = arrays.arrays(np.uint8, (9, 9, 3))
turns = st.tuples(st.floats(-0.5, 0.5), st.floats(0.6, 1.5), st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))


def moved(points: np.ndarray, turn: tuple[float, float, float, float], side: int = SIDE) -> np.ndarray:
    """Turned and scaled around the picture's middle, then shifted."""
    angle, scale, dx, dy = turn
    matrix = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points - side / 2) @ matrix.T + side / 2 + side * np.array([dx, dy])


def made(seed: int, points: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The forgeries of one face from one state of the generator."""
    face, other = noise(1, SIDE), noise(2, SIDE)
    return [
        warp_face(face, points, np.random.default_rng(seed)),
        blend(face, points, other, moved(points, (0.1, 1.1, 0.02, 0.0)), np.random.default_rng(seed)),
        self_blend(face, points, np.random.default_rng(seed)),
    ]


@settings(deadline=None, max_examples=60)
@given(seeds, turns)
def test_nothing_changes_outside_the_mask(seed: int, turn: tuple[float, float, float, float]) -> None:
    face, points = noise(1, SIDE), moved(face_points(SIDE), turn)
    (warped, mask), (blended, edge), _ = made(seed, points)
    assert np.array_equal(warped[mask == 0], face[mask == 0])
    assert (warped != face).any() == (mask > 0).any()
    outside = np.ones((SIDE, SIDE), bool)
    if edge.any():
        rows, columns = (np.flatnonzero(edge.any(axis=axis)) for axis in (1, 0))
        reaches = [span[0] == 0 or span[-1] == SIDE - 1 for span in (rows, columns)]
        if any(reaches):
            return  # cut off by the picture's border: its inside has no edge there
        outside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = False
        assert np.array_equal(blended[outside], face[outside])
        assert (blended != face).any()


@settings(deadline=None, max_examples=60)
@given(seeds, turns)
def test_masks_and_boundaries_are_within_0_and_1(seed: int, turn: tuple[float, float, float, float]) -> None:
    for forged, soft in made(seed, moved(face_points(SIDE), turn)):
        assert (forged.shape, forged.dtype) == ((SIDE, SIDE, 3), np.uint8)
        assert (soft.shape, soft.dtype) == ((SIDE, SIDE), np.float32)
        assert soft.min() >= 0
        assert soft.max() <= 1


@settings(deadline=None, max_examples=60)
@given(seeds, turns)
def test_a_self_blended_face_is_its_target_outside_the_mask(seed: int, turn: tuple[float, float, float, float]) -> None:
    face, points = noise(1, SIDE), moved(face_points(SIDE), turn)
    forged, mask = self_blend(face, points, np.random.default_rng(seed))
    _, target = make_source_and_target(face, np.random.default_rng(seed))
    if mask.any():
        assert np.array_equal(forged[mask == 0], target[mask == 0])
        assert (forged != target).any()
        assert mask.max() <= max(RATIOS)
    else:
        assert np.array_equal(forged, face)


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_source_and_target_are_the_face_and_a_changed_copy_of_it(seed: int) -> None:
    face = noise(1, SIDE)
    source, target = make_source_and_target(face, np.random.default_rng(seed))
    assert np.array_equal(source, face) != np.array_equal(target, face)
    assert target.dtype == np.uint8
    assert 0 <= source.min() <= source.max() <= 255
    again = make_source_and_target(face, np.random.default_rng(seed))
    assert np.array_equal(source, again[0])
    assert np.array_equal(target, again[1])
    shown = vary(face, np.random.default_rng(seed))
    assert (shown.shape, shown.dtype) == (face.shape, np.uint8)
    assert np.array_equal(shown, vary(face, np.random.default_rng(seed)))


@settings(deadline=None, max_examples=40)
@given(seeds, st.floats(0.2, 1))
def test_a_feathered_mask_is_0_far_from_the_hull_and_1_deep_in_it(seed: int, size: float) -> None:
    """Its edge lies within 12 px of 192 on either side of the hull's."""
    hull = np.zeros((SIDE, SIDE), np.float32)
    half = int(size * SIDE / 2)
    hull[SIDE // 2 - half : SIDE // 2 + half, SIDE // 2 - half : SIDE // 2 + half] = 1
    soft = feather(hull, np.full(2, SIDE), np.random.default_rng(seed))
    reach = 12 / 192 * SIDE + 1
    near = np.asarray(ndimage.maximum_filter(hull, int(2 * reach + 1)))
    deep = np.asarray(ndimage.minimum_filter(hull, int(4 * reach + 1), mode="nearest"))
    assert (soft[near == 0] == 0).all()
    assert (soft[deep == 1] > 0.99).all()
    assert not feather(0 * hull, np.full(2, SIDE), np.random.default_rng(seed)).any()


@given(masks)
def test_the_boundary_is_1_where_both_faces_weigh_the_same_and_0_where_one_is_alone(mask: np.ndarray) -> None:
    found = boundary(mask)
    assert (found >= 0).all()
    assert (found <= 1).all()
    assert (found[(mask == 0) | (mask == 1)] == 0).all()
    assert (found[mask == 0.5] == 1).all()
    assert np.allclose(found, boundary(1 - mask), atol=1e-6)


@given(pictures, pictures, masks)
def test_pasting_mixes_as_the_mask_says(face: np.ndarray, other: np.ndarray, mask: np.ndarray) -> None:
    mask = np.where(mask < 0.2, 0, np.where(mask > 0.8, 1, mask)).astype(np.float32)
    mixed = paste(face, other, mask)
    assert np.array_equal(mixed[mask == 0], face[mask == 0])
    assert np.array_equal(mixed[mask == 1], other[mask == 1])
    assert (mixed >= np.minimum(face, other)).all()
    assert (mixed <= np.maximum(face, other)).all()
    assert np.array_equal(paste(face, other, 0 * mask), face)


@pytest.mark.parametrize("points", [np.zeros((68, 2)), np.full((68, 2), 30.0), NOWHERE], ids=["0", "a point", "away"])
@pytest.mark.parametrize("seed", range(3))
def test_without_a_mask_the_face_stays_itself(points: np.ndarray, seed: int) -> None:
    for forged, soft in made(seed, points):
        assert np.array_equal(forged, noise(1, SIDE))
        assert not soft.any()


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_a_state_of_the_generator_gives_the_same_bytes(seed: int) -> None:
    points = face_points(SIDE)
    for (one, soft), (two, soft_again) in zip(made(seed, points), made(seed, points), strict=True):
        assert np.array_equal(one, two)
        assert np.array_equal(soft, soft_again)
    for (one, _), (other, _) in zip(made(seed, points), made(seed + 1, points), strict=True):
        assert not np.array_equal(one, other)
    changed, again, other = (jitter(noise(1, SIDE), np.random.default_rng(s)) for s in (seed, seed, seed + 1))
    assert np.array_equal(changed, again)
    assert not np.array_equal(changed, other)


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_a_bent_and_soft_mask_is_near_the_hull_and_has_no_edge_at_the_border(seed: int) -> None:
    """A hull of the whole picture stays whole, but where its bent edge comes in."""
    draw = np.random.default_rng(seed)
    hull = draw_hull(face_points(SIDE), SIDE)
    bent = deform(hull, draw)
    assert 0.6 < bent.sum() / hull.sum() < 1.5
    assert np.minimum(hull, bent).sum() > 0.7 * np.maximum(hull, bent).sum() - 0.1 * hull.sum()
    soft = soften(bent, draw)
    assert soft.sum() == pytest.approx(bent.sum(), rel=0.15)
    assert np.array_equal(soften(np.ones_like(hull), draw), np.ones_like(hull))


@pytest.mark.parametrize("name", HULLS)
@settings(deadline=None, max_examples=20)
@given(turn=turns)
def test_hulls_hold_their_points(name: str, turn: tuple[float, float, float, float]) -> None:
    """To 2 px: Pillow rounds a sharp corner off."""
    points = moved(face_points(SIDE), turn)
    mask = draw_hull(points, SIDE, name)
    corners = HULLS[name](points)
    inside = ((corners >= 1) & (corners < SIDE - 1)).all(axis=1)
    near = np.pad(mask, 2)
    for x, y in corners[inside].astype(int):
        assert near[y : y + 5, x : x + 5].any()
    assert set(np.unique(mask)) <= {0, 1}


@settings(deadline=None, max_examples=60)
@given(turns)
def test_nothing_black_comes_in_and_a_similarity_is_found_again(turn: tuple[float, float, float, float]) -> None:
    points = face_points(SIDE)
    back = similarity(points, moved(points, turn))
    assert np.allclose(points @ back[:2, :2].T + back[:2, 2], moved(points, turn))
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    assert (warp(white, back, SIDE) == 255).all()
    there = upright(moved(points, turn), 100, 1.25)
    stood = moved(points, turn) @ there[:2, :2].T + there[:2, 2]
    assert stood[36:42, 1].mean() == pytest.approx(stood[42:48, 1].mean())
    assert np.ptp(stood, axis=0).max() == pytest.approx(80)
    assert np.allclose((stood.min(axis=0) + stood.max(axis=0)) / 2, 50)


@settings(deadline=None)
@given(seeds, st.integers(2, 5), st.integers(1, 40), st.booleans())
def test_a_face_is_never_put_on_its_own_video(seed: int, n_videos: int, among: int, named: bool) -> None:
    draw = np.random.default_rng(seed)
    video = np.concatenate([np.arange(n_videos), draw.integers(0, n_videos, 20)])
    names = np.array([f"original_{v:03d}" for v in video]) if named else video
    points = face_points() + draw.normal(0, 3, (len(video), 68, 2))
    for index in range(len(video)):
        chosen = nearest_other(points, names, index, draw, among)
        assert video[chosen] != video[index]


@given(seeds, st.floats(0.3, 3), st.floats(-50, 50))
def test_the_nearest_is_nearest_wherever_and_however_large_it_is(seed: int, scale: float, shift: float) -> None:
    """Of all others; and the same whatever the places and sizes of the faces."""
    draw = np.random.default_rng(seed)
    video = np.repeat(np.arange(6), 2)
    points = face_points() + draw.normal(0, 4, (12, 68, 2))
    points[9] = points[0] + draw.normal(0, 0.5, (68, 2))
    points[9] = points[9] * scale + shift
    points[1] = points[0]
    assert nearest_other(points, video, 0, draw, among=100) == 9
    states = [np.random.default_rng(seed) for _ in range(2)]
    one, two = (nearest_other(points, video, 4, state, among=3) for state in states)
    assert one == two


def test_only_so_many_are_asked() -> None:
    """Of one random face at a time the nearest is any."""
    draw = np.random.default_rng(0)
    points = face_points() + draw.normal(0, 4, (12, 68, 2))
    video = np.arange(12)
    assert {nearest_other(points, video, 0, draw, among=1) for _ in range(200)} == set(range(1, 12))


def test_a_single_video_is_one_line() -> None:
    points = np.stack([face_points()] * 3)
    with pytest.raises(ConfigError, match=r"^original_000: there is no other video to take a face from; "):
        nearest_other(points, np.array(["original_000"] * 3), 1, np.random.default_rng(0))
