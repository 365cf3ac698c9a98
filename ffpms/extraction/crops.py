"""Crops: cuts a square out around a face, the same for a fake and its real video.

A crop is never enlarged when it is stored, but when it is shown
(docs/adr/0046-crops-at-their-own-size.md).
"""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, floor
from typing import Any

import numpy as np
from PIL import Image

from ffpms.extraction.alignment.pairing import Pairing
from ffpms.extraction.alignment.real_video import RealVideo
from ffpms.extraction.alignment.registration import RESIZE, Geometry
from ffpms.extraction.boxes import Box
from ffpms.extraction.decoding.decoded_frame import DecodedFrame
from ffpms.extraction.faces.landmarks import PointFinder, as_row
from ffpms.extraction.png import encode_png
from ffpms.extraction.shards import Shard, crop_path
from ffpms.hashing import digest
from ffpms.protocol.crop_config import CropConfig, stored_side
from ffpms.protocol.published import floored_width
from ffpms.shown_face import enlarge

_TOLERANCE_PX = 2
"""How far a crop may leave the fake's frame: as far as a measured shift may be wrong."""

ReadFrameRegion = Callable[[int, Box], np.ndarray]
"""Frame index, box on whole pixels -> the pixels in it, (h, w, 3) uint8."""


@dataclass(frozen=True)
class CropMaker:
    """Cuts the faces out of the videos of a target and adds each once to its shard."""

    config: CropConfig
    shard: Shard
    real_video: RealVideo
    point_finder: PointFinder | None = None

    def add_real(self, indices: Sequence[int], track_id: int) -> None:
        """Adds one face of each frame of the real video; with ``--faces all`` everybody's."""
        frames, name = self.real_video.frames, self.shard.sources[0]["source_video"]
        self._add_all(name, indices, track_id, lambda i, b: frames[i].rgb_of(b))

    def add_fake(self, name: str, frames: Mapping[int, DecodedFrame], pairing: Pairing) -> None:
        """Adds the same faces of a fake, at the places that its pairing gives."""
        self._add_all(name, list(frames), pairing.altered[0], lambda i, b: frames[i].rgb_of(b), pairing)

    def sticks_out(self, indices: Iterable[int], pairing: Pairing) -> str:
        """Returns why a fake's crops would have a border that the real ones lack; empty if not.

        That is so if the fake was cut further than :func:`shared_region` allows.
        """
        for index in indices:
            face, _ = self.real_video.faces[index][pairing.altered[0]]
            box = pairing.geometry.map(self._square(face)) if face else Box(0, 0, 0, 0)
            width, height = pairing.size
            if max(-box.x, -box.y, box.x + box.w - width, box.y + box.h - height) > _TOLERANCE_PX:
                return f"lacks columns that the crop of real frame {index} has; compare its size with the official one"
        return ""

    def _add_all(
        self, name: str, indices: Sequence[int], track_id: int, read: ReadFrameRegion, pairing: Pairing | None = None
    ) -> None:
        there = {(row["source_video"], row["frame_index"], row["track_id"]) for row in self.shard.crops}
        for index in indices:
            for track in (track_id, *self._others(track_id, index)):
                if (name, index, track) not in there:
                    self._add(name, index, track, read, pairing)

    def _others(self, track_id: int, index: int) -> list[int]:
        if self.config.faces != "all":
            return []
        return [t.track_id for t in self.real_video.people if t.track_id != track_id and t.spans(index)]

    def _add(self, name: str, index: int, track_id: int, read: ReadFrameRegion, pairing: Pairing | None) -> None:
        face, status = self.real_video.faces[index][track_id]
        altered = pairing is not None and track_id in pairing.altered
        row = {"source_video": name, "frame_index": index, "track_id": track_id, "altered": altered}
        row |= {"status": status.value, "error": ""}
        if face is None:
            nothing = {"crop": "", "sha256": "", "n_bytes": 0, "rim_luma": None, "rim_sharpness": None}
            self.shard.crops.append(row | nothing | _columns(Box(0, 0, 0, 0)))
            return
        box = (pairing.geometry if pairing else Geometry()).map(self._square(face))
        crop = self._cut(box, lambda part: read(index, part), pairing)
        path = crop_path(self.shard.target_id, name, index, track_id)
        self.shard.crops.append(row | {"crop": path} | self._store(path, crop) | _columns(box))
        if self.point_finder and not pairing:
            shown = Image.fromarray(enlarge(crop, self.config.size))
            on_shown = face.moved(-box.x, -box.y).scaled(self.config.size / box.w)
            self.shard.landmarks.append(as_row(name, index, track_id, self.point_finder.points(shown, on_shown)))

    def _cut(self, box: Box, read: Callable[[Box], np.ndarray], pairing: Pairing | None) -> np.ndarray:
        resized = pairing is not None and pairing.geometry.kind == RESIZE
        side = stored_side(box.w, self.config.size, resized)
        return cut_crop(read, box, side, self._region(pairing))

    def _region(self, pairing: Pairing | None) -> Box:
        """Returns the part of a frame that real video and fakes share, in px of the one cut."""
        shared = shared_region(*self.real_video.size)
        return whole_within(pairing.geometry.map(shared), Box(0, 0, *pairing.size)) if pairing else shared

    def _store(self, path: str, crop: np.ndarray) -> dict[str, Any]:
        """Encodes a crop; returns the columns that tell of it."""
        data = self.shard.files[path] = encode_png(crop)
        return {"sha256": digest(data), "n_bytes": len(data)} | rim(crop)

    def enlarge_all(self) -> None:
        """Stores all crops as they are shown, for those of a resized fake are interpolated."""
        for row in self.shard.crops:
            if row["crop"]:
                with Image.open(io.BytesIO(self.shard.files[row["crop"]]), formats=["PNG"]) as image:
                    crop = np.asarray(image)
                if len(crop) < self.config.size:
                    row |= self._store(row["crop"], enlarge(crop, self.config.size))

    def _square(self, face: Box) -> Box:
        return square_box(face, self.config.margin, shared_region(*self.real_video.size))


