"""A face detector is tried before it is used: libraries that do not fit are one line."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import av
import dlib
import numpy as np
import pytest

from ffpms.errors import ConfigError
from ffpms.extraction.boxes import Box
from ffpms.extraction.decoding.decoded_frame import DecodedFrame
from ffpms.extraction.faces import detection
from ffpms.protocol import crop_config
from tests.helpers.corpus import portrait


class Unfit:
    """A detector as dlib-bin 19.24.2 is under numpy 2."""

    def everywhere(self, _: DecodedFrame, known: Sequence[Box] = ()) -> None:
        raise RuntimeError("Unsupported image type, must be 8bit gray or RGB image.")


def test_libraries_that_do_not_fit_are_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(detection.FINDERS, "dlib", Unfit)  # type: ignore[arg-type]
    said = r"--finder dlib fails on a black picture \(RuntimeError: .*dlib-bin \d.*numpy \d.*upgrade"
    with pytest.raises(ConfigError, match=said):
        detection.make_finder("dlib")


def test_those_installed_here_fit() -> None:
    assert isinstance(detection.make_finder("dlib"), detection.DlibFinder)


def test_a_recipe_names_every_finder_and_no_other() -> None:
    """The names are written twice, for dlib is imported where there are frames alone."""
    assert tuple(detection.FINDERS) == crop_config.FINDERS


class Noting:
    """A finder that notes which frames it searches, by their width, and finds a face in some."""

    def __init__(self, with_face: set[int]) -> None:
        self.searched: list[int] = []
        self._with_face = with_face

    def everywhere(self, frame: DecodedFrame, known: Sequence[Box] = ()) -> list[Box]:
        self.searched.append(frame.size[0] - 100)
        return [Box(0, 0, 9, 9)] if self.searched[-1] in self._with_face else []

    def near(self, _: DecodedFrame, __: Box) -> None:
        return None


def test_a_face_is_searched_in_luma_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pixels share their colours, to convert a part to RGB is to convert all of the frame."""
    frame = DecodedFrame(av.VideoFrame.from_ndarray(portrait()[0], format="rgb24").reformat(format="yuv420p"))
    for name in ("rgb", "rgb_of"):
        monkeypatch.setattr(DecodedFrame, name, None)
    finder = detection.DlibFinder()
    (face,) = finder.everywhere(frame)
    near = finder.near(frame, face)
    assert near is not None
    assert near.iou(face) > 0.8


def test_after_misses_in_a_row_one_frame_in_four_is_searched_enlarged() -> None:
    noting = Noting({8})
    finder = detection.SparingFinder(noting)
    for n in range(16):
        blank = DecodedFrame(av.VideoFrame.from_ndarray(np.zeros((90, 100 + n, 3), np.uint8), format="rgb24"))
        finder.everywhere(blank)
    assert noting.searched == [0, 1, 2, 4, 8, 9, 10, 11, 13]


def test_the_detector_is_that_of_dlib_where_its_file_cannot_be_opened_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file spares each process half a second."""
    load = detection._load_detector.__wrapped__
    own = pickle.dumps(load())
    assert own == pickle.dumps(dlib.get_frontal_face_detector())
    monkeypatch.setattr(detection, "_DETECTOR", Path("nowhere"))
    assert pickle.dumps(load()) == own


def test_the_detector_is_unpacked_once_a_process() -> None:
    assert detection.DlibFinder()._detect is detection.DlibFinder()._detect
