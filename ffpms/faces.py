"""Faces: find them, follow them through a video, cut them out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import dlib
import numpy as np
from PIL import Image

from ffpms.schema import Status


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; ``x, y`` is the upper left corner and may lie outside the frame."""

    x: float
    y: float
    w: float
    h: float

    @property
    def area(self) -> float:
        return self.w * self.h

    def scaled(self, factor: float) -> "Box":
        return Box(self.x * factor, self.y * factor, self.w * factor, self.h * factor)

    def iou(self, other: "Box") -> float:
        """Intersection over union."""
        across = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        down = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        both = max(across, 0.0) * max(down, 0.0)
        return both / (self.area + other.area - both)


MIN_IOU = 0.2
"""Boxes of one face in successive samples overlap at least this much."""

FaceFinder = Callable[[np.ndarray], list[Box]]
"""RGB frame (H, W, 3) uint8 -> the boxes of its faces."""


class DlibFinder:
    """dlib's HOG detector. It sees faces from 80 px up, so a frame is first searched with its shorter side at
    ``short_side`` px, and only on a miss at its own size and then twice that."""

    def __init__(self, short_side: int = 360) -> None:
        self._detect = dlib.get_frontal_face_detector()
        self._short_side = short_side

    def __call__(self, frame: np.ndarray) -> list[Box]:
        grey = Image.fromarray(frame).convert("L")
        first = min(1.0, self._short_side / min(grey.size))
        for scale in sorted({first, 1.0, 2.0}):
            size = (round(grey.width * scale), round(grey.height * scale))
            found = self._detect(np.asarray(grey.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)))
            if found:
                return [Box(r.left(), r.top(), r.width(), r.height()).scaled(1 / scale) for r in found]
        return []


@dataclass(frozen=True)
class FaceTrack:
    """One face through a video: the boxes where it was found, by frame index."""

    track_id: int
    boxes: dict[int, Box]

    def at(self, index: int) -> tuple[Box | None, Status]:
        """The box in a frame: found, or interpolated along the track (held at its ends), or none in an empty track."""
        if index in self.boxes:
            return self.boxes[index], Status.OK
        if not self.boxes:
            return None, Status.NO_FACE
        known = sorted(self.boxes)
        sides = np.array([[b.x, b.y, b.w, b.h] for b in (self.boxes[k] for k in known)])
        x, y, w, h = (float(np.interp(index, known, side)) for side in sides.T)
        return Box(x, y, w, h), Status.INTERPOLATED

    def refine(self, index: int, found: list[Box], min_iou: float = MIN_IOU) -> tuple[Box | None, Status]:
        """The box in a frame outside the track's own: the found one that overlaps most with the track there, or the
        track's. It depends on no other frame outside the track."""
        box, status = self.at(index)
        if box is None or not found:
            return box, status
        best = max(found, key=box.iou)
        return (best, Status.OK) if box.iou(best) >= min_iou else (box, status)


def track_faces(found: Iterable[tuple[int, list[Box]]], min_iou: float = MIN_IOU) -> list[FaceTrack]:
    """Links the boxes of successive frames into tracks, each box to the track it overlaps most; the track seen longest
    and largest comes first and gets id 0."""
    tracks: list[dict[int, Box]] = []
    for index, boxes in found:
        open_tracks = list(tracks)
        for box in sorted(boxes, key=lambda b: -b.area):
            best = max(open_tracks, key=lambda t: box.iou(_last(t)), default=None)
            if best is not None and box.iou(_last(best)) >= min_iou:
                best[index] = box
                open_tracks.remove(best)
            else:
                tracks.append({index: box})
    tracks.sort(key=lambda t: -sum(b.area for b in t.values()))
    return [FaceTrack(i, boxes) for i, boxes in enumerate(tracks)]


def _last(track: dict[int, Box]) -> Box:
    return track[max(track)]


def main_track(tracks: list[FaceTrack]) -> FaceTrack:
    """The first track, continued after a cut or a quick move by others that share no frame with it and are of like
    size."""
    if not tracks:
        return FaceTrack(0, {})
    main = dict(tracks[0].boxes)
    size = np.median([b.w for b in main.values()])
    for other in tracks[1:]:
        alike = 0.5 < np.median([b.w for b in other.boxes.values()]) / size < 2.0
        if alike and not main.keys() & other.boxes.keys():
            main |= other.boxes
    return replace(tracks[0], boxes=main)


def shared_region(width: int, height: int) -> Box:
    """The part of a real frame that its fakes have too: Face2Face and NeuralTextures floor the width to a multiple of
    64, so a crop that stays inside cannot tell real from fake by a missing border."""
    kept = width // 64 * 64 or width
    return Box((width - kept) // 2, 0, kept, height)


def square_box(face: Box, margin: float, region: Box) -> Box:
    """The square of side ``margin`` times the face's longer side around its centre, on whole pixels, moved and if need
    be shrunk to lie within the region."""
    side = min(round(max(face.w, face.h) * margin), int(region.w), int(region.h))
    x = round(face.x + face.w / 2 - side / 2)
    y = round(face.y + face.h / 2 - side / 2)
    x = min(max(x, int(region.x)), int(region.x + region.w) - side)
    y = min(max(y, int(region.y)), int(region.y + region.h) - side)
    return Box(x, y, side, side)


def crop_face(frame: np.ndarray, box: Box, size: int) -> Image.Image:
    """Cuts the box out of the frame and brings it to ``size`` x ``size`` px; what lies outside repeats the border."""
    height, width = frame.shape[:2]
    over = max(-box.x, -box.y, box.x + box.w - width, box.y + box.h - height, 0.0)
    pad = int(np.ceil(over))
    image = Image.fromarray(np.pad(frame, ((pad, pad), (pad, pad), (0, 0)), mode="edge") if pad else frame)
    corners = (box.x + pad, box.y + pad, box.x + box.w + pad, box.y + box.h + pad)
    return image.resize((size, size), Image.Resampling.BICUBIC, box=corners)