def _columns(box: Box) -> dict[str, Any]:
    return {"box_x": float(box.x), "box_y": float(box.y), "box_w": float(box.w), "box_h": float(box.h)}


@cache
def shared_region(width: int, height: int) -> Box:
    """Returns the part of a real frame that all its fakes show too.

    Face2Face and NeuralTextures show its middle, as wide as a multiple of 32 px. A crop inside this
    part cannot tell real from fake by a missing border.

    Example:
        >>> shared_region(854, 480)
        Box(x=11, y=0, w=832, h=480)
    """
    kept = floored_width(width) or width
    lost = (width - kept + 1) // 2
    return Box(lost, 0, width - 2 * lost, height)


def square_box(face: Box, margin: float, region: Box) -> Box:
    """Returns a square of ``margin`` times the longer side of the face, around its centre.

    It lies on whole pixels. It is moved, and if needed shrunk, to lie within the region.
    """
    side = min(round(max(face.w, face.h) * margin), int(region.w), int(region.h))
    x = round(face.x + face.w / 2 - side / 2)
    y = round(face.y + face.h / 2 - side / 2)
    x = min(max(x, int(region.x)), int(region.x + region.w) - side)
    y = min(max(y, int(region.y)), int(region.y + region.h) - side)
    return Box(x, y, side, side)


def whole_within(box: Box, region: Box) -> Box:
    """Returns the whole pixels that a box touches, within a region of whole pixels.

    Example:
        >>> whole_within(Box(1.5, -2, 3, 4), Box(0, 0, 4, 4))
        Box(x=1, y=0, w=3, h=2)
    """
    left, top, right, bottom = region.corners
    x, y = max(floor(box.x), int(left)), max(floor(box.y), int(top))
    w, h = min(ceil(box.x + box.w), int(right)) - x, min(ceil(box.y + box.h), int(bottom)) - y
    return Box(x, y, max(w, 0), max(h, 0))


def cut_face(read: Callable[[Box], np.ndarray], box: Box, size: int, region: Box) -> np.ndarray:
    """Cuts a face as a detector is shown it: as it would be stored, then enlarged to ``size`` px.

    Shape: -> (size, size, 3) uint8.
    """
    return enlarge(cut_crop(read, box, stored_side(box.w, size), region), size)


def cut_crop(read: Callable[[Box], np.ndarray], box: Box, side: int, region: Box) -> np.ndarray:
    """Cuts one crop of ``side`` px.

    Where the box has that side and lies on whole pixels, these are the frame's own. One that is
    reduced takes as many pixels beyond its box as the interpolation needs; another takes none.
    None are taken from beyond the region, so that a real crop shows no column that a fake lacks.

    Shape: -> (side, side, 3) uint8.
    """
    beyond = 2 + 2 * ceil(box.w / side) if box.w > side else 0
    part = whole_within(Box(box.x - beyond, box.y - beyond, box.w + 2 * beyond, box.h + 2 * beyond), region)
    return crop_face(read(part), box.moved(-part.x, -part.y), side)


def crop_face(frame: np.ndarray, box: Box, side: int) -> np.ndarray:
    """Cuts the box out of the frame and resizes it to ``side`` px.

    Outside the frame the border is repeated.

    Shape: -> (side, side, 3) uint8.
    """
    height, width = frame.shape[:2]
    over = max(-box.x, -box.y, box.x + box.w - width, box.y + box.h - height, 0.0)
    pad = int(np.ceil(over))
    image = np.pad(frame, ((pad, pad), (pad, pad), (0, 0)), mode="edge") if pad else frame
    inside = box.moved(pad, pad)
    if inside == Box(floor(inside.x), floor(inside.y), side, side):
        return image[inside.rows, inside.columns]
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC, box=inside.corners))


def rim(crop: np.ndarray) -> dict[str, float]:
    """Mean luma and sharpness of the four corners of a square crop.

    The corners lie outside its inscribed circle and so outside the face. Luma is in levels.
    Sharpness is the mean absolute Laplacian of the luma.

    Shape: (S, S, 3) uint8.
    """
    luma = np.asarray(Image.fromarray(crop).convert("L")).astype(np.int16)
    change = 4 * luma[1:-1, 1:-1]
    for beside in (luma[:-2, 1:-1], luma[2:, 1:-1], luma[1:-1, :-2], luma[1:-1, 2:]):
        change -= beside
    corners, inner = _corners(len(crop))
    return {"rim_luma": _mean(luma.take(corners)), "rim_sharpness": _mean(np.abs(change.take(inner)))}


def _mean(values: np.ndarray) -> float:
    """Returns the mean of whole numbers, without the detours of numpy's own."""
    return int(values.sum()) / values.size


@cache
def _corners(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Finds the pixels of a square outside its inscribed circle: all, and those within the border.

    Shape: -> two of (N,) int, into the square's pixels row by row, and into those without the
    border.
    """
    y, x = np.ogrid[:side, :side]
    middle = (side - 1) / 2
    outside = (x - middle) ** 2 + (y - middle) ** 2 > (side / 2) ** 2
    return np.flatnonzero(outside), np.flatnonzero(outside[1:-1, 1:-1])
