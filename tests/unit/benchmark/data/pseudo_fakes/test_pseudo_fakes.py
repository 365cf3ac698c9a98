"""What each step of a self-made forgery does to a face."""

import importlib
import sys

import numpy as np
import pytest
from scipy import ndimage
from skimage.color import rgb2lab

from benchmark.data.pseudo_fakes.align import similarity, warp
from benchmark.data.pseudo_fakes.blending import blend
from benchmark.data.pseudo_fakes.colour import jitter, transfer_colour
from benchmark.data.pseudo_fakes.hull import draw_hull
from benchmark.data.pseudo_fakes.warping import SCALES, resample, warp_face
from ffpms.errors import ConfigError
from tests.helpers.faces import face_points, noise

EYE, MOUTH, BROW, CHEEK, EAR = (33, 40), (50, 73), (50, 27), (24, 70), (25, 57)
"""Places in a picture of 100 px, x and y."""


@pytest.mark.parametrize(
    ("name", "shown", "hidden"),
    [
        ("whole", [EYE, MOUTH, CHEEK], [BROW]),
        ("forehead", [EYE, MOUTH, CHEEK, BROW], []),
        ("inner", [EYE, MOUTH], [BROW, CHEEK]),
        ("lower", [MOUTH, CHEEK], [EYE, BROW, EAR]),
        ("band", [EYE], [MOUTH, CHEEK, BROW]),
        ("brows-to-mouth", [EYE, MOUTH], [CHEEK, BROW]),
    ],
)
def test_each_hull_has_its_part_of_the_face(
    name: str, shown: list[tuple[int, int]], hidden: list[tuple[int, int]]
) -> None:
    mask = draw_hull(face_points(100), 100, name)
    assert [mask[y, x] for x, y in shown] == [1] * len(shown)
    assert [mask[y, x] for x, y in hidden] == [0] * len(hidden)


def dot(x: int, y: int, side: int = 40) -> np.ndarray:
    """One white pixel."""
    picture = np.zeros((side, side, 3), np.uint8)
    picture[y, x] = 255
    return picture


def test_a_warp_takes_a_pixels_centre_where_it_is_told() -> None:
    assert np.array_equal(warp(noise(0, 40), np.eye(3), 40), noise(0, 40))
    shifted = np.array([[1, 0, 3], [0, 1, -4], [0, 0, 1]])
    assert np.array_equal(warp(dot(13, 16), shifted, 40), dot(10, 20))
    quarter = np.array([[0, 1, 0], [-1, 0, 40], [0, 0, 1]])
    assert np.array_equal(warp(dot(5, 30), quarter, 40), np.rot90(dot(5, 30), -1))


def test_the_foreground_lies_on_the_backgrounds_landmarks() -> None:
    """The only bright spot of the foreground, between its eyes, comes to lie between the background's."""
    points = face_points(100)
    other = points * 1.3 + [7, -12]
    x, y = other[36:48].mean(axis=0)
    picture = np.zeros((150, 150, 3), np.uint8)
    picture[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3] = 255
    aligned = warp(picture, similarity(points, other), 100)
    centre = ndimage.center_of_mass(aligned[..., 0])
    assert np.allclose(np.array(centre[::-1]) + 0.5, points[36:48].mean(axis=0), atol=0.8)


def test_the_smaller_the_scale_the_less_detail_is_left() -> None:
    face, points = noise(0), face_points()
    middle = draw_hull(points, 128) == 1

    def detail(picture: np.ndarray) -> float:
        return float(np.abs(ndimage.laplace(picture[..., 1].astype(float)))[middle].mean())

    left = [detail(resample(face, points, scale)) / detail(face) for scale in (*SCALES, 1.0)]
    assert left[0] < left[1] < left[2] < 0.5
    assert left[0] < 0.2 * left[2]


def test_resampling_moves_nothing() -> None:
    """A slope stays where it is, to a tenth of a px, and is no darker, also under a face that is turned."""
    y, x = np.mgrid[:128, :128]
    slopes = np.stack([20 + x, 20 + y, 200 - x], axis=2) + np.random.default_rng(0).normal(0, 3, (128, 128, 3))
    picture = np.rint(slopes).astype(np.uint8)
    angle = 0.4
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for points in (face_points(), (face_points() - 64) @ turn.T + 64):
        inner = draw_hull(points * 0.8 + 0.2 * points.mean(axis=0), 128) == 1
        change = (resample(picture, points, 0.4) - picture)[inner]
        assert np.abs(change.mean(axis=0)).max() < 0.1


