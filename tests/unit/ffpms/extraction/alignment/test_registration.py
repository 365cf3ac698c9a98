"""Pair checks find the geometry, the timing and the brightness that were put in."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ffpms.extraction.alignment.offsets import Differences, best_offset
from ffpms.extraction.alignment.registration import (
    MIN_SCORE,
    FramePair,
    Geometry,
    Known,
    _covered,
    _variance,
    agreements,
    candidates,
    lift,
    register,
)
from ffpms.extraction.alignment.timing import OFFSETS, SmallFrame, Surroundings
from ffpms.extraction.boxes import Box
from ffpms.extraction.decoding.decoded_frame import DecodedFrame
from ffpms.schema import CONFIDENT
from tests.helpers.corpus import as_picture, portrait

FACE = Box(125, 70, 110, 110)
IDENTITY = Geometry()
Change = Callable[[np.ndarray], np.ndarray]


def noisy(frame: np.ndarray, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 4, frame.shape)
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


def resized(frame: np.ndarray, width: int) -> np.ndarray:
    return np.asarray(Image.fromarray(frame).resize((width, frame.shape[0])))


def pairs(change: Change) -> list[FramePair]:
    return [FramePair(as_picture(noisy(change(f), i)), as_picture(f), [FACE]) for i, f in enumerate(portrait()[:12:4])]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda f: f, Geometry()),
        (lambda f: f[:, 20:-20], Geometry("crop", shift_x=-20)),
        (lambda f: f[:, 7:-33], Geometry("crop", shift_x=-7)),
        (lambda f: f[:, :-40], Geometry("crop")),
        (lambda f: resized(f, 320), Geometry("resize", scale_x=320 / 360)),
        (lambda f: resized(f, 400), Geometry("resize", scale_x=400 / 360)),
    ],
)
def test_register_finds_how_a_fake_was_cut(change: Change, expected: Geometry) -> None:
    geometry, score = register(pairs(change))
    assert geometry == expected
    assert score > 0.99


def test_a_video_that_fades_in_is_registered_by_what_it_shows_later() -> None:
    black = np.zeros_like(portrait()[0])
    dark = FramePair(as_picture(noisy(black[:, 20:-20])), as_picture(black), [FACE])
    geometry, score = register([dark, *pairs(lambda f: f[:, 20:-20])])
    assert geometry == Geometry("crop", shift_x=-20)
    assert score > 0.99


def test_a_real_frame_is_read_once_for_all_its_fakes() -> None:
    real, unread = as_picture(portrait()[0]), DecodedFrame(None)  # type: ignore[arg-type]
    same, brighter = real, as_picture(np.clip(portrait()[0].astype(int) + 3, 0, 255).astype(np.uint8))
    known: Known = {}
    assert lift([FramePair(same, real, [FACE], known)], IDENTITY) == (0, 0, 0)
    assert lift([FramePair(brighter, unread, [FACE], known)], IDENTITY) == pytest.approx((3, 3, 3))


@given(st.integers(1, 5), st.lists(st.tuples(*[st.integers(0, 60)] * 4), max_size=3))
def test_every_nth_pixel_is_covered_as_among_all(step: int, sides: list[tuple[int, int, int, int]]) -> None:
    part, boxes = Box(0, 0, 61, 47), [Box(*side).within(61, 47) for side in sides]
    assert np.array_equal(_covered(part, boxes, step), _covered(part, boxes, 1)[::step, ::step])


@given(st.integers(1, 300), st.integers(0, 99))
def test_a_variance_has_the_bits_of_numpys(n: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(90, 30, n).astype(np.float32)
    assert _variance(values) == np.var(values)


def test_the_face_itself_has_no_say() -> None:
    def swapped(frame: np.ndarray) -> np.ndarray:
        out = frame.copy()
        out[70:180, 125:235] = out[70:180, 125:235][::-1, ::-1]
        return out

    assert register(pairs(swapped))[1] > 0.99
    faceless = [FramePair(p.fake, p.real, []) for p in pairs(swapped)]
    assert register(faceless)[1] < MIN_SCORE


@pytest.mark.parametrize("face", [Box(0, 0, 360, 270), Box(-50, -50, 900, 900), Box(900, 900, 50, 50)])
def test_a_face_that_fills_the_frame_or_is_not_in_it_leaves_pixels_to_compare(face: Box) -> None:
    alike = [FramePair(p.fake, p.real, [face]) for p in pairs(lambda f: f)]
    assert register(alike)[1] > 0.99
    assert lift(alike, IDENTITY) == pytest.approx((0, 0, 0), abs=1)


def test_two_frames_of_another_scene_score_low_among_others() -> None:
    mixed = [*pairs(lambda f: f), *pairs(lambda f: f[::-1])[:2], *pairs(lambda f: f)]
    scores = agreements(mixed, IDENTITY)
    assert [score < MIN_SCORE for score in scores] == [False, False, True, True, True, False, False]
    assert agreements(mixed[:1], IDENTITY) == pytest.approx([1.0], abs=0.01)


def test_another_video_scores_low() -> None:
    assert register(pairs(lambda f: f[::-1]))[1] < 0.8


def test_lift_is_the_change_of_colour_put_in() -> None:
    def brighter(frame: np.ndarray) -> np.ndarray:
        return np.clip(frame.astype(int) + [5, 3, 0], 0, 255).astype(np.uint8)

    same_size = lift([FramePair(as_picture(brighter(f)), as_picture(f), [FACE]) for f in portrait()[:3]], Geometry())
    assert same_size == pytest.approx((5, 3, 0), abs=0.1)
    narrowed = lift(pairs(lambda f: brighter(f)[:, 20:-20]), Geometry("crop", shift_x=-20))
    assert narrowed == pytest.approx((5, 3, 0), abs=1)


@pytest.mark.parametrize("shift", [-4, -1, 0, 2, 4])
@pytest.mark.parametrize("change", [lambda f: f, lambda f: f[:, 20:-20], lambda f: resized(f, 320)])
def test_best_offset_is_the_shift_put_in(shift: int, change: Change) -> None:
    checked = range(5, 20)
    fakes = {i: small(noisy(change(portrait()[i + shift]))) for i in checked}
    reals = {i: small(f) for i, f in enumerate(portrait())}
    geometry = register(pairs(change))[0]
    offset, certainty = timing(fakes, reals, geometry)
    assert offset == shift
    assert certainty is not None
    assert certainty >= CONFIDENT


@pytest.mark.parametrize("left", [0, 20, 150, 280, 330])
@pytest.mark.parametrize("shift", [-3, 0, 2])
def test_a_face_at_the_border_of_a_cropped_fake_is_compared_with_the_same_columns(left: int, shift: int) -> None:
    """What is around it reaches beyond the fake, whose columns must not be stretched."""
    pan = [np.roll(portrait()[0], -2 * i, axis=1) for i in range(25)]
    fakes = {i: small(noisy(pan[i + shift][:, 20:-20])) for i in range(5, 20)}
    reals = {i: small(frame) for i, frame in enumerate(pan)}
    face, geometry = Box(left, 90, 60, 60), Geometry("crop", shift_x=-20)
    seen = compare(fakes, reals, face, geometry)
    assert best_offset(seen) == (shift, 1.0)
    assert seen.cost.mean(axis=0)[OFFSETS.index(shift), 0] < 3


def test_brightness_has_no_say_in_timing() -> None:
    fakes = {i: small(np.clip(portrait()[i] + 9.0, 0, 255).astype(np.uint8)) for i in range(5, 20)}
    reals = {i: small(f) for i, f in enumerate(portrait())}
    assert timing(fakes, reals)[0] == 0


def test_still_videos_seldom_claim_to_know() -> None:
    """Of 20 in which only noise changes about one may be sure by chance."""
    assert sum(still_certainty(seed) >= CONFIDENT for seed in range(20)) <= 3


def still_certainty(seed: int) -> float:
    reals = {i: small(noisy(portrait()[0], 1000 * seed + i)) for i in range(25)}
    fakes = {i: small(noisy(portrait()[0], 1000 * seed + 100 + i)) for i in range(5, 20)}
    _, certainty = timing(fakes, reals)
    assert certainty is not None
    return certainty


def test_too_short_a_video_has_no_offset() -> None:
    frames = {i: small(f) for i, f in enumerate(portrait()[: len(OFFSETS) - 1])}
    assert timing(frames, frames) == (0, None)


def timing(
    fakes: dict[int, SmallFrame], reals: dict[int, SmallFrame], geometry: Geometry = IDENTITY
) -> tuple[int, float | None]:
    return best_offset(compare(fakes, reals, FACE, geometry))


def compare(
    fakes: dict[int, SmallFrame], reals: dict[int, SmallFrame], face: Box = FACE, geometry: Geometry = IDENTITY
) -> Differences:
    around = {i: Surroundings.of(reals, i, face, geometry, whole_size(fake)) for i, fake in fakes.items()}
    known = {i: real for i, real in around.items() if real}
    cost = np.array([real.costs(fakes[i]) for i, real in known.items()])
    return Differences(np.array(list(known)), cost, np.array([real.motion for real in known.values()]))


def whole_size(frame: SmallFrame) -> tuple[int, int]:
    width, height = frame.size
    return width * frame.factor, height * frame.factor


def small(frame: np.ndarray) -> SmallFrame:
    return SmallFrame.of(np.asarray(Image.fromarray(frame).convert("L")))


def test_a_large_frame_is_looked_at_in_small() -> None:
    large = SmallFrame.of(np.kron(np.arange(40, dtype=np.uint8), np.ones((1080, 48), np.uint8)))
    assert (large.factor, large.size) == (2, (960, 540))
    assert np.array_equal(large.cut(Box(96, 0, 96, 96), (48, 48))[0], np.repeat([2, 3], 24))


def test_of_a_large_face_no_more_is_looked_at_than_timing_needs() -> None:
    """Every fourth row and column of 660, and the offset is still found."""
    reals = {i: small(enlarged(f)) for i, f in enumerate(portrait()[:18])}
    fakes = {i: small(enlarged(noisy(portrait()[i + 2]))) for i in range(5, 12)}
    around = Surroundings.of(reals, 5, FACE.scaled(3), IDENTITY, whole_size(reals[5]))
    assert around is not None
    assert around.seen.shape[1] == 165 * 165
    assert best_offset(compare(fakes, reals, FACE.scaled(3))) == (2, 1.0)


def enlarged(frame: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(frame).resize((3 * frame.shape[1], 3 * frame.shape[0])))


@pytest.mark.parametrize("box", [Box(10, 20, 31, 17), Box(0, 0, 360, 270), Box(329, 253, 31, 17)])
@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_box_on_whole_pixels_is_cut_as_if_resampled(box: Box, every: int) -> None:
    whole = small(portrait()[3])
    size = (int(box.w), int(box.h))
    corners = (box.x, box.y, box.x + box.w, box.y + box.h)
    resampled = np.asarray(Image.fromarray(whole.pixels).resize(size, Image.Resampling.BILINEAR, box=corners))
    assert np.array_equal(whole.cut(box, size, every), resampled[::every, ::every])


def test_a_mapped_box_shows_the_same_pixels() -> None:
    box = Box(60, 40, 100, 100)
    crop, resize = Geometry("crop", shift_x=-8), Geometry("resize", scale_x=0.5, scale_y=2)
    assert crop.map(box) == Box(52, 40, 100, 100)
    assert resize.map(box) == Box(30, 80, 50, 200)
    assert crop.unmap(crop.map(box)) == resize.unmap(resize.map(box)) == box


def test_sizes_that_differ_are_never_taken_for_the_same() -> None:
    assert [g.kind for g in candidates((272, 288), (272, 288))] == ["identity"]
    assert [g.kind for g in candidates((272, 288), (360, 288))] == ["resize"]
