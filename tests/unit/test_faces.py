"""Boxes, tracks and crops, with a finder that is told what to see."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffpms.faces import Box, DlibFinder, FaceTrack, crop_face, main_track, shared_region, square_box, track_faces
from ffpms.schema import Status
from tests.corpus import portrait


def test_dlib_finds_the_portrait_at_any_size() -> None:
    frame = portrait()[0]
    (found,) = DlibFinder()(frame)
    (half,) = DlibFinder()(np.ascontiguousarray(frame[::2, ::2]))
    assert 60 < found.w < 140
    assert half.scaled(2).iou(found) > 0.5  # two steps of the detector's pyramid
    assert DlibFinder()(np.zeros_like(frame)) == []


def test_a_box_is_interpolated_along_the_track_and_held_at_its_ends() -> None:
    track = FaceTrack(0, {10: Box(0, 0, 10, 10), 20: Box(10, 20, 20, 20)})
    assert track.at(10) == (Box(0, 0, 10, 10), Status.OK)
    assert track.at(15) == (Box(5, 10, 15, 15), Status.INTERPOLATED)
    assert track.at(90) == (Box(10, 20, 20, 20), Status.INTERPOLATED)
    assert FaceTrack(0, {}).at(0) == (None, Status.NO_FACE)


def test_a_frame_outside_the_track_takes_its_own_face_if_that_is_the_tracks() -> None:
    track = FaceTrack(0, {10: Box(0, 0, 10, 10), 20: Box(10, 0, 10, 10)})
    near, far = Box(4, 1, 10, 10), Box(80, 80, 10, 10)
    assert track.refine(15, [far, near]) == (near, Status.OK)
    assert track.refine(15, [far]) == (Box(5, 0, 10, 10), Status.INTERPOLATED)
    assert track.refine(15, []) == (Box(5, 0, 10, 10), Status.INTERPOLATED)


def test_two_faces_make_two_tracks_whatever_their_order() -> None:
    left, right = Box(0, 0, 50, 50), Box(100, 0, 40, 40)
    tracks = track_faces([(0, [left, right]), (5, [right, left]), (9, [left])])
    assert [sorted(t.boxes) for t in tracks] == [[0, 5, 9], [0, 5]]
    assert main_track(tracks).boxes == dict.fromkeys([0, 5, 9], left)


def test_the_main_track_goes_on_after_a_cut() -> None:
    before, after, other = Box(0, 0, 50, 50), Box(200, 0, 60, 60), Box(100, 100, 20, 20)
    tracks = track_faces([(0, [before]), (5, [before, other]), (10, [after]), (15, [after])])
    assert sorted(main_track(tracks).boxes) == [0, 5, 10, 15]
    assert main_track([]).boxes == {}


@given(
    st.tuples(st.floats(-50, 700), st.floats(-50, 500), st.floats(10, 400), st.floats(10, 400)),
    st.floats(1, 3),
    st.sampled_from([(640, 480), (854, 480), (360, 288), (50, 40)]),
)
def test_a_square_lies_on_whole_pixels_within_the_shared_region(
    face: tuple[float, float, float, float], margin: float, size: tuple[int, int]
) -> None:
    region = shared_region(*size)
    box = square_box(Box(*face), margin, region)
    assert box.w == box.h
    assert all(float(v).is_integer() for v in (box.x, box.y, box.w))
    assert region.x <= box.x
    assert box.x + box.w <= region.x + region.w
    assert region.y <= box.y
    assert box.y + box.h <= region.y + region.h


def test_the_shared_region_is_what_a_floored_width_leaves() -> None:
    assert shared_region(854, 480) == Box(11, 0, 832, 480)
    assert shared_region(640, 480) == Box(0, 0, 640, 480)
    assert shared_region(50, 40) == Box(0, 0, 50, 40)


def test_a_crop_of_its_own_size_is_the_pixels_themselves() -> None:
    frame = portrait()[0]
    crop = np.asarray(crop_face(frame, Box(20, 30, 64, 64), 64))
    assert np.array_equal(crop, frame[30:94, 20:84])


@pytest.mark.parametrize("box", [Box(-10, -5, 40, 40), Box(340, 250, 40, 40)])
def test_a_crop_beyond_the_frame_repeats_the_border(box: Box) -> None:
    frame = portrait()[0]
    padded = np.pad(frame, ((40, 40), (40, 40), (0, 0)), mode="edge")
    x, y = int(box.x) + 40, int(box.y) + 40
    assert np.array_equal(np.asarray(crop_face(frame, box, 40)), padded[y : y + 40, x : x + 40])