def test_colours_become_those_of_the_model_within_the_mask() -> None:
    mask = draw_hull(face_points(), 128)
    face = np.where(mask[..., None] == 1, noise(1), [0, 255, 0]).astype(np.uint8)
    model = (noise(2) * [0.7, 0.8, 1.0] + 20).astype(np.uint8)
    toned = transfer_colour(face, model, mask)
    for measure in (np.mean, np.std):
        got, wanted = (measure(rgb2lab(picture / 255)[mask == 1], axis=0) for picture in (toned, model))
        assert np.allclose(got, wanted, atol=0.3)
    assert np.abs(toned - face)[mask == 1].mean() > 10
    assert np.abs(transfer_colour(face, face, mask) - face).max() < 0.1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("model", [0, 255, (0, 0, 255), (255, 255, 0)])
def test_any_colours_can_be_had_without_a_warning(model: object) -> None:
    face, mask = noise(1), np.ones((128, 128), np.float32)
    flat = np.full((128, 128, 3), model, np.uint8)
    assert np.abs(transfer_colour(face, flat, mask) - flat).max() < 1
    assert np.isfinite(transfer_colour(flat, face, mask)).all()
    chosen = np.random.default_rng(0).random((128, 128, 1)) < 0.5
    wild = np.where(chosen, [0, 0, 255], [255, 255, 0])
    assert np.isfinite(transfer_colour(face, wild, mask)).all()


def test_what_lies_between_the_foregrounds_eyes_comes_between_the_backgrounds() -> None:
    face, points = noise(1), face_points()
    other, others = noise(2, 180), face_points() * 1.3 + [9, -6]
    x, y = others[36:48].mean(axis=0).astype(int)
    other[y - 3 : y + 4, x - 3 : x + 4] = 0
    wanted, found = points[36:48].mean(axis=0), []
    for seed in range(24):
        blended, _ = blend(face, points, other, others, np.random.default_rng(seed))
        darker = ndimage.gaussian_filter(face.mean(axis=2) - blended.mean(axis=2), 2)
        if darker.max() > 60:
            found.append(np.unravel_index(darker.argmax(), darker.shape)[::-1])
    assert len(found) > 5
    assert np.abs(np.array(found) + 0.5 - wanted).max() < 3


def test_a_blend_has_the_colours_of_its_background() -> None:
    """A blue foreground leaves no blue."""
    face, points = noise(1), face_points()
    blue = noise(2)[..., ::-1]
    for seed in range(5):
        blended, edge = blend(face, points, blue, points, np.random.default_rng(seed))
        assert edge.max() > 0.9
        assert (blended != face).mean() > 0.05
        assert blended[..., 0].mean() > blended[..., 2].mean() + 40


def test_shapes_are_drawn() -> None:
    """Areas vary more than bending alone makes those of one shape."""
    face, points = noise(1), face_points()
    states = [np.random.default_rng(seed) for seed in range(30)]
    warped = [warp_face(face, points, state)[1].mean() for state in states]
    blended = [(blend(face, points, noise(2), points, state)[0] != face).mean() for state in states]
    assert max(warped) > 2 * min(warped)
    assert max(blended) > 3 * min(blended)


def test_jitter_is_small_and_of_the_whole_picture() -> None:
    grey = np.full((64, 64, 3), 120, np.uint8)
    for seed in range(10):
        changed = jitter(grey, np.random.default_rng(seed)).astype(int)
        assert np.ptp(changed) == 0
        assert abs(changed[0, 0, 0] - 120) <= 13
        assert not np.array_equal(jitter(noise(1), np.random.default_rng(seed)), noise(1))


@pytest.mark.parametrize("module", ["align", "colour"])
def test_without_scikit_image_the_message_names_the_extra(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == "skimage" or name.startswith("skimage.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "skimage", None)
    monkeypatch.delitem(sys.modules, f"benchmark.data.pseudo_fakes.{module}")
    with pytest.raises(ConfigError, match=r"^scikit-image: not installed; pip install 'ffpms\[landmarks\]'$"):
        importlib.import_module(f"benchmark.data.pseudo_fakes.{module}")
