"""Strip below the picture: the verdict in words, and a timeline of each person with the weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from benchmark.inference.annotation.canvas import EDGE, FAKE, INK, PAPER, REAL, SOFT, Canvas, fill, text_width, wrap
from benchmark.inference.sayings import NO_PROOF, headline, label_person, say_looks, write_time
from benchmark.inference.verdict import FRAME_THRESHOLD, FileVerdict, FrameScore, Track
from benchmark.inference.wording import compare
from ffpms.checks import printable

MOST_PEOPLE = 5
"""Number of people who get a timeline, the most fake first; every one gets a box."""


@dataclass(frozen=True)
class Strip:
    """The strip of one video: (h, w, 3) uint8, and where its lanes are.

    ``lanes`` are the top and bottom of all lanes together; None without people.
    """

    pixels: np.ndarray
    duration: float
    margin: int
    lanes: tuple[int, int] | None

    def place(self, seconds: float) -> int:
        """Returns the column of a time."""
        width = int(self.pixels.shape[1]) - 2 * self.margin
        return self.margin + round(min(max(seconds / self.duration, 0.0), 1.0) * (width - 1))

    def draw(self, pixels: np.ndarray, seconds: float, before: float | None) -> None:
        """Draws the strip with a time marked, into the part of a frame below the picture.

        ``before`` is the time that is marked there; None if nothing is drawn yet.
        """
        columns = slice(None) if before is None else self._pointer(before)
        pixels[: self.pixels.shape[0], columns] = self.pixels[:, columns]
        if self.lanes is None:
            return
        (top, bottom), x, half = self.lanes, self.place(seconds), max(1, self.margin // 8)
        fill(pixels, (x - half, top, x + half, bottom), INK)
        for row in range(self.margin // 2):  # an arrow on top
            fill(pixels, (x - half - row // 2, top - row, x + half + row // 2, top - row + 1), INK)

    def _pointer(self, seconds: float) -> slice:
        """Returns the columns that the mark of a time covers."""
        x = self.place(seconds)
        return slice(max(0, x - self.margin), x + self.margin)


def draw_strip(verdict: FileVerdict, canvas: Canvas, duration: float) -> Strip:
    """Draws all of the strip that does not change with the time."""
    return _Drawing(verdict, canvas, max(duration, *verdict.sampled[-1:], 1e-3)).draw()


@dataclass
class _Drawing:
    verdict: FileVerdict
    canvas: Canvas
    duration: float

    def draw(self) -> Strip:
        pad, line = self._pad, self._line
        words, people = self._words(), self._people()
        top = pad // 2 + len(words) * line + (pad // 2 if people else 0)
        height = top + len(people) * self._row + (line if people else 0) + pad // 2
        picture = Image.new("RGB", (self.canvas.width, height), PAPER)
        pen = ImageDraw.Draw(picture)
        for i, (text, colour) in enumerate(words):
            pen.text((pad, pad // 2 + i * line), text, colour, self.canvas.font)
        for i, track in enumerate(people):
            pen.text((pad, top + i * self._row), self._name(track), INK, self.canvas.font)
        end = top + len(people) * self._row
        if people:
            self._ends(pen, end)
        strip = Strip(np.array(picture), self.duration, pad, (top + line, end) if people else None)
        for i, track in enumerate(people):
            self._lane(strip, track, top + i * self._row + line)
        return strip

    @property
    def _pad(self) -> int:
        return max(6, self.canvas.text_px // 2)

    @property
    def _line(self) -> int:
        return round(1.3 * self.canvas.text_px)

    @property
    def _thin(self) -> int:
        return max(1, self.canvas.text_px // 14)

    @property
    def _lane_px(self) -> tuple[int, int]:
        """Heights of a lane's probabilities and of the weights below them."""
        return round(1.8 * self.canvas.text_px), round(0.8 * self.canvas.text_px)

    @property
    def _row(self) -> int:
        return self._line + sum(self._lane_px) + self._pad

    def _people(self) -> list[Track]:
        return sorted(self.verdict.tracks, key=lambda track: -track.probability)[:MOST_PEOPLE]

    def _name(self, track: Track) -> str:
        limit = self.verdict.threshold
        name = f"{label_person(track, limit)}, {say_looks(track.probability >= limit)}"
        return wrap(name, self.canvas.font, self.canvas.width - 2 * self._pad)[0]

    def _words(self) -> list[tuple[str, tuple[int, int, int]]]:
        """Returns the lines above the lanes: the verdict, what it means, how to read the lanes."""
        head, lines = self._wrap(headline(self.verdict)), []
        if self.verdict.tracks:
            lines += self._wrap(f"{compare(self.verdict)}; {NO_PROOF}")
            lines += self._wrap(printable(self.verdict.error))
            weights = "; below: its weight" if self._has_weights else ""
            lines += self._wrap(f"bar: how fake a frame looks, line: {FRAME_THRESHOLD:.0%}{weights}")
        if len(self.verdict.tracks) > MOST_PEOPLE:
            lines += self._wrap(f"the {MOST_PEOPLE} most fake of {len(self.verdict.tracks)} people:")
        return [(text, INK) for text in head] + [(text, SOFT) for text in lines]

    def _wrap(self, text: str) -> list[str]:
        return wrap(text, self.canvas.font, self.canvas.width - 2 * self._pad)

    @property
    def _has_weights(self) -> bool:
        return any(frame.weight is not None for track in self.verdict.tracks for frame in track.frames)

    def _lane(self, strip: Strip, track: Track, top: int) -> None:
        """Draws a person's bars: up, the probability of each frame; down, its weight."""
        up, down = self._lane_px
        base, half = top + up, self._half_bar(strip)
        most = max((frame.weight or 0.0 for frame in track.frames), default=0.0)
        for frame in sorted(track.frames, key=lambda frame: frame.probability):
            self._bar(strip, frame, base, half)
            depth = down * (frame.weight or 0.0) / most if most else 0.0
            x = strip.place(frame.seconds)
            fill(strip.pixels, (x - half, base + 2 * self._thin, x + half + 1, base + 2 * self._thin + depth), SOFT)
        right, middle = strip.pixels.shape[1] - strip.margin, base - round(up * FRAME_THRESHOLD)
        fill(strip.pixels, (strip.margin, base, right, base + self._thin), EDGE)
        for x in range(strip.margin, right, 6 * self._thin):  # dotted
            fill(strip.pixels, (x, middle, x + 3 * self._thin, middle + self._thin), INK)

    def _bar(self, strip: Strip, frame: FrameScore, base: int, half: int) -> None:
        x, height = strip.place(frame.seconds), max(1.0, self._lane_px[0] * frame.probability)
        colour = FAKE if frame.probability >= FRAME_THRESHOLD else REAL
        fill(strip.pixels, (x - half, base - height, x + half + 1, base), colour)

    def _half_bar(self, strip: Strip) -> int:
        """Returns half the width of a bar: two thirds of the least distance of frames looked at."""
        places = [strip.place(seconds) for seconds in self.verdict.sampled]
        steps = [b - a for a, b in pairwise(places)]
        return max(0, min(min(steps, default=2) // 3, self.canvas.text_px))

    def _ends(self, pen: ImageDraw.ImageDraw, top: int) -> None:
        font, texts = self.canvas.font, _clock_texts(self.duration)
        right = self.canvas.width - self._pad - text_width(texts[1], font)
        for x, text in zip((self._pad, right), texts, strict=True):
            pen.text((x, top), text, SOFT, font)


def _clock_texts(duration: float) -> Sequence[str]:
    return [write_time(0.0), write_time(duration)]
