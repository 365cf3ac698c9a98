"""Boxes of people: lines around each face, and a label beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmark.inference.annotation.canvas import BLACK, FAKE, REAL, Canvas, Colour, draw_chip, fill
from benchmark.inference.places import PlacedBox, Places
from benchmark.inference.sayings import label_person, say_looks
from benchmark.inference.verdict import FileVerdict, Track

Edges = tuple[float, float, float, float]


@dataclass(frozen=True)
class PersonBox:
    """One person's box: a thick whole line if the face looks fake, else a thin broken one."""

    track: Track
    places: Places
    canvas: Canvas
    threshold: float

    @property
    def is_fake(self) -> bool:
        """Whether the person looks fake."""
        return self.track.probability >= self.threshold

    @property
    def words(self) -> str:
        """The label in short."""
        return label_person(self.track, self.threshold)

    def draw(self, pixels: np.ndarray, seconds: float) -> Edges | None:
        """Draws the lines where the face is at a time, and returns their edges."""
        box = self.places.at(seconds)
        if box is None:
            return None
        edges = self._edges(box)
        line = self.canvas.line_px * (2 if self.is_fake else 1)
        for grown, colour in ((max(1, line // 3), BLACK), (0, self._colour)):
            self._outline(pixels, edges, line, grown, colour)
        return edges

    def label(self, pixels: np.ndarray, edges: Edges) -> None:
        """Draws the label above the box, below it if there is no room, else inside at its top."""
        left, top, right, bottom = edges
        chip = self._long if self._long.shape[1] <= max(right - left, 0) else self._short
        height, width = chip.shape[:2]
        line = 2 * self.canvas.line_px
        above, below = top - height - line, bottom + line
        y = above if above >= 0 else below if below + height <= self.canvas.height else top + line
        x = min(max(0, left), max(0, self.canvas.width - width))
        part = pixels[round(y) : round(y) + height, round(x) : min(round(x) + width, self.canvas.width)]
        part[:] = chip[: part.shape[0], : part.shape[1]]

    @cached_property
    def _long(self) -> np.ndarray:
        return draw_chip(f"{self.words}, {say_looks(self.is_fake)}", self.canvas, self._colour)

    @cached_property
    def _short(self) -> np.ndarray:
        return draw_chip(self.words, self.canvas, self._colour)

    @property
    def _colour(self) -> Colour:
        return FAKE if self.is_fake else REAL

    def _edges(self, box: PlacedBox) -> Edges:
        (across, down), (x, y, w, h) = self.canvas.scale, box
        right, bottom = min((x + w) * across, self.canvas.width), min((y + h) * down, self.canvas.height)
        return max(0.0, x * across), max(0.0, y * down), right, bottom

    def _outline(self, pixels: np.ndarray, edges: Edges, line: int, grown: int, colour: Colour) -> None:
        left, top, right, bottom = edges
        dash = right - left if self.is_fake else 5 * line
        for x in np.arange(left, right, dash if self.is_fake else 2 * dash):
            end = min(x + dash, right) + grown
            fill(pixels, (x - grown, top - grown, end, top + line + grown), colour)
            fill(pixels, (x - grown, bottom - line - grown, end, bottom + grown), colour)
        dash = bottom - top if self.is_fake else 5 * line
        for y in np.arange(top, bottom, dash if self.is_fake else 2 * dash):
            end = min(y + dash, bottom) + grown
            fill(pixels, (left - grown, y - grown, left + line + grown, end), colour)
            fill(pixels, (right - line - grown, y - grown, right + grown, end), colour)


def make_boxes(verdict: FileVerdict, canvas: Canvas) -> list[PersonBox]:
    """Makes the boxes of a video's people, those who look most fake last and so on top."""
    tracks = sorted(verdict.tracks, key=lambda track: track.probability)
    return [PersonBox(track, Places(track, verdict.sampled), canvas, verdict.threshold) for track in tracks]


def draw_boxes(pixels: np.ndarray, boxes: Sequence[PersonBox], seconds: float) -> None:
    """Draws every box at a time, then the labels, which no line crosses."""
    drawn = [(box, edges) for box in boxes if (edges := box.draw(pixels, seconds))]
    for box, edges in drawn:
        box.label(pixels, edges)
