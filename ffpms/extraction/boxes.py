"""Boxes: rectangles in a frame."""

from collections.abc import Sequence
from dataclasses import dataclass

MIN_IOU = 0.2
"""Least overlap (IoU) of the boxes of one face in successive samples."""


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels.

    ``x, y`` is the upper left corner and may lie outside the frame.

    Example:
        >>> Box(0, 0, 10, 10).iou(Box(0, 5, 10, 10))
        0.3333333333333333
    """

    x: float
    y: float
    w: float
    h: float

    @property
    def area(self) -> float:
        """Width times height, px²."""
        return self.w * self.h

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        return self.x, self.y, self.x + self.w, self.y + self.h

    @property
    def rows(self) -> slice:
        """Slice of the rows that the box covers."""
        return slice(int(self.y), int(self.y + self.h))

    @property
    def columns(self) -> slice:
        """Slice of the columns that the box covers."""
        return slice(int(self.x), int(self.x + self.w))

    def scaled(self, factor: float) -> "Box":
        """Multiplies position and size by ``factor``."""
        return Box(self.x * factor, self.y * factor, self.w * factor, self.h * factor)

    def moved(self, dx: float, dy: float) -> "Box":
        """Moves the box by ``dx`` and ``dy`` px."""
        return Box(self.x + dx, self.y + dy, self.w, self.h)

    def widened(self, factor: float) -> "Box":
        """Makes the box ``factor`` times as wide and high, around the same centre."""
        w, h = self.w * factor, self.h * factor
        return Box(self.x + (self.w - w) / 2, self.y + (self.h - h) / 2, w, h)

    def within(self, width: int, height: int) -> "Box":
        """Returns the part that lies in a frame, on whole pixels; empty if there is none."""
        left, top = max(int(self.x), 0), max(int(self.y), 0)
        right, bottom = min(int(self.x + self.w), width), min(int(self.y + self.h), height)
        return Box(left, top, max(right - left, 0), max(bottom - top, 0))

    def iou(self, other: "Box") -> float:
        """Intersection over union."""
        across = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        down = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        both = max(across, 0.0) * max(down, 0.0)
        return both / (self.area + other.area - both)


def bounding(boxes: Sequence[Box]) -> Box:
    """Returns the smallest box around all of them."""
    x, y = min(b.x for b in boxes), min(b.y for b in boxes)
    return Box(x, y, max(b.x + b.w for b in boxes) - x, max(b.y + b.h for b in boxes) - y)
