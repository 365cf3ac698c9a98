"""Canvas: the size of the annotated picture, its text, and what is drawn by pixels."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

LEAST_WIDTH = 320
"""Width, in px, below which a picture is enlarged by a whole factor, so that text can be read."""

FAKE: Colour = (240, 140, 60)
REAL: Colour = (86, 180, 233)
INK: Colour = (240, 240, 240)
SOFT: Colour = (176, 182, 190)
EDGE: Colour = (84, 90, 98)
PAPER: Colour = (20, 22, 26)
BLACK: Colour = (0, 0, 0)
"""Orange and blue are told apart by every eye (Okabe and Ito 2008); lines and words say it too."""


@dataclass(frozen=True)
class Canvas:
    """The picture inside an annotated frame, in px: upright, with square pixels.

    ``scale`` are the factors across and down from the frame that was scored.

    Example:
        >>> Canvas.of((96, 54)).width, Canvas.of((1920, 1080)).text_px
        (384, 36)
    """

    width: int
    height: int
    scale: tuple[float, float]

    @classmethod
    def of(cls, size: tuple[int, int], pixel_aspect: float = 1.0) -> "Canvas":
        """Makes the canvas of a frame whose pixels have an aspect (width / height)."""
        across = size[0] * pixel_aspect
        factor = max(1, math.ceil(LEAST_WIDTH / across))
        width, height = max(1, round(across * factor)), size[1] * factor
        return cls(width, height, (width / size[0], float(factor)))

    @property
    def text_px(self) -> int:
        """Height of the text."""
        return max(13, min(self.width, self.height) // 30)

    @property
    def line_px(self) -> int:
        """Width of the lines of a box."""
        return max(2, self.text_px // 6)

    @property
    def font(self) -> Any:
        """The font that comes with Pillow, the same on every machine."""
        return load_font(self.text_px)


@cache
def load_font(size: int) -> Any:
    """Loads the font that comes with Pillow."""
    return ImageFont.load_default(size)


def text_width(text: str, font: Any) -> int:
    """Width of a line of text, px."""
    return math.ceil(float(font.getlength(text)))


def wrap(text: str, font: Any, width: int) -> list[str]:
    """Breaks text into lines of a width; a word that is longer is cut."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(joined, font) <= width:
            lines[-1] = joined
        else:
            lines.append(_cut(word, font, width))
    return lines


def _cut(word: str, font: Any, width: int) -> str:
    while len(word) > 1 and text_width(word, font) > width:
        word = word[:-1]
    return word


def draw_chip(text: str, canvas: Canvas, ground: Colour) -> np.ndarray:
    """Draws a line of text on a ground of one colour.

    Shape: (h, w, 3) uint8.
    """
    pad = max(2, canvas.text_px // 4)
    size = text_width(text, canvas.font) + 2 * pad, round(1.35 * canvas.text_px)
    picture = Image.new("RGB", size, ground)
    ImageDraw.Draw(picture).text((pad, size[1] // 2), text, BLACK, canvas.font, "lm")
    return np.asarray(picture)


def fill(pixels: np.ndarray, box: tuple[float, float, float, float], colour: Colour) -> None:
    """Fills a rectangle (left, top, right, bottom), as far as it lies in the picture."""
    left, top, right, bottom = (max(0, round(edge)) for edge in box)
    pixels[top:bottom, left:right] = colour
