"""Pair checks find the geometry and the timing that were put in."""

import numpy as np
import pytest
from PIL import Image

from ffpms.align import OFFSETS, Geometry, best_offset, candidates, grey, register
from ffpms.faces import Box
from tests.corpus import HEIGHT, WIDTH, portrait

FRAMES = portrait()
NOISE = np.random.default_rng(0)


def noisy(frame: np.ndarray) -> Image.Image:
    return grey(np.clip(frame + NOISE.normal(0, 4, frame.shape), 0, 255).astype(np.uint8))


def resized(frame: np.ndarray, width: int) -> np.ndarray:
    return np.asarray(Image.fromarray(frame).resize((width, frame.shape[0])))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda f: f, Geometry()),
        (lambda f: f[:, 20:-20], Geometry("crop", shift_x=-20)),
        (lambda f: f[:, :-40], Geometry("crop")),
        (lambda f: resized(f, 320), Geometry("resize", scale_x=320 / 360)),
        (lambda f: resized(f, 400), Geometry("resize", scale_x=400 / 360)),
    ],
)
def test_register_finds_how_a_fake_was_cut(change, expected: Geometry) -> None:  # type: ignore[no-untyped-def]
    geometry, score = register([(grey(f), noisy(change(f))) for f in FRAMES[:3]])
    assert geometry == expected
    assert score > 0.95


def test_another_video_scores_low() -> None:
    noise = [Image.fromarray(NOISE.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)) for _ in range(3)]
    _, score = register([(grey(f), n) for f, n in zip(FRAMES[:3], noise, strict=True)])
    assert score < 0.2


@pytest.mark.parametrize("shift", OFFSETS)
def test_best_offset_is_the_shift_put_in(shift: int) -> None:
    checked = range(3, 20, 2)
    fakes = {i: noisy(FRAMES[i + shift]) for i in checked}
    reals = {i: grey(f) for i, f in enumerate(FRAMES)}
    assert best_offset(fakes, reals, Geometry(), dict.fromkeys(checked, Box(110, 40, 140, 170))) == shift


def test_a_mapped_box_shows_the_same_pixels() -> None:
    box = Box(60, 40, 100, 100)
    assert Geometry("crop", shift_x=-8).map(box) == Box(52, 40, 100, 100)
    assert Geometry("resize", scale_x=0.5, scale_y=2).map(box) == Box(30, 80, 50, 200)


def test_sizes_that_differ_are_never_taken_for_the_same() -> None:
    assert [g.kind for g in candidates((272, 288), (272, 288))] == ["identity"]
    assert [g.kind for g in candidates((272, 288), (360, 288))] == ["resize"]
